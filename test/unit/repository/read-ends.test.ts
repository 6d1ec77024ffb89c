import { describe, expect, it } from 'vitest'

import { endRequestsOf, readEnds } from '../../../src/repository/read-ends.ts'
import { damagedError } from '../../../src/storage/errors.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { frameRootKey, repositoryId } from '../format/object/fixed-repository.ts'
import { buildPack } from '../format/pack/build-pack.ts'

const packId = 'a'.repeat(64)
const access = { frameRootKey, repositoryId, sealed: true }

/** As many blobs as it takes for the trailer to be of some length: an id cannot be compressed. */
function packOf(blobCount: number, paddingBytes = 0): Buffer {
  const blobs = Array.from({ length: blobCount }, (_, index) => Buffer.from(`blob ${index}`))
  return buildPack({ segments: [{ kind: 0, blobs }], sealed: true, paddingBytes })
}

function storageOf(pack: Buffer, isRemote: boolean) {
  const asked: string[] = []
  const getRange = async (name: string, offset: number, length: number): Promise<Buffer> => {
    expect(name).toBe(`packs/${packId}`)
    asked.push(`${offset}+${length}`)
    if (offset + length > pack.length) throw damagedError('s3:x', name, 'it ends early')
    return Buffer.from(pack.subarray(offset, offset + length))
  }
  const storage = { capabilities: { isRemote }, getRange } as unknown as Storage
  return { storage, asked }
}

const tail = 128 * 1024

describe('readEnds()', () => {
  it.each([
    ['a small pack', packOf(3), 1],
    ['a long pack', packOf(3, 300_000), 2],
    ['a pack of just so many bytes', packOf(3, tail - packOf(3).length), 1],
    ['a pack of one more', packOf(3, tail + 1 - packOf(3).length), 2],
    ['a pack of very many blobs', packOf(6_000), 3],
  ])('reads the trailer of %s far away in few requests', async (_what, pack, requests) => {
    const far = storageOf(pack, true)
    const near = storageOf(pack, false)
    const found = await readEnds(far.storage, packId, pack.length, access)
    const expected = await readEnds(near.storage, packId, pack.length, access)
    expect(found.trailer).toEqual(expected.trailer)
    expect(far.asked).toHaveLength(requests)
    const tailStart = Math.max(0, pack.length - tail)
    // The head of a short pack is among its tail.
    const head = tailStart > 0 ? ['0+64'] : []
    expect(far.asked.slice(0, 2)).toEqual([`${tailStart}+${pack.length - tailStart}`, ...head])
    if (requests < 3) expect(endRequestsOf(pack.length)).toBe(requests)
  })

  it.each([true, false])('finds a changed trailer damaged (far away: %s)', async (isRemote) => {
    const pack = packOf(3)
    pack[pack.length - 50] ^= 1
    const { storage } = storageOf(pack, isRemote)
    await expect(readEnds(storage, packId, pack.length, access)).rejects.toMatchObject({
      code: 'OBJECT_DAMAGED',
    })
  })

  it.each([0, 10, 63, 64, 95])('finds a pack of %i bytes damaged', async (bytes) => {
    const pack = packOf(3).subarray(0, bytes)
    const { storage } = storageOf(pack, true)
    await expect(readEnds(storage, packId, bytes, access)).rejects.toMatchObject({
      code: 'OBJECT_DAMAGED',
    })
  })

  it('finds a pack damaged that is shorter than the catalogue says', async () => {
    const pack = packOf(3)
    const { storage } = storageOf(pack.subarray(0, pack.length - 10), true)
    await expect(readEnds(storage, packId, pack.length, access)).rejects.toMatchObject({
      code: 'OBJECT_DAMAGED',
    })
  })
})
