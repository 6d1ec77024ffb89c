import { decodeIndexObject } from '../format/index-object/index-object.ts'
import { decodeJournalRecord } from '../format/manifest/journal-record.ts'
import { decodeSnapshotManifest } from '../format/manifest/snapshot-manifest.ts'
import type { RepositoryError } from '../foundation/errors.ts'
import { toObjectId, type ObjectId, type SnapshotId } from '../model/ids.ts'
import { IndexAbsorber } from './absorb-index.ts'
import { compareNames, idOfName } from './compare-names.ts'
import { isLoss } from './loss.ts'
import { absorbParity } from './parity/absorb-parity.ts'
import { beginListings, type ObjectListings } from './object-listings.ts'
import { readAhead } from './read-ahead.ts'
import type { Repository } from './repository.ts'
import { unlistedObjects } from './unlisted-objects.ts'
import { noteVanished, type GoneSnapshot } from './vanished-snapshots.ts'

/** An object that is in the storage and cannot be used. */
export interface UnusableObject {
  readonly name: string
  readonly error: RepositoryError
}

/** Listings in a row. Each further one means that an object vanished between being listed and being read. */
const listingsMax = 5

/**
 * Brings the catalogue up with the objects: takes in new ones, drops what is gone.
 *
 * A damaged object is reported and left out; the others are taken in, because one bad object must not make every backup
 * unreachable.
 *
 * @param listings begun by the caller, after whatever they must come after
 * @returns what was found unusable now; objects that were taken in earlier are not looked at again
 */
export async function catchUp(
  repository: Repository,
  listings?: ObjectListings,
): Promise<UnusableObject[]> {
  return await catchUpBy(repository, catchUpOnce, listings)
}

/** As `catchUp`, with the index objects alone: it learns where everything is, and not of snapshots that came or went. */
export async function catchUpIndex(
  repository: Repository,
  listings?: Pick<ObjectListings, 'index'>,
): Promise<UnusableObject[]> {
  return await catchUpBy(repository, catchUpIndexOnce, listings)
}

async function catchUpBy<Listings>(
  repository: Repository,
  once: (
    repository: Repository,
    listings?: Listings,
  ) => Promise<UnusableObject[] | 'listedTooEarly'>,
  listings: Listings | undefined,
): Promise<UnusableObject[]> {
  const unusable = new Map<string, UnusableObject>()
  let begun = listings
  for (let listing = 1; listing <= listingsMax; listing++) {
    const found = await once(repository, begun)
    begun = undefined
    if (found === 'listedTooEarly') continue
    for (const object of found) unusable.set(`${object.name} ${object.error.message}`, object)
    if (!found.some(({ error }) => error.code === 'OBJECT_MISSING')) break
    // Without a lock a prune may run beside; what replaced the vanished object is seen by listing again. What stays is lost.
    const names = await listedNames(repository)
    const vanished = [...unusable].filter(([, { name }]) => !names.has(name))
    if (vanished.length === 0) break
    for (const [key] of vanished) unusable.delete(key)
  }
  return [...unusable.values()]
}

async function listedNames({ storage }: Repository): Promise<Set<string>> {
  const names = new Set<string>()
  const folders = ['index', 'snapshots', 'journal', 'parity'] as const
  for (const listed of await Promise.all(folders.map((folder) => storage.listNames(folder)))) {
    for (const name of listed) names.add(name)
  }
  return names
}

async function catchUpIndexOnce(
  repository: Repository,
  begun?: Pick<ObjectListings, 'index'>,
): Promise<UnusableObject[] | 'listedTooEarly'> {
  const unusable: UnusableObject[] = []
  const { catalogue, storage } = repository
  const known = catalogue.namesInOrder('index')
  const names = await (begun?.index ?? storage.listNames('index'))
  if (begun && isAnyGone([[known, names]])) return 'listedTooEarly'
  const gone = await takeInIndexes(repository, known, names, unusable)
  if (gone.length > 0) catalogue.indexObjects.remove(gone)
  return unusable
}

/**
 * What the catalogue knows is read before the storage is listed: an object gets into the catalogue after it is in the storage, so one
 * that is known and not listed is really gone. The other way round, what another process stores meanwhile would be dropped; so where listings
 * had begun before, and something seems to be gone, they are made again.
 */
