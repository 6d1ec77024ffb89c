import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { file, makeTree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { codeOf, letStampsAge, namesIn, newRepository, save } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** Calls of the storage while `work` runs, as `put locks`, and their ends, as `put locks: done`. Packs are written through other handles. */
async function callsDuring(
  { storage }: Repository,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const calls: string[] = []
  const own = ['put', 'replace', 'delete', 'sync', 'list', 'listNames', 'stat'] as const
  for (const method of own) {
    const call = storage[method].bind(storage) as (...args: unknown[]) => Promise<unknown>
    const note = async (...args: unknown[]): Promise<unknown> => {
      const [folder] = String(args[0]).split('/')
      const step = `${method === 'listNames' ? 'list' : method} ${folder}`
      calls.push(step)
      try {
        return await call(...args)
      } finally {
        calls.push(`${step}: done`)
      }
    }
    Object.assign(storage, { [method]: note })
  }
  try {
    await work()
  } finally {
    for (const method of own) Reflect.deleteProperty(storage, method)
  }
  return calls
}

/** Each step has to come after the one before it; others may come between. */
function expectOrder(calls: readonly string[], steps: readonly string[]): void {
  let at = -1
  for (const [index, step] of steps.entries()) {
    at = calls.indexOf(step, at + 1)
    const context = `${steps.slice(0, index).join(', ')}, then ${step}, in: ${calls.join(', ')}`
    expect(at, context).toBeGreaterThanOrEqual(0)
  }
}

async function scene(): Promise<{ handle: Repository; location: string; source: string }> {
  const repository = await newRepository()
  const source = scratchFolder(fastFolder)
  for (const name of ['a', 'b', 'c']) {
    makeTree(source, { [name]: file(randomBytesOf(name, 40_000)) })
  }
  return { handle: await repository.open(), location: repository.location, source }
}

describe('the order of storage calls', () => {
  it('of a snapshot', async () => {
    const { handle, source } = await scene()
    const calls = await callsDuring(handle, () => save(handle, source))
    expectOrder(calls, [
      'put locks: done',
      'list condemned',
      // What a sweep has taken away must not be taken for stored.
      'list condemned: done',
      'list index',
      // Packs are durable before something names them, and that before the snapshot.
      'sync packs: done',
      'put index',
      'put index: done',
      'put snapshots',
      'put snapshots: done',
      'stat locks',
      'delete locks',
    ])
    // Index objects are listed after the snapshots that they belong to.
    expectOrder(calls, ['put locks: done', 'list snapshots: done', 'list index'])
    expectOrder(calls, ['put locks: done', 'list locks: done', 'list locks: done', 'put index'])
    expect(calls.indexOf('list condemned')).toBeGreaterThan(calls.indexOf('put locks: done'))
    expect(calls.indexOf('list index')).toBeGreaterThan(calls.indexOf('list condemned: done'))
    expect(calls.lastIndexOf('put index')).toBeLessThan(calls.indexOf('put snapshots'))
  })

  it('of forgetting and bringing back', async () => {
    const { handle, source } = await scene()
    const { snapshot } = await save(handle, source)
    const forgetting = await callsDuring(handle, () => engine.forgetSnapshots(handle, [snapshot]))
    expectOrder(forgetting, [
      'put locks',
      'list locks',
      'replace forgotten',
      'replace forgotten: done',
      'stat locks',
      'delete snapshots',
      'sync snapshots',
      'delete locks',
    ])
    expect(forgetting.indexOf('delete snapshots')).toBeGreaterThan(
      forgetting.indexOf('replace forgotten: done'),
    )
    // One that was stopped until a prune had dropped it must not bring it back without its data.
    expect(forgetting).not.toContain('put forgotten')
    const undeleting = await callsDuring(handle, () =>
      engine.undeleteSnapshots(handle, [snapshot.id]),
    )
    expectOrder(undeleting, [
      'put locks',
      'list locks',
      'stat locks',
      'put snapshots',
      'stat locks',
      'delete locks',
    ])
    expect(undeleting).not.toContain('delete forgotten')
  })

  it('of a prune', async () => {
    const { handle, source } = await scene()
    const first = await save(handle, source)
    rmSync(join(source, 'a'))
    await letStampsAge()
    await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    const calls = await callsDuring(handle, () =>
      engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 }),
    )
    expectOrder(calls, [
      'put locks: done',
      'list condemned: done',
      'list index: done',
      // Whoever is not at work any more has committed what he has.
      'list locks: done',
      'list snapshots',
      // What is expired goes before anything is marked without it, and when no power cut brings its snapshot back.
      'sync snapshots: done',
      'stat locks: done',
      'delete forgotten',
      'sync forgotten: done',
      // What came with the snapshots that were listed.
      'list index: done',
      // Copies are durable and named before anything is condemned.
      'sync packs: done',
      'put index: done',
      'put condemned',
      'put condemned: done',
      'list locks: done',
      'list locks: done',
      'list snapshots',
      'list snapshots: done',
      'list index: done',
      'stat locks: done',
      'delete index',
      'sync index',
      'delete packs',
      'sync packs',
      'delete condemned',
      'sync condemned',
      'delete locks',
    ])
    // Nothing of a later step comes before the end of an earlier one.
    expect(calls.indexOf('delete index')).toBeGreaterThan(calls.lastIndexOf('put index'))
    expect(calls.indexOf('delete packs')).toBeGreaterThan(calls.lastIndexOf('sync index'))
    expect(calls.indexOf('delete condemned')).toBeGreaterThan(calls.lastIndexOf('sync packs'))
  })

  it('of a prune, when an index object names also what stays', async () => {
    const { handle, location, source } = await scene()
    const first = await save(handle, source)
    makeTree(source, { d: file(randomBytesOf('d', 400_000)) })
    await letStampsAge()
    const { snapshot } = await save(handle, source)
    for (const name of namesIn(location, 'index')) rmSync(join(location, 'index', name))
    rmSync(join(source, 'd'))
    await engine.repairCatalogue(handle)
    // The packs that no index object names now are adopted by one.
    await letStampsAge()
    await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot, snapshot])
    const calls = await callsDuring(handle, () =>
      engine.prune(handle, { unused: { ratio: 1 }, graceMs: 0 }),
    )
    expectOrder(calls, [
      'put condemned',
      'list snapshots',
      'sync packs',
      'put index',
      'put index: done',
      'stat locks',
      'delete index',
      'sync index',
      'delete packs',
      'sync packs',
      'delete condemned',
    ])
  })

  it.each([
    { folder: 'forgotten', goes: 'forgotten', before: 'put condemned' },
    { folder: 'index', goes: 'packs', before: 'delete packs' },
  ])(
    'of a prune after one that was cut off before it had made durable what is gone from $folder',
    async ({ folder, goes, before }) => {
      const { handle, location, source } = await scene()
      const first = await save(handle, source)
      rmSync(join(source, 'a'))
      await letStampsAge()
      await save(handle, source)
      await engine.forgetSnapshots(handle, [first.snapshot])
      const { storage } = handle
      const sync = storage.sync.bind(storage)
      storage.sync = async (prefix) => {
        if (prefix === folder) throw new Error('the power is cut')
        await sync(prefix)
      }
      const prune = (): Promise<unknown> =>
        engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })
      await expect(prune()).rejects.toThrow('the power is cut')
      storage.sync = sync
      const calls = await callsDuring(handle, prune)
      const steps = calls.filter((call) => call === `sync ${folder}` || call === before)
      expect(steps.indexOf(`sync ${folder}`)).toBe(0)
      expect(steps).toContain(before)
      expect(namesIn(location, goes)).toHaveLength(goes === 'forgotten' ? 0 : 2)
    },
  )

  it('of giving a snapshot another backup id, because two began in one second', async () => {
    const { handle, location, source } = await scene()
    const other = await engine.openRepository({ location, cacheDirectory: `${location}-other` })
    onTestFinished(() => other.close())
    await save(handle, source)
    let twin: Promise<unknown> | undefined
    const { storage } = handle
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      // The other one commits at the same moment; neither sees the other before.
      if (name.startsWith('snapshots/')) twin ??= save(other, source)
      await twin
      await put(name, bytes)
    }
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now())
    const calls = await callsDuring(handle, () => save(handle, source))
    now.mockRestore()
    expectOrder(calls, [
      'put snapshots: done',
      'stat locks',
      'put snapshots',
      'put snapshots: done',
      'stat locks',
      'delete snapshots',
      'sync snapshots',
    ])
    expectOrder(calls, ['put snapshots: done', 'list snapshots', 'put snapshots'])
    const ids = engine.listSnapshots(handle).map(({ backupId }) => backupId)
    expect(new Set(ids).size).toBe(3)
  })

  it('of a snapshot whose lock is taken away while its object is stored: it goes again', async () => {
    const { handle, location, source } = await scene()
    const { storage } = handle
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      await put(name, bytes)
      if (!name.startsWith('snapshots/')) return
      for (const lock of namesIn(location, 'locks')) rmSync(join(location, 'locks', lock))
    }
    let code = ''
    const calls = await callsDuring(handle, async () => {
      code = await codeOf(save(handle, source))
    })
    expect(code).toBe('REPOSITORY_LOCKED')
    expect(namesIn(location, 'snapshots')).toEqual([])
    expectOrder(calls, ['put snapshots', 'stat locks', 'delete snapshots', 'sync snapshots'])
  })

  it('of breaking a stale lock', async () => {
    const { handle, location } = await scene()
    const path = join(location, 'locks', '0'.repeat(32))
    const record = {
      version: 1,
      kind: 'shared',
      hostname: 'elsewhere',
      pid: 1,
      leaseId: '0'.repeat(32),
      knows: [],
      staleAfterMs: 1000,
      startedAtMs: Date.now(),
      operation: 'snapshot',
    }
    writeFileSync(path, JSON.stringify(record))
    utimesSync(path, 1e9, 1e9)
    const calls = await callsDuring(handle, () => engine.prune(handle))
    expectOrder(calls, [
      'put locks',
      'list locks',
      'list locks',
      'stat locks',
      'put journal',
      'delete locks',
      'list locks',
      'list locks',
      // Nothing was listed for good before.
      'list snapshots',
    ])
  })
})
