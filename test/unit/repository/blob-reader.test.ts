import { describe, expect, it } from 'vitest'
import type { BlobLocation } from '../../../src/catalogue/blob-location.ts'
import type * as BlobReaderModule from '../../../src/repository/blob-reader.ts'
import type * as BlobSessionModule from '../../../src/repository/blob-session.ts'
import type * as BlobClaimsModule from '../../../src/repository/blob-claims.ts'
import type * as IndexWriterModule from '../../../src/repository/index-writer.ts'
import type * as SegmentReaderModule from '../../../src/repository/segment-reader.ts'
import { engineModule } from '../../support/built-engine.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import { newRepository } from '../../support/repositories.ts'

const { BlobReader } = await engineModule<typeof BlobReaderModule>('repository/blob-reader')
const { BlobClaims } = await engineModule<typeof BlobClaimsModule>('repository/blob-claims')
const { openBlobSession } = await engineModule<typeof BlobSessionModule>('repository/blob-session')
const { IndexWriter } = await engineModule<typeof IndexWriterModule>('repository/index-writer')
const { SegmentReader } = await engineModule<typeof SegmentReaderModule>(
  'repository/segment-reader',
)

const blobs = [1, 2, 3].map((seed) => randomBytesOf(seed, 1000))

/** Three blobs of one length in one segment, and a reader that is told where they are. */
async function scene(): Promise<{
  ids: readonly Buffer[]
  places: readonly BlobLocation[]
  readAt: (places: readonly BlobLocation[], id: Buffer, kind?: 0 | 1, bytes?: number) => Buffer
}> {
  const repository = await (await newRepository()).open()
  const index = new IndexWriter(repository)
  const session = openBlobSession(repository.context, {
    claims: BlobClaims.allocate(1024),
    hasBlobs: false,
    avoidedPacks: [],
    avoidedSegments: [],
    onPack: (pack) => index.add(pack),
  })
  const ids = blobs.map((bytes) => session.store.storeData(bytes))
  await session.packs.finish()
  await index.flush()
  await session.close()
  const places = ids.flatMap((id) => repository.catalogue.blobs.findAll(id))
  const segments = new SegmentReader(repository.context, repository.storage, 1e6)
  return {
    ids,
    places,
    readAt: (found, id, kind = 0, bytes = 1000) => {
      const finder = { findBlob: () => found[0], findAll: () => [...found] }
      return new BlobReader(repository.context, finder, segments).read(kind, id, bytes)
    },
  }
}

describe('BlobReader', () => {
  it('gives the blob that was asked for', async () => {
    const { ids, places, readAt } = await scene()
    for (const [item, id] of ids.entries()) expect(readAt([places[item]], id)).toEqual(blobs[item])
  })

  it('gives no other blob, although its bytes are as they were sealed', async () => {
    const { ids, places, readAt } = await scene()
    expect(() => readAt([places[1]], ids[0])).toThrow('its bytes have another hash')
  })

  it('gives no blob of another length or kind than its reference says', async () => {
    const { ids, places, readAt } = await scene()
    expect(() => readAt([places[0]], ids[0], 0, 999)).toThrow('or another kind')
    expect(() => readAt([places[0]], ids[0], 0, 1001)).toThrow('or another kind')
    expect(() => readAt([places[0]], ids[0], 1)).toThrow('or another kind')
  })

  it('takes another place when the first one is not right', async () => {
    const { ids, places, readAt } = await scene()
    expect(readAt([places[2], places[1], places[0]], ids[0])).toEqual(blobs[0])
  })
})
