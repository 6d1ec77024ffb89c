import { describe, expect, it } from 'vitest'

import { DamageError, RepositoryError } from '../../../src/foundation/errors.ts'
import { readProved, readProvedSync } from '../../../src/repository/read-proved.ts'
import type { ObjectRange } from '../../../src/storage/object-range.ts'
import type { Storage } from '../../../src/storage/storage.ts'

const damage = new DamageError('Cannot open frame 1: its tag does not match')
const missing = new RepositoryError('OBJECT_MISSING', 'it is not there')
const failed = new RepositoryError('STORAGE_FAILED', 'HTTP 503')
const range: ObjectRange = { name: 'packs/a', offsetBytes: 10, lengthBytes: 20 }

/** Ends with each of these in turn; then well. */
function reading(...ends: readonly Error[]) {
  const calls: string[] = []
  const left = [...ends]
  return {
    calls,
    storage: {
      distrustSync: ({ name, offsetBytes }: ObjectRange) => calls.push(`${name} ${offsetBytes}`),
    } as unknown as Storage & { distrustSync(range: ObjectRange): void },
    read: () => {
      calls.push('read')
      const end = left.shift()
      if (end) throw end
      return 'right'
    },
  }
}

describe.each(['readProvedSync()', 'readProved()'])('%s', (which) => {
  const prove = async ({ storage, read }: ReturnType<typeof reading>): Promise<string> =>
    which === 'readProvedSync()'
      ? readProvedSync(storage, range, read)
      : await readProved(storage, 'packs/a', async () => read())

  it('reads once what is right', async () => {
    const once = reading()
    expect(await prove(once)).toBe('right')
    expect(once.calls).toEqual(['read'])
  })

  it('reads what is wrong once more, after what was kept of it is gone', async () => {
    const twice = reading(damage)
    expect(await prove(twice)).toBe('right')
    expect(twice.calls).toEqual(['read', expect.stringMatching(/^packs\/a /), 'read'])
  })

  it('ends with damage when it is wrong twice', async () => {
    const wrong = reading(damage, damage)
    await expect(prove(wrong)).rejects.toBe(damage)
    expect(wrong.calls.filter((call) => call === 'read')).toHaveLength(2)
  })

  it.each([missing, failed])('does not ask again for what is not wrong: $code', async (error) => {
    const other = reading(error)
    await expect(prove(other)).rejects.toBe(error)
    expect(other.calls).toEqual(['read'])
  })
})
