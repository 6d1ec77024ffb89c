import { execFileSync } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { openLocal } from '../../../src/storage/local/local-storage.ts'
import type { LocalStorage } from '../../../src/storage/local/local-storage.ts'
import { codeOf, codeOfSync } from '../../support/error-codes.ts'
import { nameOf } from '../../support/object-names.ts'

const pack = nameOf('packs', 'a')
const bytes = Buffer.from('0123456789')

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777
}

describe('LocalStorage', () => {
  let parent: string
  let folder: string
  let storage: LocalStorage

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'holdfast-local-'))
    folder = join(parent, 'deep/er/repository')
    storage = openLocal(folder)
    await storage.prepare()
  })

  afterEach(async () => {
    await storage.close()
    await rm(parent, { recursive: true })
  })

  describe('file modes', () => {
    it('are 0700 and 0600 with the umask 000', async () => {
      const before = process.umask(0)
      try {
        const open = openLocal(join(parent, 'open'))
        await open.prepare()
        await open.put(pack, bytes)
        await open.put('config', bytes)
        const given = join(parent, 'given')
        await writeFile(given, bytes, { mode: 0o666 })
        await open.putFile(nameOf('packs', 'b'), given)
        const file = open.createTemporarySync()
        expect(modeOf(file.path)).toBe(0o600)
        await open.publish(file, nameOf('packs', 'c'))
        expect(modeOf(open.location)).toBe(0o700)
        for (const name of await readdir(open.location)) {
          expect(modeOf(join(open.location, name))).toBe(name === 'config' ? 0o600 : 0o700)
        }
        for (const { name } of await open.list('packs')) {
          expect(modeOf(join(open.location, name))).toBe(0o600)
        }
      } finally {
        process.umask(before)
      }
    })
  })

  describe('objects that are not regular files', () => {
    it('are damage: a symbolic link, even to the right bytes', async () => {
      await writeFile(join(parent, 'elsewhere'), bytes)
      await symlink(join(parent, 'elsewhere'), join(folder, pack))
      expect(await codeOf(storage.get(pack))).toBe('OBJECT_DAMAGED')
      expect(await codeOf(storage.stat(pack))).toBe('OBJECT_DAMAGED')
      expect(codeOfSync(() => storage.readRangeSync(pack, 0, Buffer.alloc(1)))).toBe(
        'OBJECT_DAMAGED',
      )
      expect(await codeOf(storage.put(pack, bytes))).not.toBe('no error')
    })

    it('are damage: a folder and a fifo, without waiting for a writer', async () => {
      const fifo = nameOf('packs', 'fifo')
      await mkdir(join(folder, pack))
      execFileSync('mkfifo', [join(folder, fifo)])
      for (const name of [pack, fifo]) {
        expect(await codeOf(storage.get(name))).toBe('OBJECT_DAMAGED')
        expect(codeOfSync(() => storage.readRangeSync(name, 0, Buffer.alloc(1)))).toBe(
          'OBJECT_DAMAGED',
        )
      }
      expect(await codeOf(storage.put(fifo, bytes))).toBe('OBJECT_DAMAGED')
    })
  })

  describe('a folder that has gone', () => {
    it('is a failed storage, never an empty one', async () => {
      await storage.put(pack, bytes)
      await rename(folder, join(parent, 'unmounted'))
      expect(await codeOf(storage.listNames('packs'))).toBe('STORAGE_FAILED')
      expect(await codeOf(storage.list('packs'))).toBe('STORAGE_FAILED')
      expect(await codeOf(storage.get(pack))).toBe('STORAGE_FAILED')
      expect(await codeOf(storage.delete(pack))).toBe('STORAGE_FAILED')
      expect(codeOfSync(() => storage.readRangeSync(pack, 0, Buffer.alloc(1)))).toBe(
        'STORAGE_FAILED',
      )
    })

    it('is not made again by a put', async () => {
      await rename(folder, join(parent, 'unmounted'))
      expect(await codeOf(storage.put(pack, bytes))).toBe('STORAGE_FAILED')
      expect(codeOfSync(() => storage.createTemporarySync())).toBe('STORAGE_FAILED')
      await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    it('but folders inside it that a copy left out are made again', async () => {
      await rmdir(join(folder, 'packs'))
      await rmdir(join(folder, 'tmp'))
      expect(await storage.list('packs')).toEqual([])
      await storage.put(pack, bytes)
      expect(await storage.get(pack)).toEqual(bytes)
      expect(modeOf(join(folder, 'packs'))).toBe(0o700)
    })
  })

  describe('list()', () => {
    it('leaves out files that are no objects', async () => {
      await storage.put(pack, bytes)
      await writeFile(join(folder, 'packs', 'README.md'), 'x')
      await writeFile(join(folder, `${pack}.tmp`), 'x')
      await writeFile(join(folder, 'packs', '.nfs0001'), 'x')
      expect(await storage.list('packs')).toEqual([{ name: pack, bytes: 10 }])
    })
  })

  describe('put()', () => {
    it('leaves nothing under tmp/, whether it succeeds or not', async () => {
      await storage.put(pack, bytes)
      await storage.put(pack, bytes)
      expect(await codeOf(storage.put(pack, Buffer.from('other')))).toBe('OBJECT_DAMAGED')
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    })

    it('names the path and the error number when it fails', async () => {
      await rm(join(folder, 'packs'), { recursive: true })
      await writeFile(join(folder, 'packs'), 'a file where the folder was')
      await expect(storage.put(pack, bytes)).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        facts: { path: join(folder, pack), errno: 'ENOTDIR' },
      })
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    })
  })

  describe('putFile()', () => {
    it('copies a file that is on another file system', async () => {
      // /dev/shm is a file system of its own wherever it exists; elsewhere this is an ordinary
      // move.
      const other = await mkdtemp(
        join(statSync('/dev/shm', { throwIfNoEntry: false }) ? '/dev/shm' : parent, 'hf-'),
      )
      try {
        const path = join(other, 'finished')
        await writeFile(path, bytes)
        await storage.putFile(pack, path)
        expect(await storage.get(pack)).toEqual(bytes)
        expect(modeOf(join(folder, pack))).toBe(0o600)
        expect(readdirSync(other)).toEqual([])
        expect(readdirSync(join(folder, 'tmp'))).toEqual([])
      } finally {
        await rm(other, { recursive: true })
      }
    })
  })

  describe('publish()', () => {
    it('names a file that was written through its descriptor', async () => {
      const file = storage.createTemporarySync()
      writeSync(file.descriptor, bytes)
      await storage.publish(file, pack)
      await storage.sync('packs')
      expect(await storage.get(pack)).toEqual(bytes)
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
      expect(() => fstatSync(file.descriptor)).toThrow(/EBADF/)
    })

    it('takes an equal object for success and refuses a different one', async () => {
      await storage.put(pack, bytes)
      const equal = storage.createTemporarySync()
      writeSync(equal.descriptor, bytes)
      await storage.publish(equal, pack)
      const different = storage.createTemporarySync()
      writeSync(different.descriptor, 'other')
      expect(await codeOf(storage.publish(different, pack))).toBe('OBJECT_DAMAGED')
      expect(await storage.get(pack)).toEqual(bytes)
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    })

    it('refuses every later write after one failed fsync', async () => {
      const file = storage.createTemporarySync()
      closeSync(file.descriptor)
      const begun = storage.createTemporarySync()
      // fsync of a character device fails with EINVAL.
      const descriptor = openSync('/dev/null', 'r+')
      await expect(storage.publish({ path: file.path, descriptor }, pack)).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        facts: { errno: 'EINVAL' },
      })
      expect(await codeOf(storage.put(nameOf('packs', 'b'), bytes))).toBe('STORAGE_FAILED')
      expect(await codeOf(storage.replace(nameOf('packs', 'b'), bytes))).toBe('STORAGE_FAILED')
      const localPath = join(folder, 'local')
      await writeFile(localPath, bytes)
      expect(await codeOf(storage.putFile(nameOf('packs', 'c'), localPath))).toBe('STORAGE_FAILED')
      expect(await codeOf(storage.publish(begun, nameOf('packs', 'd')))).toBe('STORAGE_FAILED')
      expect(await codeOf(storage.sync('packs'))).toBe('STORAGE_FAILED')
      expect(codeOfSync(() => storage.createTemporarySync())).toBe('STORAGE_FAILED')
      expect(await storage.list('packs')).toEqual([])
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    })

    it('refuses no later write after an error that is not of fsync', async () => {
      await rmdir(join(folder, 'keys'))
      await storage.sync('keys')
      await mkdir(join(folder, pack))
      const file = storage.createTemporarySync()
      expect(await codeOf(storage.publish(file, pack))).not.toBe('no error')
      await symlink('nowhere', join(folder, nameOf('packs', 'b')))
      expect(await codeOf(storage.put(nameOf('packs', 'b'), bytes))).toBe('STORAGE_FAILED')
      await storage.put(nameOf('packs', 'c'), bytes)
    })

    it('removes the file and rejects a wrong name', async () => {
      const file = storage.createTemporarySync()
      await expect(storage.publish(file, '../x')).rejects.toThrow(RangeError)
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    })
  })

  describe('discardSync()', () => {
    it('closes and removes the file, and never throws', () => {
      const file = storage.createTemporarySync()
      storage.discardSync(file)
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    })

    it('removes the file even when the descriptor is closed already', () => {
      const file = storage.createTemporarySync()
      closeSync(file.descriptor)
      storage.discardSync(file)
      expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    })

    it('does not close the file that got the same descriptor after publish', async () => {
      const file = storage.createTemporarySync()
      await storage.publish(file, pack)
      const later = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r')]
      storage.discardSync(file)
      for (const descriptor of later) closeSync(descriptor)
    })
  })

  describe('readRangeSync()', () => {
    it('fills the target from the offset', async () => {
      await storage.put(pack, bytes)
      const target = Buffer.alloc(4)
      storage.readRangeSync(pack, 3, target)
      expect(target.toString()).toBe('3456')
    })

    it('reports missing and short objects, wrong names and ranges', async () => {
      await storage.put(pack, bytes)
      const read = (name: string, offset: number, length: number): string =>
        codeOfSync(() => storage.readRangeSync(name, offset, Buffer.alloc(length)))
      expect(read(nameOf('packs', 'b'), 0, 1)).toBe('OBJECT_MISSING')
      expect(read(pack, 8, 3)).toBe('OBJECT_DAMAGED')
      expect(read(pack, 10, 0)).toBe('no error')
      expect(read('../x', 0, 1)).toMatch('RangeError')
      expect(read(pack, -1, 1)).toMatch('RangeError')
    })

    it('keeps at most 32 files open and closes them all in the end', async () => {
      const openFiles = (): number => readdirSync('/proc/self/fd').length
      const names = Array.from({ length: 100 }, (_, index) => nameOf('packs', `${index}`))
      for (const name of names) await storage.put(name, Buffer.from(name))
      const before = openFiles()
      for (const name of [...names, ...names]) {
        const target = Buffer.alloc(name.length)
        storage.readRangeSync(name, 0, target)
        expect(target.toString()).toBe(name)
      }
      expect(openFiles() - before).toBe(32)
      await storage.close()
      expect(openFiles()).toBe(before)
    })

    it('no longer reads an object that was deleted and stored anew', async () => {
      await storage.put(pack, bytes)
      storage.readRangeSync(pack, 0, Buffer.alloc(10))
      await storage.delete(pack)
      await storage.put(pack, Buffer.from('9876543210'))
      const target = Buffer.alloc(10)
      storage.readRangeSync(pack, 0, target)
      expect(target.toString()).toBe('9876543210')
    })
  })

  describe('get()', () => {
    it('never gives bytes that were not read, when an object is cut while it is read', async () => {
      await storage.put(pack, bytes)
      const handle = await openFile(join(folder, pack))
      const prototype = Object.getPrototypeOf(handle) as { read: (...args: unknown[]) => unknown }
      await handle.close()
      const { read } = prototype
      onTestFinished(() => void (prototype.read = read))
      prototype.read = function (...args) {
        truncateSync(join(folder, pack), 5)
        return Reflect.apply(read, this, args)
      }
      expect(await codeOf(storage.get(pack))).toBe('OBJECT_DAMAGED')
    })
  })

  describe('sweepTemporary()', () => {
    it('does not make a put fail whose file it takes for a leftover', async () => {
      const parts = Array.from({ length: 64 }, () => Buffer.alloc(1024 * 1024, 1))
      const writing = storage.put('locks/0123456789abcdef0123456789abcdef', parts)
      let swept = 0
      while (swept === 0) {
        swept = (await storage.sweepTemporary(0, Date.now() + 1000)).files
      }
      await writing
      expect((await storage.listNames('locks')).length).toBe(1)
    })

    it('removes files that are older, and nothing else', async () => {
      const nowMs = 1_800_000_000_000
      const make = async (name: string, ageMs: number): Promise<void> => {
        const path = join(folder, 'tmp', name)
        await writeFile(path, bytes)
        await utimes(path, (nowMs - ageMs) / 1000, (nowMs - ageMs) / 1000)
      }
      await make('old.tmp', 60_001)
      await make('older.tmp', 90_000)
      await make('young.tmp', 59_000)
      await make('foreign', 90_000)
      await mkdir(join(folder, 'tmp', 'folder.tmp'))
      expect(await storage.sweepTemporary(60_000, nowMs)).toEqual({ files: 2, bytes: 20 })
      expect(readdirSync(join(folder, 'tmp')).sort()).toEqual([
        'folder.tmp',
        'foreign',
        'young.tmp',
      ])
    })

    it('removes what a killed publish left: a second link to a published object', async () => {
      await storage.put(pack, bytes)
      await link(join(folder, pack), join(folder, 'tmp', 'left.tmp'))
      await chmod(join(folder, 'tmp', 'left.tmp'), 0o600)
      expect((await storage.sweepTemporary(0, Date.now() + 1000)).files).toBe(1)
      expect(await storage.get(pack)).toEqual(bytes)
    })
  })
})
