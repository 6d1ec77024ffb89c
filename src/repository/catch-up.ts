import { decodeIndexObject } from '../format/index-object/index-object.ts'
import { decodeJournalRecord } from '../format/manifest/journal-record.ts'
import { decodeSnapshotManifest } from '../format/manifest/snapshot-manifest.ts'
import type { RepositoryError } from '../foundation/errors.ts'
import { toObjectId, type ObjectId } from '../model/ids.ts'
import { IndexAbsorber } from './absorb-index.ts'
import { compareNames, idOfName } from './compare-names.ts'
import { isLoss } from './loss.ts'
import { absorbParity } from './parity/absorb-parity.ts'
import type { Repository } from './repository.ts'
import { noteVanished } from './vanished-snapshots.ts'

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
 * @returns what was found unusable now; objects that were taken in earlier are not looked at again
 */
export async function catchUp(repository: Repository): Promise<UnusableObject[]> {
  const unusable = new Map<string, UnusableObject>()
  for (let listing = 1; listing <= listingsMax; listing++) {
    const found = await catchUpOnce(repository)
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
  for (const folder of ['index', 'snapshots', 'journal', 'parity'] as const) {
    for (const name of await storage.listNames(folder)) names.add(name)
  }
  return names
}

/**
 * What the catalogue knows is read before the storage is listed: an object gets into the catalogue after it is in the storage, so one
 * that is known and not listed is really gone. The other way round, what another process stores meanwhile would be dropped.
 * Snapshots are listed before index objects, so the index objects of every snapshot listed are there.
 */
async function catchUpOnce(repository: Repository): Promise<UnusableObject[]> {
  const unusable: UnusableObject[] = []
  const { catalogue, storage } = repository
  const knownSnapshots = catalogue.namesInOrder('snapshots')
  const knownIndexes = catalogue.namesInOrder('index')
  const knownRecords = catalogue.namesInOrder('journal')
  const knownParity = catalogue.namesInOrder('parity')
  const snapshotNames = await storage.listNames('snapshots')
  const indexNames = await storage.listNames('index')
  const journalNames = await storage.listNames('journal')
  const parityNames = await storage.listNames('parity')
  const goneIndexes = await takeInIndexes(repository, knownIndexes, indexNames, unusable)
  if (goneIndexes.length > 0) catalogue.indexObjects.remove(goneIndexes)
  const goneSnapshots = await compare(knownSnapshots, snapshotNames, async (name, id) => {
    await guard(unusable, name, async () => {
      const manifest = decodeSnapshotManifest(await repository.readSmallObject('snapshot', name))
      const { modifiedAtMs } = await storage.stat(name)
      catalogue.snapshots.add({ ...manifest, id }, modifiedAtMs)
    })
  })
  const gone = goneSnapshots
    .map((id) => catalogue.snapshots.get(id))
    .filter((snapshot) => snapshot !== undefined)
  for (const id of goneSnapshots) catalogue.snapshots.remove(id)
  const goneRecords = await compare(knownRecords, journalNames, async (name, id) => {
    await guard(unusable, name, async () => {
      const record = decodeJournalRecord(await repository.readSmallObject('journal', name))
      if (record) catalogue.journal.add(id, record)
    })
  })
  for (const id of goneRecords) catalogue.journal.remove(id)
  await noteVanished(repository, gone)
  const goneParity = await compare(knownParity, parityNames, async (name, id) => {
    await guard(unusable, name, () => absorbParity(repository, id))
  })
  for (const id of goneParity) catalogue.parity.remove(id)
  return unusable
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
    const gone = await compare(known, names, async (name, id) => {
      await guard(unusable, name, async () => {
        absorber.gather(id, decodeIndexObject(await repository.readSmallObject('index', name)))
      })
      if (absorber.isFull) enter()
    })
    enter()
    return gone
  } finally {
    absorber.close()
  }
}

/** @returns ids that the catalogue knows and the storage has no more */
async function compare(
  known: string,
  names: readonly string[],
  take: (name: string, id: ObjectId) => Promise<void>,
): Promise<ObjectId[]> {
  const { added, gone } = compareNames(known, names)
  for (const name of added) await take(name, toObjectId(idOfName(name)))
  return gone.map((name) => toObjectId(idOfName(name)))
}

async function guard(
  unusable: UnusableObject[],
  name: string,
  take: () => Promise<void>,
): Promise<void> {
  try {
    await take()
  } catch (error) {
    if (!isLoss(error)) throw error
    unusable.push({ name, error })
  }
}
