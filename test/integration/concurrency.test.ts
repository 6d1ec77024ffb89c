import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { resultOf, startOperation } from '../support/child-process.ts'
import { directory, file, makeTree, type Tree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  findings,
  namesIn,
  newRepository,
  packBytesOf,
  restoreDifferences,
  save,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const MiB = 1024 * 1024

/** Own files, and files that are the same in every source. */
function newSource(seed: string): string {
  const folder = scratchFolder(fastFolder)
  const many: Record<string, Tree[string]> = {}
  for (let index = 0; index < 150; index++)
    many[`f${index}`] = file(logLines(`shared ${index}`, 4000))
  makeTree(folder, {
    shared: directory(many),
    'shared large': file(randomBytesOf('shared', 3 * MiB)),
    own: file(randomBytesOf(seed, MiB)),
  })
  return folder
}

describe('snapshots of several processes at once', () => {
  it.each([
    { count: 2, isEncrypted: true },
    { count: 4, isEncrypted: false },
  ])(
    'are all whole, and share what they can ($count processes, encrypted: $isEncrypted)',
    async ({ count, isEncrypted }) => {
      const repository = await newRepository({ isEncrypted })
      const sources = Array.from({ length: count }, (_, index) => newSource(`source ${index}`))
      for (let round = 0; round < 2; round++) {
        const children = sources.map((source, index) =>
          startOperation(
            repository,
            { operation: 'snapshot', source, hostname: `host ${index}` },
            { env: { HOLDFAST_THREADS: String(index % 2) } },
          ),
        )
        for (const child of children) expect(await resultOf(child)).toContain('saved')
        for (const source of round === 0 ? sources : [])
          writeFileSync(join(source, 'new'), randomBytesOf(source, 50_000))
      }
      const handle = await repository.open()
      const listed = engine.listSnapshots(handle)
      expect(listed).toHaveLength(2 * count)
      // Clients know backups by these.
      expect(new Set(listed.map(({ backupId }) => backupId)).size).toBe(2 * count)
      expect(await findings(handle)).toEqual([])
      expect(namesIn(repository.location, 'locks')).toEqual([])
      expect(namesIn(repository.location, 'tmp')).toEqual([])
      for (const { id } of listed) {
        const snapshot = engine.resolveSnapshot(handle, id)
        const source = sources[Number(snapshot.hostname.slice(-1))]
        const differences = await restoreDifferences(handle, snapshot, source)
        const isFirst = snapshot.parentId === null
        expect(differences).toEqual(isFirst ? ['new: missing'] : [])
      }
      // One after the other they would take this much; at once each may store the shared files itself, until a prune.
      const least = (3 + count) * MiB
      expect(packBytesOf(repository.location)).toBeLessThan(least + (count - 1) * 3.5 * MiB)
    },
  )

  it('do not disturb a verification, a listing or a deletion', async () => {
    const repository = await newRepository()
    const sources = ['one', 'two', 'three'].map(newSource)
    const handle = await repository.open()
    for (const source of sources) await save(handle, source)
    writeFileSync(join(sources[0], 'more'), randomBytesOf('more', 4 * MiB))
    const children = [
      startOperation(repository, { operation: 'snapshot', source: sources[0] }),
      startOperation(repository, { operation: 'verify' }),
      startOperation(repository, { operation: 'delete' }),
      startOperation(repository, { operation: 'verify' }),
    ]
    const results = await Promise.all(children.map(resultOf))
    expect(results[1]).toBe('verified')
    expect(results[3]).toBe('verified')
    const fresh = await repository.open()
    expect(engine.listSnapshots(fresh)).toHaveLength(3)
    expect(await findings(fresh)).toEqual([])
  })
})

describe('a prune', () => {
  it('keeps those out that take away or repair, and they say who it is', async () => {
    const repository = await newRepository()
    const source = newSource('x')
    const handle = await repository.open()
    const first = await save(handle, source)
    const second = await save(handle, newSource('y'))
    await engine.forgetSnapshots(handle, [first.snapshot])
    const prune = startOperation(repository, {
      operation: 'prune',
      pause: { call: 'delete', prefix: 'packs/', when: 'before', nth: 1 },
    })
    await prune.says('paused')
    const refused = ['delete', 'prune', 'repair'] as const
    const children = refused.map((operation) => startOperation(repository, { operation, source }))
    for (const child of children) {
      expect(await child.ended).toBe(1)
      expect(child.output()).toMatch(
        new RegExp(`failed REPOSITORY_LOCKED .*prune by process ${prune.process.pid}`),
      )
    }
    for (const operation of ['snapshot', 'verify'] as const) {
      expect(await startOperation(repository, { operation, source }).ended).toBe(0)
    }
    // Nobody has to tidy up after it.
    await prune.kill()
    const next = startOperation(repository, { operation: 'snapshot', source })
    expect(await resultOf(next)).toContain('saved')
    const fresh = await repository.open()
    expect(await findings(fresh)).toEqual([])
    expect(engine.listSnapshots(fresh).map(({ id }) => id)).toContain(second.snapshot.id)
  })

  it('takes nothing from a running snapshot, and a snapshot whose lock was taken away commits nothing', async () => {
    const repository = await newRepository()
    const source = newSource('x')
    const writer = startOperation(repository, {
      operation: 'snapshot',
      source,
      pause: { call: 'put', prefix: 'index/', when: 'after', nth: 1 },
    })
    await writer.says('paused')
    const prune = startOperation(repository, { operation: 'prune' })
    expect(await resultOf(prune)).toContain('pruned')
    await writer.kill()
    expect(await resultOf(startOperation(repository, { operation: 'prune' }))).toContain('pruned')
    const handle = await repository.open()
    expect(engine.listSnapshots(handle)).toEqual([])
    // Somebody removes the lock by hand and prunes while the snapshot is being made.
    const { storage } = handle
    const put = storage.put.bind(storage)
    storage.put = async (name, bytes) => {
      await put(name, bytes)
      if (!name.startsWith('index/')) return
      for (const lock of await storage.listNames('locks')) await storage.delete(lock)
      expect(await resultOf(startOperation(repository, { operation: 'prune' }))).toContain('pruned')
    }
    // It finds out by the packs that are gone, or at the latest by the lock.
    expect(['REPOSITORY_LOCKED', 'OBJECT_MISSING']).toContain(await codeOf(save(handle, source)))
    storage.put = async (name, bytes) => {
      await put(name, bytes)
      if (!name.startsWith('index/')) return
      for (const lock of await storage.listNames('locks')) await storage.delete(lock)
    }
    expect(await codeOf(save(handle, source))).toBe('REPOSITORY_LOCKED')
    storage.put = put
    expect(engine.listSnapshots(handle)).toEqual([])
    const { snapshot } = await save(handle, source)
    expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    expect(await findings(handle)).toEqual([])
  })
})
