import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { PackStorage } from '../../src/storage/pack-storage.ts'
import { codeOf, codeOfSync } from '../support/error-codes.ts'
import { nameOf } from '../support/object-names.ts'

/** What packs need of a storage besides. @param make Gives a new, empty, unprepared storage. */
export function describePackStorage(kind: string, make: (folder: string) => PackStorage): void {
  describe(`${kind} storage, for packs`, () => {
    let folder: string
    let storage: PackStorage
    const pack = nameOf('packs', 'a')

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'holdfast-storage-'))
      storage = make(folder)
      await storage.prepare()
    })

    afterEach(async () => {
      await storage.close()
      rmSync(folder, { recursive: true })
    })

    it('publishes what was written, as it was at each call', async () => {
      const file = storage.createTemporarySync()
      const part = Buffer.from('0123')
      storage.writeTemporarySync(file, part, 0)
      part.fill(0)
      storage.writeTemporarySync(file, Buffer.from('xxx789'), 4)
      storage.writeTemporarySync(file, Buffer.from('456'), 4)
      const read = Buffer.alloc(4)
      expect(storage.readTemporarySync(file, read, 3)).toBe(4)
      expect(read.toString()).toBe('3456')
      expect(storage.readTemporarySync(file, read, 10)).toBe(0)
      expect(await storage.listNames('packs')).toEqual([])
      await storage.publish(file, pack)
      await storage.sync('packs')
      expect(await storage.get(pack)).toEqual(Buffer.from('0123456789'))
      storage.discardSync(file)
      expect(await storage.listNames('packs')).toEqual([pack])
    })

    it('reads ranges at once, and tells an object that ends earlier from one that is missing', async () => {
      await storage.put(pack, Buffer.from('0123456789'))
      const target = Buffer.alloc(3)
      storage.readRangeSync(pack, 4, target)
      expect(target.toString()).toBe('456')
      expect(codeOfSync(() => storage.readRangeSync(pack, 8, target))).toBe('OBJECT_DAMAGED')
      expect(codeOfSync(() => storage.readRangeSync(nameOf('packs', 'b'), 0, target))).toBe(
        'OBJECT_MISSING',
      )
    })

    it('takes the same bytes under a name again, and no others', async () => {
      const publish = (text: string): Promise<void> => {
        const file = storage.createTemporarySync()
        storage.writeTemporarySync(file, Buffer.from(text), 0)
        return storage.publish(file, pack)
      }
      await publish('first')
      await publish('first')
      expect(await codeOf(publish('other'))).toBe('OBJECT_DAMAGED')
      expect((await storage.get(pack)).toString()).toBe('first')
    })

    it('leaves nothing of what is discarded', async () => {
      const file = storage.createTemporarySync()
      storage.writeTemporarySync(file, Buffer.from('x'), 0)
      expect(await storage.countTemporary()).toEqual({ files: 1, bytes: 1 })
      storage.discardSync(file)
      storage.discardSync(file)
      expect(await storage.countTemporary()).toEqual({ files: 0, bytes: 0 })
      expect(await storage.sweepTemporary(0, Date.now() + 1000)).toEqual({ files: 0, bytes: 0 })
    })
  })
}