async function catchUpOnce(
  repository: Repository,
  begun?: ObjectListings,
): Promise<UnusableObject[] | 'listedTooEarly'> {
  const unusable: UnusableObject[] = []
  const { catalogue, storage } = repository
  const knownSnapshots = catalogue.namesInOrder('snapshots')
  const knownIndexes = catalogue.namesInOrder('index')
  const knownRecords = catalogue.namesInOrder('journal')
  const knownParity = catalogue.namesInOrder('parity')
  const listings = begun ?? beginListings(storage)
  const [snapshotNames, indexNames, journalNames, parityNames] = await Promise.all([
    listings.snapshots,
    listings.index,
    listings.journal,
    listings.parity,
  ])
  const pairs = [
    [knownSnapshots, snapshotNames],
    [knownIndexes, indexNames],
    [knownRecords, journalNames],
    [knownParity, parityNames],
  ] as const
  if (begun && isAnyGone(pairs)) return 'listedTooEarly'
  const goneIndexes = await takeInIndexes(repository, knownIndexes, indexNames, unusable)
  if (goneIndexes.length > 0) catalogue.indexObjects.remove(goneIndexes)
  const goneSnapshots = await compare(
    repository,
    { known: knownSnapshots, names: snapshotNames, unusable },
    async (name) => {
      const [bytes, status] = await Promise.all([
        repository.readSmallObject('snapshot', name),
        storage.stat(name),
      ])
      return { manifest: decodeSnapshotManifest(bytes), modifiedAtMs: status.modifiedAtMs }
    },
    ({ manifest, modifiedAtMs }, id) => {
      catalogue.snapshots.add({ ...manifest, id }, modifiedAtMs)
    },
  )
  const gone = knownBefore(repository, goneSnapshots)
  for (const id of goneSnapshots) catalogue.snapshots.remove(id)
  const goneRecords = await compare(
    repository,
    { known: knownRecords, names: journalNames, unusable },
    async (name) => decodeJournalRecord(await repository.readSmallObject('journal', name)),
    (record, id) => {
      if (record) catalogue.journal.add(id, record)
    },
  )
  for (const id of goneRecords) catalogue.journal.remove(id)
  await noteVanished(repository, gone)
  const goneParity = await compare(
    repository,
    { known: knownParity, names: parityNames, unusable },
    (name) => absorbParity(repository, toObjectId(idOfName(name))),
    () => undefined,
  )
  for (const id of goneParity) catalogue.parity.remove(id)
  return unusable
}

function knownBefore({ catalogue }: Repository, ids: readonly SnapshotId[]): GoneSnapshot[] {
  if (ids.length === 0) return []
  const wanted = new Set(ids)
  return catalogue.snapshots.list().flatMap(({ id, receivedAtMs }) => {
    const snapshot = wanted.has(id) ? catalogue.snapshots.get(id) : undefined
    return snapshot ? [{ ...snapshot, receivedAtMs }] : []
  })
}

/** Reads many before they go into the catalogue together. @returns ids that the catalogue knows and the storage has no more */
async function takeInIndexes(
  repository: Repository,
  known: string,
  names: readonly string[],
  unusable: UnusableObject[],
): Promise<ObjectId[]> {
  const absorber = new IndexAbsorber(repository)
  const enter = (): void => {
    for (const { id, error } of absorber.enter()) unusable.push({ name: `index/${id}`, error })
  }
  try {
    const gone = await compare(
      repository,
      { known, names, unusable },
      async (name) => decodeIndexObject(await repository.readSmallObject('index', name)),
      (index, id) => {
        absorber.gather(id, index)
        if (absorber.isFull) enter()
      },
    )
    enter()
    return gone
  } finally {
    absorber.close()
  }
}

interface Difference {
  /** Names in the catalogue, one behind the other. */
  readonly known: string
  /** Names in the storage. */
  readonly names: readonly string[]
  /** Gets what cannot be read. */
  readonly unusable: UnusableObject[]
}

/**
 * @param read reads an object that is new; may run for several at once
 * @param enter takes what was read into the catalogue, one at a time
 * @returns ids that the catalogue knows and the storage has no more
 */
async function compare<Content>(
  { storage }: Repository,
  { known, names, unusable }: Difference,
  read: (name: string) => Promise<Content>,
  enter: (content: Content, id: ObjectId) => void,
): Promise<ObjectId[]> {
  const { added, gone } = compareNames(known, names)
  await readAhead(storage, added, read, async (name, content) => {
    try {
      enter(await content, toObjectId(idOfName(name)))
    } catch (error) {
      if (!isLoss(error)) throw error
      unusable.push({ name, error })
    }
  })
  const unlisted = await unlistedObjects(storage, gone)
  return gone.filter((name) => !unlisted.has(name)).map((name) => toObjectId(idOfName(name)))
}

function isAnyGone(
  pairs: readonly (readonly [known: string, names: readonly string[]])[],
): boolean {
  return pairs.some(([known, names]) => compareNames(known, names).gone.length > 0)
}
