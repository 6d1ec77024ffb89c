import { describe, expect, it } from 'vitest'
import type * as BlobClaimsModule from '../../../src/repository/blob-claims.ts'
import type * as BlobSessionModule from '../../../src/repository/blob-session.ts'
import type * as IndexWriterModule from '../../../src/repository/index-writer.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { engineModule } from '../../support/built-engine.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import { newRepository } from '../../support/repositories.ts'

const { BlobClaims } = await engineModule<typeof BlobClaimsModule>('repository/blob-claims')
const { openBlobSession } = await engineModule<typeof BlobSessionModule>('repository/blob-session')
const { IndexWriter } = await engineModule<typeof IndexWriterModule>('repository/index-writer')

const blobs = Array.from({ length: 100 }, (_, index) => randomBytesOf(index, 100 + index))

/** Stores the blobs in each of several turns, with an index object behind each. @returns how many were stored */
async function storeInTurns(
  repository: Repository,
  options: {
    slots: number
    turns: number
    avoidedPacks?: readonly number[]
    avoidedSegments?: readonly number[]
  },
): Promise<number> {
  const index = new IndexWriter(repository)
  const session = openBlobSession(repository.context, {
    claims: BlobClaims.allocate(options.slots),
    hasBlobs: !repository.catalogue.blobs.isEmpty(),
    avoidedPacks: options.avoidedPacks ?? [],
    avoidedSegments: options.avoidedSegments ?? [],
    onPack: (pack) => index.add(pack),
  })
  for (let turn = 0; turn < options.turns; turn++) {
    for (const bytes of blobs) session.store.storeData(bytes)
    await session.packs.finish()
    await index.flush()
  }
  await session.close()
  return session.store.counts.dataBlobsAdded
}

describe('a blob session', () => {
  it('stores each blob once', async () => {
    const repository = await (await newRepository()).open()
    expect(await storeInTurns(repository, { slots: 1024, turns: 3 })).toBe(100)
    expect(await storeInTurns(repository, { slots: 1024, turns: 1 })).toBe(0)
    expect(repository.catalogue.blobs.count()).toBe(100)
  })

  it('finds blobs of the same run in the catalogue when there are too many to remember', async () => {
    const repository = await (await newRepository()).open()
    expect(await storeInTurns(repository, { slots: 64, turns: 3 })).toBe(100)
    expect(repository.catalogue.blobs.count()).toBe(100)
  })

  it('stores again what lies only in packs that are lost', async () => {
    const repository = await (await newRepository()).open()
    await storeInTurns(repository, { slots: 1024, turns: 1 })
    const avoidedPacks = repository.catalogue.blobs.packs().map(({ row }) => row)
    expect(await storeInTurns(repository, { slots: 1024, turns: 1, avoidedPacks })).toBe(100)
    // The copies are not in the lost pack, so that is enough.
    expect(await storeInTurns(repository, { slots: 1024, turns: 1, avoidedPacks })).toBe(0)
  })
})
