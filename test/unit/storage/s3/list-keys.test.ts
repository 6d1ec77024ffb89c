import type { ListObjectsV2Command, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'

import { seededRandom } from '../../../support/faulty-storage.ts'
import { listKeys, spansAfter } from '../../../../src/storage/s3/list-keys.ts'

const at = { bucket: 'bucket', prefix: 'web1/' }

/** A store that gives so many keys a page, and counts how often it is asked. */
function storeOf(keys: readonly string[], pageKeys: number) {
  const sorted = keys.toSorted()
  const asked: { prefix: string; after: string | undefined }[] = []
  const send = async ({ input }: ListObjectsV2Command): Promise<ListObjectsV2CommandOutput> => {
    const { Prefix = '', StartAfter: after } = input
    asked.push({ prefix: Prefix, after })
    const found = sorted.filter((key) => key.startsWith(Prefix) && key > (after ?? ''))
    const page = found.slice(0, pageKeys)
    return {
      $metadata: {},
      IsTruncated: found.length > page.length,
      ...(page.length > 0 && { Contents: page.map((Key) => ({ Key, Size: Key.length })) }),
    }
  }
  return { send, asked }
}

const random = seededRandom(4711)
function hash(): string {
  return Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join('')
}

const hashes = Array.from({ length: 2_500 }, hash)

describe('listKeys()', () => {
  it.each([1, 7, 999, 1_000, 2_499, 2_500, 10_000])('finds all, %i a page', async (pageKeys) => {
    const chosen = pageKeys < 7 ? hashes.slice(0, 60) : hashes
    const { send } = storeOf(
      chosen.map((name) => `web1/packs/${name}`),
      pageKeys,
    )
    const listed = await listKeys(at, 'packs', send)
    expect(listed.map(({ name }) => name)).toEqual(chosen.toSorted().map((name) => `packs/${name}`))
    expect(listed[0].bytes).toBe('web1/packs/'.length + 64)
  })

  it('asks once where one page is enough', async () => {
    const { send, asked } = storeOf([`web1/packs/${hashes[0]}`], 1_000)
    await listKeys(at, 'packs', send)
    expect(asked).toEqual([{ prefix: 'web1/packs/', after: undefined }])
  })

  it('asks for no page twice, and for none that another has given', async () => {
    const keys = hashes.map((name) => `web1/packs/${name}`)
    const { send, asked } = storeOf(keys, 100)
    await listKeys(at, 'packs', send)
    expect(new Set(asked.map((page) => JSON.stringify(page))).size).toBe(asked.length)
    // 25 pages are full; each of the 16 digits may end with one that is not.
    expect(asked.length).toBeLessThanOrEqual(25 + 16)
  })

  it('leaves out what is in other folders, is no object, or only begins alike', async () => {
    const own = hashes.slice(0, 3)
    const foreign = [
      `web1/index/${hashes[4]}`,
      `web1/packs/${hashes[5]}.part`,
      `web1/packs/sub/${hashes[6]}`,
      'web1/packs/',
      'web1/packs/README',
      `web1/packs2/${hashes[7]}`,
      `web10/packs/${hashes[8]}`,
      `packs/${hashes[9]}`,
    ]
    for (const pageKeys of [1, 2, 1_000]) {
      const keys = [...own.map((name) => `web1/packs/${name}`), ...foreign]
      const { send } = storeOf(keys, pageKeys)
      const listed = await listKeys(at, 'packs', send)
      expect(listed.map(({ name }) => name)).toEqual(own.toSorted().map((name) => `packs/${name}`))
    }
  })

  it('lists an empty folder', async () => {
    const { send } = storeOf([], 1_000)
    expect(await listKeys(at, 'locks', send)).toEqual([])
  })
})

describe('spansAfter()', () => {
  it('goes on within the first digit of the last key, and takes each later one as a whole', () => {
    expect(spansAfter('packs/', 'packs/d0ff')).toEqual([
      { prefix: 'packs/d', after: 'packs/d0ff' },
      { prefix: 'packs/e' },
      { prefix: 'packs/f' },
    ])
    expect(spansAfter('packs/', 'packs/f00')).toEqual([{ prefix: 'packs/f', after: 'packs/f00' }])
    expect(spansAfter('packs/', 'packs/0')).toHaveLength(16)
  })

  it('goes on as one after a key that is no hash', () => {
    expect(spansAfter('packs/', 'packs/README')).toEqual([
      { prefix: 'packs/', after: 'packs/README' },
    ])
    expect(spansAfter('packs/', 'packs/')).toEqual([{ prefix: 'packs/', after: 'packs/' }])
  })
})
