import { onTestFinished } from 'vitest'
import type { BlobLocation } from '../../../../src/catalogue/blob-location.ts'
import type { Repository } from '../../../../src/repository/repository.ts'
import type * as WorkerBlobsModule from '../../../../src/repository/worker-blobs.ts'
import { engineModule } from '../../../support/built-engine.ts'
import { openForge, type Forge } from '../../../support/forge/forge.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { newRepository, type TestRepository } from '../../../support/repositories.ts'

const { openWorkerBlobs } = await engineModule<typeof WorkerBlobsModule>('repository/worker-blobs')

/** More than lie near each other: each pack's blobs are needed here and there. */
export const packCount = 30
const blobsPerPack = 8
export const blobCount: number = packCount * blobsPerPack
export const blobBytes = 1000

/** The n-th blob that a request needs: the first of each pack, then the second of each, and so on. */
export function contentOf(place: number): Buffer {
  return randomBytesOf(`blob ${place}`, blobBytes)
}

export interface ScatteredScene {
  readonly test: TestRepository
  readonly repository: Repository
  readonly forge: Forge
  readonly blobs: WorkerBlobsModule.WorkerBlobs
  /** Ids of all blobs, in the order of the request. */
  readonly ids: Buffer
  /** Segments that were opened for what is needed of them here and there, in order: `<pack> <segment>`. */
  readonly opened: string[]
}

/**
 * A repository in which what a request needs lies in the segments of many packs.
 *
 * @param first stores what index objects shall name before that
 */
export async function scatteredScene(
  options: {
    readonly first?: (forge: Forge) => void
    readonly inOnePiece?: boolean
    readonly isEncrypted?: boolean
  } = {},
): Promise<ScatteredScene> {
  const { first, inOnePiece = false, isEncrypted = false } = options
  const test = await newRepository({ isEncrypted })
  const forge = await openForge(test)
  first?.(forge)
  for (let pack = 0; pack < packCount; pack++) {
    for (let blob = 0; blob < blobsPerPack; blob++) {
      forge.data(contentOf(inOnePiece ? pack * blobsPerPack + blob : blob * packCount + pack))
    }
    forge.flush()
  }
  const repository = await test.open()
  const blobs = openWorkerBlobs(repository.context, 64 * 1024)
  onTestFinished(() => blobs.close())
  const opened: string[] = []
  const open = blobs.reader.openSegmentOnce.bind(blobs.reader)
  blobs.reader.openSegmentOnce = (location: BlobLocation) => {
    opened.push(`${location.pack.id} ${location.segment}`)
    return open(location)
  }
  const places = Array.from({ length: blobCount }, (_, place) => place)
  const ids = Buffer.concat(places.map((place) => forge.dataId(contentOf(place))))
  return { test, repository, forge, blobs, ids, opened }
}
