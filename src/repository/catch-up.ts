import { decodeIndexObject } from '../format/index-object/index-object.ts'
import { decodeJournalRecord } from '../format/manifest/journal-record.ts'
import { decodeSnapshotManifest } from '../format/manifest/snapshot-manifest.ts'
import type { RepositoryError } from '../foundation/errors.ts'
import { toObjectId, type ObjectId } from '../model/ids.ts'
import { absorbIndex, isLoss } from './absorb-index.ts'
import type { Repository } from './repository.ts'

/** An object that is in the storage and cannot be used. */
export interface UnusableObject {
  readonly name: string
  readonly error: RepositoryError
}

/**
 * Brings the catalogue up with the objects: takes in new ones, drops what is gone. Snapshots are listed before index objects, so
 * the index objects of every snapshot listed are there, also when another process commits one meanwhile.
 *
 * A damaged object is reported and left out; the others are taken in, because one bad object must not make every backup
 * unreachable.
 */
export async function catchUp(repository: Repository): Promise<UnusableObject[]> {
  const unusable: UnusableObject[] = []
  const snapshotNames = await repository.storage.listNames('snapshots')
  const indexNames = await repository.storage.listNames('index')
  const journalNames = await repository.storage.listNames('journal')
  const { catalogue } = repository
  const goneIndexes = await compare(catalogue.objectIds('index'), indexNames, async (name, id) => {
    await guard(unusable, name, async () => {
      const entries = decodeIndexObject(await repository.readSmallObject('index', name))
      for (const error of absorbIndex(repository, id, entries)) unusable.push({ name, error })
    })
  })
  if (goneIndexes.length > 0) catalogue.indexObjects.remove(goneIndexes)
  const goneSnapshots = await compare(
    catalogue.objectIds('snapshots'),
    snapshotNames,
    async (name, id) => {
      await guard(unusable, name, async () => {
        const manifest = decodeSnapshotManifest(await repository.readSmallObject('snapshot', name))
        catalogue.snapshots.add({ ...manifest, id })
      })
    },
  )
  for (const id of goneSnapshots) catalogue.snapshots.remove(id)
  const goneRecords = await compare(
    catalogue.objectIds('journal'),
    journalNames,
    async (name, id) => {
      await guard(unusable, name, async () => {
        const record = decodeJournalRecord(await repository.readSmallObject('journal', name))
        if (record) catalogue.journal.add(id, record)
      })
    },
  )
  for (const id of goneRecords) catalogue.journal.remove(id)
  return unusable
}

/** @returns ids that the catalogue knows and the storage has no more */
async function compare(
  known: Set<ObjectId>,
  names: readonly string[],
  take: (name: string, id: ObjectId) => Promise<void>,
): Promise<ObjectId[]> {
  for (const name of names) {
    const id = toObjectId(name.slice(name.indexOf('/') + 1))
    if (!known.delete(id)) await take(name, id)
  }
  return [...known]
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
