import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { HoldfastEvent } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import {
  codeOf,
  findings,
  letStampsAge,
  namesIn,
  packBytesOf,
  restoreDifferences,
  save,
} from '../support/repositories.ts'
import { files, newSource, prune, scene } from './prune-scene.ts'

describe('prune() beside other runs', () => {
  it('goes beside running snapshots: what they may use goes with a later prune', async () => {
    const { repository, handle } = await scene()
    const source = newSource(files('x', 5, 30_000))
    const first = await save(handle, source)
    const other = await repository.open()
    let inside: Awaited<ReturnType<typeof prune>> | undefined
    const { storage } = handle
    const put = storage.put.bind(storage)
    // The first snapshot is forgotten when this one has long taken everything from it.
    storage.put = async (name, bytes) => {
      if (name.startsWith('snapshots/') && !inside) {
        await engine.forgetSnapshots(other, [first.snapshot])
        inside = await prune(other)
      }
      await put(name, bytes)
    }
    const { snapshot } = await save(handle, source)
    storage.put = put
    expect(inside?.waitingFor).toMatchObject([{ operation: 'snapshot', pid: process.pid }])
    expect(inside?.bytesCondemned).toBeGreaterThan(150_000)
    expect(namesIn(repository.location, 'condemned')).toHaveLength(1)
    expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    // The next one finds that it is needed after all.
    expect(await prune(other)).toMatchObject({ waitingFor: [], bytesCondemned: 0 })
    expect(namesIn(repository.location, 'condemned')).toEqual([])
    expect(await restoreDifferences(handle, snapshot, source)).toEqual([])
    expect(await findings(await repository.open())).toEqual([])
    const before = packBytesOf(repository.location)
    await engine.forgetSnapshots(other, [snapshot])
    expect((await prune(other)).bytesFreed).toBe(before)
  })

  it('is kept away from by runs that begin while its condemned packs wait', async () => {
    const { repository, handle } = await scene()
    const source = newSource(files('x', 5, 30_000))
    const first = await save(handle, source)
    const other = await repository.open()
    const third = await repository.open()
    const { storage } = handle
    const put = storage.put.bind(storage)
    let aware: Awaited<ReturnType<typeof save>> | undefined
    let swept: Awaited<ReturnType<typeof prune>> | undefined
    storage.put = async (name, bytes) => {
      if (name.startsWith('snapshots/') && !aware) {
        await engine.forgetSnapshots(other, [first.snapshot])
        await prune(other)
        aware = await save(third, newSource(files('x', 5, 30_000)))
        swept = await prune(other)
      }
      await put(name, bytes)
    }
    const late = await save(handle, source)
    storage.put = put
    // It stored again what lay only in condemned packs, and nothing was taken from under the one before.
    expect(aware?.statistics.dataBlobsAdded).toBeGreaterThanOrEqual(5)
    expect(swept?.waitingFor).toHaveLength(1)
    expect(await restoreDifferences(handle, late.snapshot, source)).toEqual([])
    // Then one of the two copies is enough.
    await prune(other)
    await prune(other)
    expect(packBytesOf(repository.location)).toBeLessThan(1.5 * 150_000)
    expect(await findings(await repository.open())).toEqual([])
    expect(await restoreDifferences(third, late.snapshot, source)).toEqual([])
  })

  it('refuses others that take away while it runs, and lets snapshots go on', async () => {
    const { repository, handle } = await scene()
    const source = newSource(files('x', 5, 10_000))
    const first = await save(handle, source)
    rmSync(join(source, 'x-0'))
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [first.snapshot])
    const other = await repository.open()
    const during: Promise<string>[] = []
    await engine.prune(handle, {
      unused: { ratio: 0 },
      graceMs: 0,
      onEvent: (event: HoldfastEvent) => {
        if (event.type !== 'progress') return
        during.push(codeOf(prune(other)), codeOf(engine.forgetSnapshots(other, [snapshot])))
        during.push(codeOf(save(other, source)).then((code) => `snapshot: ${code}`))
      },
    })
    expect(await Promise.all(during)).toEqual([
      'REPOSITORY_LOCKED',
      'REPOSITORY_LOCKED',
      'snapshot: no error',
    ])
    expect(namesIn(repository.location, 'locks')).toEqual([])
    expect(await findings(await repository.open())).toEqual([])
  })

  it('removes no pack that only the catalogue does not know', async () => {
    const { repository, handle } = await scene()
    const source = newSource(files('x', 5, 10_000))
    const gone = await save(handle, newSource(files('y', 5, 10_000)))
    const { snapshot } = await save(handle, source)
    await engine.forgetSnapshots(handle, [gone.snapshot])
    const { storage, catalogue } = handle
    const drop = storage.delete.bind(storage)
    let isCleared = false
    // While the packs go another process drops rows from the catalogue that it shares.
    storage.delete = async (name) => {
      if (name.startsWith('packs/') && !isCleared) {
        isCleared = true
        catalogue.clear()
      }
      await drop(name)
    }
    await prune(handle)
    expect(isCleared).toBe(true)
    const fresh = await repository.open()
    await engine.repairCatalogue(fresh)
    expect(await findings(fresh)).toEqual([])
    expect(await restoreDifferences(fresh, snapshot, source)).toEqual([])
  })

  it('sweeps what dead runs left unfinished, and nothing of a run that begins meanwhile', async () => {
    const { repository, handle } = await scene()
    await save(handle, newSource(files('a', 3, 1000)))
    const leftover = join(repository.location, 'tmp', `${'0'.repeat(32)}.tmp`)
    const beginning = join(repository.location, 'tmp', `${'1'.repeat(32)}.tmp`)
    writeFileSync(leftover, '')
    await letStampsAge()
    const { storage } = handle
    const sweep = storage.sweepTemporary.bind(storage)
    // Between the listing of the locks and the sweep, packs are deleted: that takes its time.
    storage.sweepTemporary = async (...args) => {
      await letStampsAge()
      writeFileSync(beginning, '')
      return await sweep(...args)
    }
    await prune(handle)
    expect(namesIn(repository.location, 'tmp')).toEqual([`${'1'.repeat(32)}.tmp`])
  })
})
