import { addToMark, markOfPlace } from '../../catalogue/blob-mark.ts'
import { decodeIndexObject, type IndexEntry } from '../../format/index-object/index-object.ts'
import { createPlainHasher } from '../../format/hashing/blob-hasher.ts'
import { readPackTrailer } from '../../format/pack/pack-reader.ts'
import { decodePackTrailer, type PackTrailer } from '../../format/pack/pack-trailer.ts'
import { idBytes, type PackId } from '../../model/ids.ts'
import { isFinding, isMissing } from '../loss.ts'
import { readProved } from '../read-proved.ts'
import type { Repository } from '../repository.ts'
import type { Damage } from './damage.ts'
import type { UnnamedBlobs } from './damage-records.ts'

/** What one index object says of a pack. */
export interface PackEntry {
  readonly indexName: string
  readonly packBytes: number
  /** Hash of salt and trailer. */
  readonly ends: string
}

/** All that the index objects say, held against the catalogue on the way. */
export interface IndexSurvey {
  readonly objects: number
  /** Most packs have one entry; every index object that names a pack gives one. */
  readonly packs: ReadonlyMap<PackId, readonly PackEntry[]>
  readonly damaged: readonly Damage[]
  /** Where the catalogue says something else. */
  readonly catalogueFindings: readonly string[]
}

/** @param onFault told of an index object that the storage failed to give */
export async function surveyIndex(
  repository: Repository,
  onFault: (name: string, error: unknown) => Promise<void>,
): Promise<IndexSurvey> {
  const packs = new Map<PackId, PackEntry[]>()
  const damaged: Damage[] = []
  const catalogueFindings: string[] = []
  const marks = repository.catalogue.blobs.marks()
  const names = await repository.storage.listNames('index')
  const take = (name: string, entry: IndexEntry): void => {
    const trailer = decodePackTrailer(entry.trailer)
    const known = packs.get(entry.packId)
    const ends = hashEnds(entry.salt, entry.trailer)
    const said: PackEntry = { indexName: name, packBytes: entry.packBytes, ends }
    if (known) known.push(said)
    else packs.set(entry.packId, [said])
    const difference = catalogueDifference(repository, entry, trailer, marks)
    if (difference !== undefined) catalogueFindings.push(`pack ${entry.packId}: ${difference}`)
  }
  for (const name of names) {
    try {
      for (const entry of await readIndexTwice(repository, name)) take(name, entry)
    } catch (error) {
      // A prune has put others in its place since it was listed.
      if (isMissing(error) && !(await repository.storage.listNames('index')).includes(name))
        continue
      if (isFinding(error)) damaged.push({ message: `${name}: ${error.message}`, objectId: name })
      else await onFault(name, error)
    }
  }
  return { objects: names.length, packs, damaged, catalogueFindings }
}

/**
 * Reads the two ends of a pack.
 *
 * @returns a hash of salt and trailer, to be held against what index objects say
 * @throws {DamageError} when they are not what was written
 */
export async function readPackEnds(
  repository: Repository,
  packId: PackId,
  packBytes: number,
): Promise<{ readonly ends: string; readonly trailer: PackTrailer }> {
  const { context, storage } = repository
  const name = `packs/${packId}`
  const { header, trailer, trailerPlain } = await readProved(storage, name, () =>
    readPackTrailer(
      (offset, lengthBytes) => storage.getRange(name, offset, lengthBytes),
      packBytes,
      {
        frameRootKey: context.keys.frameRootKey,
        repositoryId: Buffer.from(context.repositoryId),
        sealed: context.sealed,
      },
    ),
  )
  return { ends: hashEnds(header.salt, trailerPlain), trailer }
}

/** @param ids as latin1 text */
export function markUnnamedBlobs(ids: ReadonlySet<string>): UnnamedBlobs {
  const hasher = createPlainHasher()
  for (const id of [...ids].sort()) hasher.update(Buffer.from(id, 'latin1'))
  return { count: ids.size, mark: hasher.digest().toString('hex') }
}

async function readIndexTwice(repository: Repository, name: string): Promise<IndexEntry[]> {
  const read = async (): Promise<IndexEntry[]> =>
    decodeIndexObject(await repository.readSmallObject('index', name))
  try {
    return await read()
  } catch (error) {
    if (!isFinding(error)) throw error
    return await read()
  }
}

function hashEnds(salt: Uint8Array, trailer: Uint8Array): string {
  const hasher = createPlainHasher()
  hasher.update(salt)
  hasher.update(trailer)
  return hasher.digest().toString('hex')
}

/** @returns undefined when the catalogue says of the pack what the index object says */
function catalogueDifference(
  repository: Repository,
  entry: IndexEntry,
  trailer: PackTrailer,
  marks: ReturnType<Repository['catalogue']['blobs']['marks']>,
): string | undefined {
  const { blobs } = repository.catalogue
  const pack = blobs.packById(entry.packId)
  if (!pack) return 'it is not in the catalogue'
  if (pack.bytes !== entry.packBytes || !pack.salt.equals(entry.salt)) {
    return 'its length or salt is another one'
  }
  const segments = blobs.segments(pack.row)
  const isSame = (segment: (typeof segments)[number], number: number): boolean =>
    segment.number === number &&
    segment.offset === trailer.offsets[number] &&
    segment.payloadBytes === trailer.payloadBytes[number] &&
    segment.plainBytes === trailer.plainBytes[number] &&
    segment.codec === trailer.codecs[number] &&
    segment.kind === trailer.kinds[number]
  if (segments.length !== trailer.segmentCount || !segments.every(isSame)) {
    return 'its segments are others'
  }
  const { count, sum } = marks.get(pack.row) ?? { count: 0, sum: 0 }
  // A trailer may name the same place once only, so that counts agree.
  return count === trailer.blobCount && sum === markOfTrailer(trailer)
    ? undefined
    : 'its blobs are others'
}

function markOfTrailer(trailer: PackTrailer): number {
  let sum = 0
  for (let segment = 0; segment < trailer.segmentCount; segment++) {
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
    for (let blob = first, offset = 0; blob < end; blob++) {
      const length = trailer.blobLengths[blob]
      const mark = markOfPlace(trailer.ids, blob * idBytes, { segment, offset, length })
      sum = addToMark(sum, mark)
      offset += length
    }
  }
  return sum
}
