import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { DirectorySync } from '../../../src/storage/local/directory-sync.ts'

describe('DirectorySync', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-sync-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('shares one turn among all who ask while another runs, never the running one', () => {
    const sync = new DirectorySync()
    const running = sync.sync(folder)
    const waiting = [sync.sync(folder), sync.sync(folder), sync.sync(folder)]
    expect(new Set(waiting).size).toBe(1)
    expect(waiting[0]).not.toBe(running)
    return Promise.all([running, ...waiting])
  })

  it('starts a new turn for whoever asks when none runs', async () => {
    const sync = new DirectorySync()
    const first = sync.sync(folder)
    await first
    const second = sync.sync(folder)
    expect(second).not.toBe(first)
    await second
    expect(sync.supported).toBe(true)
  })

  it('keeps folders apart', async () => {
    const sync = new DirectorySync()
    const missing = sync.sync(join(folder, 'none'))
    await Promise.all([
      expect(missing).rejects.toMatchObject({ code: 'ENOENT' }),
      expect(sync.sync(folder)).resolves.toBeUndefined(),
    ])
  })

  it('gives each turn its own outcome', async () => {
    const sync = new DirectorySync()
    const path = join(folder, 'none')
    const outcomes = await Promise.allSettled([sync.sync(path), sync.sync(path), sync.sync(path)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await expect(sync.sync(folder)).resolves.toBeUndefined()
  })
})
