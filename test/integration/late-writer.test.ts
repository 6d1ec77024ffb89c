import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { ForgetByPolicyOptions, Repository } from '../../src/index.ts'
import type * as WriteJournalModule from '../../src/repository/write-journal.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { randomBytesOf as randomBytes } from '../support/random-bytes.ts'
import {
  codeOf,
  namesIn,
  newRepository,
  restoreDifferences,
  save,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const { writeJournal } = await engineModule<typeof WriteJournalModule>('repository/write-journal')

describe('an index object of a run that was stopped until its packs were gone', () => {
  it('keeps nobody from pruning, and goes with the next prune', async () => {
    const source = scratchFolder(fastFolder)
    const place = await newRepository()
    const repository = await place.open()
    writeFileSync(join(source, 'file'), randomBytes(200_000, 1))
    await engine.snapshot(repository, { paths: [source] })
    const folder = join(place.location, 'index')
    const before = new Set(readdirSync(folder))
    writeFileSync(join(source, 'file'), randomBytes(200_000, 2))
    const { snapshot } = await engine.snapshot(repository, { paths: [source] })
    if (!snapshot) throw new Error('nothing was saved')
    const late = readdirSync(folder).filter((name) => !before.has(name))
    const contents = late.map((name) => readFileSync(join(folder, name)))
    await engine.forgetSnapshots(repository, [snapshot])
    const all = { graceMs: 0, unused: { ratio: 0 } } as const
    await engine.prune(repository, all)
    expect(late.some((name) => readdirSync(folder).includes(name))).toBe(false)

    for (const [at, name] of late.entries()) writeFileSync(join(folder, name), contents[at])
    await engine.prune(await place.open(), all)
    expect(late.some((name) => readdirSync(folder).includes(name))).toBe(false)
    expect((await engine.verify(repository, {})).damaged).toEqual([])
  })
})

describe('a snapshot that came after its lease was over', () => {
  it('pushes no other out and is no parent, until it is verified', async () => {
    const source = scratchFolder(fastFolder)
    const place = await newRepository()
    const repository = await place.open()
    writeFileSync(join(source, 'file'), randomBytes(200_000, 1))
    const first = await save(repository, source)
    writeFileSync(join(source, 'file'), randomBytes(200_000, 2))
    const late = await save(repository, source)
    const { leaseId } = late.snapshot
    await writeJournal(repository, { kind: 'revocation', leaseId, storageAtMs: 1 })

    const last: ForgetByPolicyOptions = {
      policy: {
        kind: 'keep',
        last: 1,
        counts: {},
        withinPeriods: {},
        tags: [],
      },
      groupBy: new Set(),
      isSelected: () => true,
      trustTimes: true,
      mayRemoveAll: false,
      dryRun: true,
    }
    const keptFor = async (): Promise<Record<string, readonly string[]>> => {
      const { groups } = await engine.forgetByPolicy(repository, last)
      const all = groups.flatMap(({ decisions }) => decisions)
      const kept = all.filter(({ isKept }) => isKept)
      return Object.fromEntries(kept.map(({ snapshot, reasons }) => [snapshot.id, reasons]))
    }
    expect(await keptFor()).toEqual({
      [late.snapshot.id]: [expect.stringContaining('suspicious')],
      [first.snapshot.id]: ['last snapshot'],
    })
    expect(engine.resolveSnapshot(repository, 'latest').id).toBe(first.snapshot.id)
    expect(engine.resolveSnapshot(repository, late.snapshot.backupId).id).toBe(late.snapshot.id)
    const next = await save(repository, source)
    expect(next.snapshot.parentId).toBe(first.snapshot.id)
    await engine.forgetSnapshots(repository, [next.snapshot])

    await engine.verify(repository, {})
    expect(await keptFor()).toEqual({
      [late.snapshot.id]: ['last snapshot'],
      [first.snapshot.id]: ['last verified full backup'],
    })
    const after = await save(repository, source)
    expect(after.snapshot.parentId).toBe(late.snapshot.id)
  })
})

/** Goes on with `work` when the storage is told to delete the object, as if the process had been stopped in that moment. */
function beforeDeletion(repository: Repository, name: string, work: () => Promise<unknown>): void {
  const { storage } = repository
  const remove = storage.delete.bind(storage)
  vi.spyOn(storage, 'delete').mockImplementation(async (wanted) => {
    if (wanted === name) await work()
    await remove(wanted)
  })
}

describe('a snapshot that was brought back while whoever forgot it was stopped', () => {
  it('leaves it among the forgotten when it goes on, and a prune brings it back', async () => {
    const source = scratchFolder(fastFolder)
    const place = await newRepository()
    const [stopped, other] = [await place.open(), await place.open()]
    writeFileSync(join(source, 'file'), randomBytes(200_000, 1))
    const { snapshot } = await save(stopped, source)
    beforeDeletion(stopped, `snapshots/${snapshot.id}`, async () => {
      // Its lock went stale and was removed.
      for (const name of namesIn(place.location, 'locks')) {
        rmSync(join(place.location, 'locks', name))
      }
      await engine.undeleteSnapshots(other, [snapshot.id])
      expect(await engine.listForgotten(other)).toEqual([])
      await engine.prune(other, { graceMs: 0, unused: { ratio: 0 } })
    })
    await engine.forgetSnapshots(stopped, [snapshot])
    vi.restoreAllMocks()

    const later = await place.open()
    expect(engine.listSnapshots(later)).toEqual([])
    expect(await engine.listForgotten(later)).toMatchObject([{ snapshot: { id: snapshot.id } }])
    // Its grace is over, and nobody has forgotten it since it was brought back.
    const then = Date.now() / 1000 - 8 * 86_400
    utimesSync(join(place.location, 'forgotten', snapshot.id), then, then)
    expect(await engine.prune(later)).toMatchObject({ snapshotsDropped: 0 })
    expect(await restoreDifferences(later, snapshot, source)).toEqual([])

    await engine.forgetSnapshots(later, [snapshot])
    expect(await engine.prune(later, { graceMs: 0 })).toMatchObject({ snapshotsDropped: 1 })
  })

  it('keeps its forgotten object also when it was never removed: a forget may be stopped on the brink of it', async () => {
    const source = scratchFolder(fastFolder)
    const place = await newRepository()
    const [stopped, other] = [await place.open(), await place.open()]
    writeFileSync(join(source, 'file'), randomBytes(200_000, 1))
    const { snapshot } = await save(stopped, source)
    beforeDeletion(stopped, `snapshots/${snapshot.id}`, async () => {
      for (const name of namesIn(place.location, 'locks')) {
        rmSync(join(place.location, 'locks', name))
      }
      const pruned = await engine.prune(other, { graceMs: 0, unused: { ratio: 0 } })
      expect(pruned).toMatchObject({ snapshotsDropped: 0 })
      expect(namesIn(place.location, 'forgotten')).toEqual([snapshot.id])
    })
    await engine.forgetSnapshots(stopped, [snapshot])
    vi.restoreAllMocks()
    const later = await place.open()
    await engine.undeleteSnapshots(later, [snapshot.id])
    expect(await restoreDifferences(later, snapshot, source)).toEqual([])
  })

  it('keeps its forgotten object for a month, and no longer', async () => {
    const source = scratchFolder(fastFolder)
    const place = await newRepository()
    const repository = await place.open()
    writeFileSync(join(source, 'file'), 'text')
    const { snapshot } = await save(repository, source)
    await engine.forgetSnapshots(repository, [snapshot])
    await engine.undeleteSnapshots(repository, [snapshot.id])
    const age = (folder: string, days: number): void => {
      const then = Date.now() / 1000 - days * 86_400
      utimesSync(join(place.location, folder, snapshot.id), then, then)
    }
    for (const [forgottenDays, backDays, left] of [
      [31, 29, 1],
      [29, 31, 1],
      [31, 31, 0],
    ] as const) {
      age('forgotten', forgottenDays)
      age('snapshots', backDays)
      expect(await engine.prune(repository, { graceMs: 0 })).toMatchObject({ snapshotsDropped: 0 })
      expect(namesIn(place.location, 'forgotten').length).toBe(left)
    }
    expect(await restoreDifferences(await place.open(), snapshot, source)).toEqual([])
  })
})

describe('an undelete that was stopped until its snapshot had been dropped', () => {
  it('takes it away again', async () => {
    const source = scratchFolder(fastFolder)
    const place = await newRepository()
    const [stopped, other] = [await place.open(), await place.open()]
    writeFileSync(join(source, 'file'), randomBytes(200_000, 1))
    const { snapshot } = await save(stopped, source)
    await engine.forgetSnapshots(stopped, [snapshot])
    const { storage } = stopped
    const put = storage.put.bind(storage)
    vi.spyOn(storage, 'put').mockImplementation(async (name, bytes) => {
      if (name === `snapshots/${snapshot.id}`) {
        for (const lock of namesIn(place.location, 'locks')) {
          rmSync(join(place.location, 'locks', lock))
        }
        await engine.prune(other, { graceMs: 0, unused: { ratio: 0 } })
      }
      await put(name, bytes)
    })
    expect(await codeOf(engine.undeleteSnapshots(stopped, [snapshot.id]))).toBe('REPOSITORY_LOCKED')
    vi.restoreAllMocks()
    expect(namesIn(place.location, 'snapshots')).toEqual([])
    await engine.prune(await place.open())
  })
})
