import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import type * as ManifestModule from '../../src/format/manifest/snapshot-manifest.ts'
import type { ForgetByPolicyOptions, KeepPolicy, Repository, Snapshot } from '../../src/index.ts'
import type * as LocksModule from '../../src/repository/locks.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { file, makeTree } from '../support/make-tree.ts'
import {
  codeOf,
  namesIn,
  newRepository,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const { encodeSnapshotManifest } = await engineModule<typeof ManifestModule>(
  'format/manifest/snapshot-manifest',
)

const { acquireLock } = await engineModule<typeof LocksModule>('repository/locks')

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
const startedAtMs = Date.now()

interface Times {
  readonly recordedAtMs: number | null
  readonly receivedAtMs: number
  readonly parentId?: string
}

/** The same snapshot as one that was made at another time, in place of the one that was made just now. */
function retimed(
  repository: Repository,
  { location }: TestRepository,
  { id: oldId, ...manifest }: Snapshot,
  { receivedAtMs, ...times }: Times,
): string {
  const plaintext = encodeSnapshotManifest({ ...manifest, parentId: null, ...times })
  const { id, bytes } = repository.seal('snapshot', plaintext)
  const path = join(location, 'snapshots', id)
  writeFileSync(path, bytes)
  utimesSync(path, receivedAtMs / 1000, receivedAtMs / 1000)
  rmSync(join(location, 'snapshots', oldId))
  return id
}

interface History {
  readonly repository: Repository
  readonly place: TestRepository
  readonly folder: string
  /** Full, one a day, the oldest first; the last is of today. */
  readonly ids: readonly string[]
}

/** Snapshots of different contents, by a repository that seems to be `count` days old. */
async function historyOfDays(count: number): Promise<History> {
  const folder = scratchFolder(fastFolder)
  const place = await newRepository()
  const first = await place.open()
  const ids: string[] = []
  for (let day = 0; day < count; day++) {
    makeTree(folder, { [`file-${day}`]: file(`content of day ${day}`) })
    const { snapshot } = await save(first, folder, { type: 'full', hostname: 'web1' })
    const atMs = startedAtMs - (count - 1 - day) * dayMs - 1000
    ids.push(retimed(first, place, snapshot, { recordedAtMs: atMs, receivedAtMs: atMs }))
  }
  await first.close()
  return { repository: await place.open(), place, folder, ids }
}

const keepLast: KeepPolicy = { kind: 'keep', last: 2, counts: {}, withinPeriods: {}, tags: [] }

function options(fields: Partial<ForgetByPolicyOptions> = {}): ForgetByPolicyOptions {
  return {
    policy: keepLast,
    groupBy: new Set(['host', 'paths']),
    isSelected: () => true,
    trustTimes: false,
    mayRemoveAll: false,
    dryRun: false,
    ...fields,
  }
}

function listedIds(repository: Repository): string[] {
  return engine.listSnapshots(repository).map(({ id }) => id)
}

describe('forgetByPolicy()', () => {
  it('forgets what the policy does not keep, by recorded times, until it is brought back', async () => {
    const { repository, place, ids } = await historyOfDays(4)
    const { groups, isRefused } = await engine.forgetByPolicy(repository, options())
    expect(isRefused).toBe(false)
    expect(groups[0].decisions.map(({ snapshot }) => snapshot.id)).toEqual(ids.toReversed())
    expect(listedIds(repository).sort()).toEqual(ids.slice(2).sort())
    expect(namesIn(place.location, 'forgotten')).toEqual(ids.slice(0, 2).sort())
    expect(namesIn(place.location, 'locks')).toEqual([])

    const forgotten = await engine.listForgotten(repository)
    await engine.undeleteSnapshots(
      repository,
      forgotten.map(({ snapshot }) => snapshot.id),
    )
    expect(listedIds(repository).sort()).toEqual(ids.toSorted())
    const proof = await engine.verify(repository, {})
    expect(proof.damaged).toEqual([])
    // What came back is kept until it is named.
    const again = await engine.forgetByPolicy(repository, options())
    const fates = again.groups[0].decisions.map(({ isKept, suspicion }) => [isKept, suspicion])
    expect(fates.slice(2)).toEqual([
      [true, 'it arrived after snapshots of a later time'],
      [true, 'it arrived after snapshots of a later time'],
    ])
  })

  it('changes nothing on a dry run, also beside a prune', async () => {
    const { repository, ids } = await historyOfDays(3)
    const prune = await acquireLock(repository.storage, 'maintenance', 'prune')
    expect(await codeOf(engine.forgetByPolicy(repository, options()))).toBe('REPOSITORY_LOCKED')
    const { groups } = await engine.forgetByPolicy(repository, options({ dryRun: true }))
    await prune.release()
    expect(groups[0].decisions.map(({ isKept }) => isKept)).toEqual([true, true, false])
    expect(listedIds(repository)).toHaveLength(ids.length)
  })

  it('keeps the last verified full backup', async () => {
    const { repository, ids } = await historyOfDays(4)
    const full = engine.resolveSnapshot(repository, ids[0])
    await engine.verify(repository, { snapshots: [full] })
    const { groups } = await engine.forgetByPolicy(repository, options())
    expect(groups[0].decisions.at(-1)?.reasons).toEqual(['last verified full backup'])
    expect(listedIds(repository)).toContain(ids[0])
    expect(listedIds(repository)).toHaveLength(3)
  })

  it('refuses to leave nothing of a group, and then forgets nothing at all', async () => {
    const { repository, ids, folder } = await historyOfDays(3)
    await save(repository, folder, { hostname: 'web2', tags: ['kept'] })
    const policy = { ...keepLast, last: 0, tags: [['kept']] }
    const refused = await engine.forgetByPolicy(repository, options({ policy }))
    expect(refused.isRefused).toBe(true)
    expect(refused.groups.map(({ removesAll }) => removesAll)).toEqual([true, false])
    expect(listedIds(repository)).toHaveLength(ids.length + 1)
    await engine.forgetByPolicy(repository, options({ policy, mayRemoveAll: true }))
    expect(engine.listSnapshots(repository)).toMatchObject([{ hostname: 'web2' }])
  })

  it('lets made-up times push nothing out, whatever the client claims', async () => {
    const { repository, place, folder, ids } = await historyOfDays(3)
    const poisonTimes = [
      { recordedAtMs: startedAtMs + 400 * dayMs },
      { recordedAtMs: startedAtMs - 200 * dayMs },
      { recordedAtMs: startedAtMs - 30 * hourMs },
    ]
    const poison: string[] = []
    for (const times of poisonTimes) {
      const { snapshot } = await save(repository, folder, { type: 'full', hostname: 'web1' })
      poison.push(retimed(repository, place, snapshot, { ...times, receivedAtMs: Date.now() }))
    }
    await repository.close()
    const opened = await place.open()
    const { groups } = await engine.forgetByPolicy(opened, options())
    const suspicions = new Map(
      groups[0].decisions.map(({ snapshot, suspicion }) => [snapshot.id as string, suspicion]),
    )
    expect(poison.map((id) => suspicions.get(id))).toEqual([
      'its time is in the future',
      'it arrived after snapshots of a later time',
      'it arrived after snapshots of a later time',
    ])
    expect(listedIds(opened).sort()).toEqual([...ids.slice(1), ...poison].sort())
    await engine.forgetByPolicy(opened, options({ trustTimes: true }))
    expect(listedIds(opened)).not.toContain(ids[1])
  })

  it('counts with the time of the storage when the clock of the client is years ahead', async () => {
    const { repository, place, folder, ids } = await historyOfDays(2)
    const { snapshot } = await save(repository, folder, { type: 'full', hostname: 'web1' })
    const aheadMs = startedAtMs + 4000 * dayMs
    const ahead = { ...snapshot, startedAtMs: aheadMs, endedAtMs: aheadMs + 1000 }
    const yesterdayMs = startedAtMs - 23 * hourMs
    const times = { recordedAtMs: yesterdayMs, receivedAtMs: yesterdayMs }
    const wrong = retimed(repository, place, ahead, times)
    await repository.close()
    const opened = await place.open()
    const { groups } = await engine.forgetByPolicy(opened, options())
    expect(groups[0].decisions.map(({ snapshot: { id } }) => id)).toEqual([ids[1], wrong, ids[0]])
    expect(groups[0].decisions[1].suspicion).toBeUndefined()
    expect(groups[0].decisions[1].clockAheadMs).toBeGreaterThan(3999 * dayMs)
    expect(groups[0].decisions[0].clockAheadMs).toBeUndefined()
  })
})
