import { describe, expect, it } from 'vitest'

import { HoldfastError } from '../../../../src/foundation/errors.ts'
import { run } from '../run-in-process.ts'
import { createStandIn, type StandIn } from '../stand-in-library.ts'
import { copied, snapshot } from '../stand-in-samples.ts'

const intact = { ...copied, snapshots: copied.snapshots.slice(0, 1) }
const argv = ['snapshot', '/data', '--repo', '/srv/own']

function opened({ calls }: StandIn): unknown[] {
  return calls
    .filter(({ name }) => name === 'openRepository')
    .map(({ options }) => options['location'])
}

/** A library that cannot reach some repositories. */
function withDown(down: readonly string[], code: 'STORAGE_FAILED' | 'PASSPHRASE_WRONG'): StandIn {
  const standIn = createStandIn({ copySnapshots: async () => intact })
  const { openRepository } = standIn.library
  standIn.library.openRepository = async (options) => {
    const repository = await openRepository(options)
    if (!down.includes(options.location)) return repository
    await repository.close()
    throw new HoldfastError(code, `${options.location} is away`, { remedy: 'find it' })
  }
  return standIn
}

describe('holdfast snapshot --also-to', () => {
  it('opens nothing else without it', async () => {
    const standIn = createStandIn()
    await run(argv, { standIn })
    expect(opened(standIn)).toEqual(['/srv/own'])
    expect(standIn.calls.some(({ name }) => name === 'copySnapshots')).toBe(false)
  })

  it('saves into a folder before it copies to what is far away, whichever is the first', async () => {
    const standIn = createStandIn({ copySnapshots: async () => intact })
    const far = ['snapshot', '/data', '--repo', 's3:https://store/bucket', '--also-to', '/srv/own']
    expect((await run(far, { standIn })).status).toBe(0)
    expect(opened(standIn)).toEqual(['/srv/own', 's3:https://store/bucket'])
    expect(standIn.openCount).toBe(0)
  })

  it('takes a repository once, and the first one never for another', async () => {
    const standIn = createStandIn({ copySnapshots: async () => intact })
    const twice = [...argv, '--also-to', '/srv/b', '--also-to', '/srv/b', '--also-to', '/srv/own']
    await run(twice, { standIn })
    expect(opened(standIn)).toEqual(['/srv/own', '/srv/b'])
  })

  it('copies what was saved just now, and what was missed before it, both ways', async () => {
    const { calls } = await run([...argv, '--also-to', '/srv/b'])
    const copies = calls.filter(({ name }) => name === 'copySnapshots')
    expect(copies.map(({ options }) => options['missedBeside'])).toEqual([snapshot, snapshot])
  })

  it('ends with 21 and names the one that is away; the rest is done', async () => {
    const standIn = withDown(['/srv/b'], 'STORAGE_FAILED')
    const { status, err, json } = await run(
      [...argv, '--also-to', '/srv/b', '--also-to', '/srv/c', '--json'],
      { standIn },
    )
    expect(status).toBe(21)
    expect(err).toContain('No copy in')
    expect(json().at(-1)?.['also_to']).toMatchObject([
      { repository: '/srv/b', copied: 0, error: '/srv/b is away' },
      { repository: '/srv/c', copied: 1, error: null },
    ])
    expect(standIn.openCount).toBe(0)
  })

  it('saves into another one when the first is away, and does not try it again', async () => {
    const standIn = withDown(['/srv/own'], 'STORAGE_FAILED')
    const { status, out } = await run([...argv, '--also-to', '/srv/b'], { standIn })
    expect(status).toBe(21)
    expect(out).toContain('Saved snapshot')
    expect(opened(standIn)).toEqual(['/srv/own', '/srv/b'])
  })

  it('saves nowhere else when the first one is refused for another reason', async () => {
    const standIn = withDown(['/srv/own'], 'PASSPHRASE_WRONG')
    const { status, calls } = await run([...argv, '--also-to', '/srv/b'], { standIn })
    expect(status).toBe(12)
    expect(calls.some(({ name }) => name === 'snapshot')).toBe(false)
  })

  it('ends with 20 when something is lost where it was saved', async () => {
    const standIn = createStandIn()
    expect((await run([...argv, '--also-to', '/srv/b'], { standIn })).status).toBe(20)
  })
})
