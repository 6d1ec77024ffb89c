import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Storage } from '../../src/storage/storage.ts'
import { codeOf } from '../support/error-codes.ts'
import { nameOf } from '../support/object-names.ts'

/** What every storage has to keep. @param make Gives a new, empty, unprepared storage. */
export function describeStorage(kind: string, make: (folder: string) => Storage): void {
  describe(`${kind} storage`, () => {
    let folder: string
    let storage: Storage

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'holdfast-storage-'))
      storage = make(join(folder, 'repository'))
      await storage.prepare()
    })

    afterEach(async () => {
      await storage.close()
      await rm(folder, { recursive: true })
    })

    const pack = nameOf('packs', 'a')
    const bytes = Buffer.from('0123456789')

    describe('prepare()', () => {
      it('changes nothing when it is done again', async () => {
        await storage.put(pack, bytes)
        await storage.prepare()
        expect(await storage.get(pack)).toEqual(bytes)
      })
    })

    describe('put()', () => {
      it('stores the bytes as they were at the call', async () => {
        const mutable = Buffer.from(bytes)
        await storage.put(pack, mutable)
        mutable.fill(0)
        expect(await storage.get(pack)).toEqual(bytes)
      })

      it('joins several parts in order, empty ones included', async () => {
        const parts = [bytes.subarray(0, 3), Buffer.alloc(0), new Uint8Array(bytes.subarray(3))]
        await storage.put(pack, parts)
        expect(await storage.get(pack)).toEqual(bytes)
      })

      it('stores an empty object', async () => {
        await storage.put(pack, Buffer.alloc(0))
        expect(await storage.get(pack)).toEqual(Buffer.alloc(0))
        expect((await storage.stat(pack)).bytes).toBe(0)
      })

      it('stores config, which is in no folder', async () => {
        await storage.put('config', bytes)
        expect(await storage.get('config')).toEqual(bytes)
      })

      it('takes equal bytes under the same name for a retry', async () => {
        await storage.put(pack, bytes)
        await storage.put(pack, [bytes.subarray(0, 5), bytes.subarray(5)])
        expect(await storage.get(pack)).toEqual(bytes)
      })

      it.each([
        ['as long', Buffer.from('0123456780')],
        ['a prefix', Buffer.from('01234')],
        ['longer', Buffer.from('0123456789a')],
        ['empty', Buffer.alloc(0)],
      ])('refuses different bytes (%s) and keeps what is there', async (_case, other) => {
        await storage.put(pack, bytes)
        expect(await codeOf(storage.put(pack, other))).toBe('OBJECT_DAMAGED')
        expect(await storage.get(pack)).toEqual(bytes)
      })

      it('calls different bytes under a random name a failure, not damage', async () => {
        const lock = nameOf('locks', 'a')
        await storage.put(lock, bytes)
        expect(await codeOf(storage.put(lock, Buffer.from('other')))).toBe('STORAGE_FAILED')
      })

      it('succeeds for all of 16 concurrent puts of one object', async () => {
        const large = Buffer.alloc(300_000, 'x')
        await Promise.all(Array.from({ length: 16 }, () => storage.put(pack, large)))
        expect((await storage.get(pack)).equals(large)).toBe(true)
        expect(await storage.listNames('packs')).toEqual([pack])
      })

      it('lets exactly one of 16 concurrent puts of different bytes win', async () => {
        const put = (index: number): Promise<string> =>
          codeOf(storage.put(pack, Buffer.from(`${index}`)))
        const codes = await Promise.all(Array.from({ length: 16 }, (_, index) => put(index)))
        expect(codes.filter((code) => code === 'no error')).toHaveLength(1)
        expect(codes.filter((code) => code === 'OBJECT_DAMAGED')).toHaveLength(15)
        const winner = codes.indexOf('no error')
        expect((await storage.get(pack)).toString()).toBe(`${winner}`)
      })
    })

    describe('get()', () => {
      it('reports a missing object as OBJECT_MISSING', async () => {
        expect(await codeOf(storage.get(pack))).toBe('OBJECT_MISSING')
      })

      it('refuses an object of more bytes than allowed', async () => {
        await storage.put(pack, bytes)
        expect(await codeOf(storage.get(pack, 9))).toBe('OBJECT_DAMAGED')
        expect(await storage.get(pack, 10)).toEqual(bytes)
      })

      it('gives a buffer of its own', async () => {
        await storage.put(pack, bytes)
        ;(await storage.get(pack)).fill(0)
        expect(await storage.get(pack)).toEqual(bytes)
      })
    })

    describe('getRange()', () => {
      beforeEach(() => storage.put(pack, bytes))

      it.each([
        [0, 10],
        [0, 0],
        [3, 4],
        [9, 1],
        [10, 0],
      ])('gives the bytes from %i, %i of them', async (offset, length) => {
        expect(await storage.getRange(pack, offset, length)).toEqual(
          bytes.subarray(offset, offset + length),
        )
      })

      it.each([
        [0, 11],
        [9, 2],
        [10, 1],
        [11, 0],
        [2 ** 40, 1],
        [0, 2 ** 50],
      ])('calls an object damaged that ends before %i + %i', async (offset, length) => {
        expect(await codeOf(storage.getRange(pack, offset, length))).toBe('OBJECT_DAMAGED')
      })

      it.each([
        [-1, 2],
        [0, -1],
        [0.5, 1],
        [0, Number.NaN],
        [2 ** 53, 1],
      ])('rejects %d + %d as no range', async (offset, length) => {
        await expect(storage.getRange(pack, offset, length)).rejects.toThrow(RangeError)
      })

      it('reports a missing object as OBJECT_MISSING', async () => {
        expect(await codeOf(storage.getRange(nameOf('packs', 'b'), 0, 1))).toBe('OBJECT_MISSING')
      })
    })

    describe('size()', () => {
      it('gives the bytes of an object, OBJECT_MISSING when there is none', async () => {
        await storage.put(pack, bytes)
        expect((await storage.stat(pack)).bytes).toBe(10)
        expect(await codeOf(storage.stat(nameOf('packs', 'b')))).toBe('OBJECT_MISSING')
      })
    })

    describe('replace()', () => {
      it('puts other bytes in the place of what is there, or of nothing', async () => {
        await storage.put(pack, Buffer.from('damaged'))
        await storage.replace(pack, [bytes.subarray(0, 4), bytes.subarray(4)])
        expect(await storage.get(pack)).toEqual(bytes)
        const other = nameOf('packs', 'b')
        await storage.replace(other, bytes)
        expect(await storage.get(other)).toEqual(bytes)
      })

      it('refuses a name that does not say what the bytes are', async () => {
        await expect(storage.replace('config', bytes)).rejects.toThrow(RangeError)
        await expect(storage.replace(nameOf('locks', 'a'), bytes)).rejects.toThrow(RangeError)
      })
    })

    describe('stat()', () => {
      it('tells times of one clock: a later object is not older', async () => {
        await storage.put(pack, bytes)
        const first = await storage.stat(pack)
        await new Promise((resolve) => setTimeout(resolve, 20))
        const other = nameOf('packs', 'b')
        await storage.put(other, bytes)
        const second = await storage.stat(other)
        expect(second.modifiedAtMs).toBeGreaterThan(first.modifiedAtMs)
        expect(Math.abs(Date.now() - second.modifiedAtMs)).toBeLessThan(60_000)
      })
    })

    describe('putFile()', () => {
      it('takes over a local file', async () => {
        const path = join(folder, 'finished')
        await writeFile(path, bytes)
        await storage.putFile(pack, path)
        await storage.sync('packs')
        expect(await storage.get(pack)).toEqual(bytes)
        await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
      })

      it('takes an equal object for a retry and removes the file', async () => {
        const path = join(folder, 'finished')
        const large = Buffer.alloc(2_500_000, 'abc')
        await storage.put(pack, large)
        await writeFile(path, large)
        await storage.putFile(pack, path)
        await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
        expect((await storage.get(pack)).equals(large)).toBe(true)
      })

      it('refuses different bytes and keeps what is there', async () => {
        const path = join(folder, 'finished')
        const large = Buffer.alloc(2_500_000, 'abc')
        await storage.put(pack, large)
        large[2_400_000] ^= 1
        await writeFile(path, large)
        expect(await codeOf(storage.putFile(pack, path))).toBe('OBJECT_DAMAGED')
        large[2_400_000] ^= 1
        expect((await storage.get(pack)).equals(large)).toBe(true)
      })

      it('rejects when there is no such file', async () => {
        expect(await codeOf(storage.putFile(pack, join(folder, 'none')))).toBe('STORAGE_FAILED')
        expect(await storage.listNames('packs')).toEqual([])
      })
    })

    describe('delete()', () => {
      it('removes an object, and succeeds again when it is gone', async () => {
        await storage.put(pack, bytes)
        await storage.delete(pack)
        await storage.delete(pack)
        await storage.sync('packs')
        expect(await codeOf(storage.get(pack))).toBe('OBJECT_MISSING')
        expect(await storage.list('packs')).toEqual([])
      })

      it('frees the name for other bytes', async () => {
        await storage.put(pack, bytes)
        await storage.delete(pack)
        await storage.put(pack, Buffer.from('other'))
        expect((await storage.get(pack)).toString()).toBe('other')
      })
    })

    describe('list()', () => {
      it('gives one folder with sizes, in the order of the names', async () => {
        const names = Array.from({ length: 100 }, (_, index) => nameOf('index', `${index}`))
        for (const [index, name] of names.entries()) await storage.put(name, Buffer.alloc(index))
        await storage.put(pack, bytes)
        const expected = names
          .map((name, index) => ({ name, bytes: index }))
          .sort((one, other) => (one.name < other.name ? -1 : 1))
        expect(await storage.list('index')).toEqual(expected)
        expect(await storage.listNames('index')).toEqual(expected.map(({ name }) => name))
      })

      it('is empty for a folder without objects', async () => {
        expect(await storage.list('journal')).toEqual([])
        expect(await storage.listNames('journal')).toEqual([])
      })
    })

    describe('names', () => {
      const wrong = [
        '',
        'packs',
        'packs/',
        'Config',
        '../config',
        `packs/${'a'.repeat(63)}`,
        `packs/${'a'.repeat(65)}`,
        `packs/${'A'.repeat(64)}`,
        `packs/${'a'.repeat(64)}\n`,
        `packs/../${'a'.repeat(64)}`,
        `/packs/${'a'.repeat(64)}`,
        `other/${'a'.repeat(64)}`,
        `keys/${'a'.repeat(64)}`,
        `tmp/${'a'.repeat(32)}.tmp`,
        `packs/${'a'.repeat(32)}\0${'a'.repeat(31)}`,
      ]

      it.each(wrong)('%j is refused by every method', async (name) => {
        await expect(storage.get(name)).rejects.toThrow(RangeError)
        await expect(storage.getRange(name, 0, 0)).rejects.toThrow(RangeError)
        await expect(storage.stat(name)).rejects.toThrow(RangeError)
        await expect(storage.put(name, bytes)).rejects.toThrow(RangeError)
        await expect(storage.putFile(name, join(folder, 'none'))).rejects.toThrow(RangeError)
        await expect(storage.delete(name)).rejects.toThrow(RangeError)
      })

      it('folders other than those of objects are refused', async () => {
        for (const name of ['', 'tmp', '..', 'packs/', 'config'] as never[]) {
          await expect(storage.list(name)).rejects.toThrow(RangeError)
          await expect(storage.listNames(name)).rejects.toThrow(RangeError)
          await expect(storage.sync(name)).rejects.toThrow(RangeError)
        }
      })
    })
  })
}
