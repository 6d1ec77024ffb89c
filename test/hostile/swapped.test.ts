import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CataloguedPages } from '../../src/repository/catalogued-pages.ts'
import { engine } from '../support/built-engine.ts'
import { manifestOf, modes, openForge, type Forge, type PageAt } from '../support/forge/forge.ts'
import { encodeRawPage, type RawEntry } from '../support/forge/raw-page.ts'
import { codeOf, describeDamage, namesIn, newRepository } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { hostileWorld, type HostileWorld } from './hostile-world.ts'

/** A good snapshot beside the bad one must not suffer by it. */
async function expectRefused(world: HostileWorld, id: string, expected: RegExp): Promise<void> {
  const { result, messages } = await world.restore(id)
  expect(result.errors).toBeGreaterThan(0)
  expect(messages.join('\n')).toMatch(expected)
  const repository = await world.open()
  const snapshot = engine.resolveSnapshot(repository, id)
  const verified = await engine.verify(repository, { snapshots: [snapshot] })
  expect(describeDamage(verified).join('\n')).toMatch(expected)
  const checked = await engine.check(repository, {})
  expect(checked.damagedSnapshots).toEqual([id])
  // What cannot be read may be needed: nothing is removed. A blob that is only misnamed stays.
  const packs = namesIn(world.test.location, 'packs')
  expect(await codeOf(engine.prune(repository, {}))).toMatch(
    /^(OBJECT_DAMAGED|OBJECT_MISSING|no error)$/,
  )
  expect(namesIn(world.test.location, 'packs')).toEqual(packs)
  await repository.close()
}

function goodSnapshot({ forge }: HostileWorld): string {
  return forge.snapshot(forge.directory([forge.fileEntry('good', 'good')]))
}

type Swap = (forge: Forge) => PageAt

const listOf = (forge: Forge): PageAt => forge.list({ level: 0, items: [forge.data('four')] })
const fileWith = (reference: PageAt, more: Partial<RawEntry> = {}): RawEntry => ({
  name: 'file',
  mode: modes.file,
  size: reference.bytes,
  references: [reference],
  ...more,
})

const swaps: Readonly<Record<string, Swap>> = {
  'a data blob in place of the root': (forge) => forge.data('x'.repeat(200)),
  'a content list in place of the root': listOf,
  'a data blob that holds a page, in place of a folder': (forge) => {
    const page = encodeRawPage({ entries: [forge.fileEntry('f', 'x')] })
    return forge.directory([forge.directoryEntry('d', forge.data(page))])
  },
  'a content list in place of a folder': (forge) =>
    forge.directory([forge.directoryEntry('d', listOf(forge))]),
  'a page in place of a chunk': (forge) =>
    forge.directory([fileWith(forge.directory([forge.fileEntry('f', 'x')]))]),
  'a page in place of a content list': (forge) => {
    const page = forge.directory([forge.fileEntry('f', 'x')])
    return forge.directory([fileWith({ id: page.id, bytes: 4 }, { flags: 1 << 4 })])
  },
  'a chunk in place of a content list': (forge) => {
    const data = forge.data(Buffer.from('4c010000'.padEnd(96, '0'), 'hex'))
    return forge.directory([fileWith({ id: data.id, bytes: 4 }, { flags: 1 << 4 })])
  },
  'a page of level 1 that leads to one of level 1': (forge) => {
    const leaf = forge.page({ entries: [{ name: 'a', mode: modes.fifo }] })
    const upper = (below: PageAt): PageAt =>
      forge.page({ level: 1, entries: [{ name: 'a', mode: 0, size: 1, references: [below] }] })
    return upper(upper(leaf))
  },
  'a page that says to be longer': (forge) => {
    const page = forge.directory([forge.fileEntry('f', 'x')])
    return forge.directory([forge.directoryEntry('d', { id: page.id, bytes: page.bytes + 1 })])
  },
  'a chunk that says to be shorter': (forge) =>
    forge.directory([fileWith({ id: forge.data('four').id, bytes: 3 })]),
  'tree blobs that the trailer calls data': (forge) => {
    const page = encodeRawPage({ entries: [] })
    return forge.blob(0, { id: forge.treeId(page), bytes: page })
  },
  'a blob under the id of another': (forge) => {
    const page = encodeRawPage({ entries: [] })
    return forge.blob(1, { id: forge.treeId(Buffer.from('other')), bytes: page })
  },
}

describe('a sealed object in the place of another', () => {
  it.each(Object.entries(swaps))('is refused: %s', async (_what, swap) => {
    const world = await hostileWorld()
    const good = goodSnapshot(world)
    const id = world.forge.snapshot(swap(world.forge))
    await expectRefused(
      world,
      id,
      /Cannot read|another kind|instead of|another hash|no index object|has \d+ bytes/,
    )
    expect((await world.restore(good)).result).toMatchObject({ errors: 0, filesRestored: 1 })
    expect(world.harm()).toEqual([])
  })

  it('does not stand in the catalogue under an id that is not its own', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const honest = encodeRawPage({ entries: [{ name: 'true', mode: modes.fifo }] })
    const forged = encodeRawPage({ entries: [{ name: 'false', mode: modes.fifo }] })
    const id = forge.treeId(honest)
    forge.blob(1, { id, bytes: forged })
    forge.flush()
    const repository = await world.open()
    expect(repository.catalogue.trees.has(id)).toBe(false)
    expect(repository.unusable.map(({ error }) => error.message).join()).toContain('another hash')
    forge.snapshot(forge.tree(honest))
    const again = await world.open()
    const page = new CataloguedPages(again.catalogue).page(again.catalogue.search.rowOf(id) ?? 0)
    expect([page?.entryCount, page?.name(0).toString()]).toEqual([1, 'true'])
  })

  it('is read from the copy that is right when there is one', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const content = Buffer.from('content that many have')
    forge.blob(0, {
      id: forge.dataId(content),
      bytes: Buffer.from('and that somebody has replaced'.slice(0, 22)),
    })
    forge.flush()
    const id = forge.snapshot(forge.directory([forge.fileEntry('file', content)]))
    const { result } = await world.restore(id)
    expect(result).toMatchObject({ errors: 0, filesRestored: 1 })
    expect(readFileSync(join(world.target, 'file'))).toEqual(content)
  })

  it.each([false, true])(
    'is refused as an object of another type (encrypted: %s)',
    async (isEncrypted) => {
      const world = await hostileWorld({ isEncrypted })
      const { forge, test } = world
      goodSnapshot(world)
      forge.journal({ kind: 'failure' })
      const folders = ['index', 'snapshots', 'journal', 'packs'] as const
      let moved = 0
      const stored = folders.map((from) => ({ from, names: namesIn(test.location, from) }))
      for (const { from, names } of stored) {
        for (const name of names) {
          for (const to of folders) {
            if (to === from || to === 'packs') continue
            copyFileSync(join(test.location, from, name), join(test.location, to, name))
            moved += 1
          }
        }
      }
      const repository = await world.open()
      expect(repository.unusable).toHaveLength(moved)
      for (const { error } of repository.unusable) {
        expect(error.message).toMatch(/the object is of type|bytes/)
      }
      expect(engine.listSnapshots(repository)).toHaveLength(1)
      const verified = await engine.verify(repository, {})
      expect(verified.damaged.length).toBeGreaterThanOrEqual(moved)
    },
  )

  it.each([false, true])(
    'is refused when it is of another repository (encrypted: %s)',
    async (isEncrypted) => {
      const world = await hostileWorld({ isEncrypted })
      const good = goodSnapshot(world)
      // The same passphrase, and in one case the same secret as well.
      const other = await newRepository({ folder: scratchFolder(fastFolder), isEncrypted })
      const stranger = await openForge(other)
      const foreign = stranger.snapshot(stranger.directory([stranger.fileEntry('foreign', 'x')]))
      stranger.journal({ kind: 'failure' })
      let copied = 0
      for (const folder of ['packs', 'index', 'snapshots', 'journal', 'keys']) {
        for (const name of namesIn(other.location, folder)) {
          copyFileSync(join(other.location, folder, name), join(world.test.location, folder, name))
          if (folder !== 'keys' && folder !== 'packs') copied += 1
        }
      }
      const repository = await world.open()
      expect(repository.unusable).toHaveLength(copied)
      for (const { error } of repository.unusable) {
        expect(error.message).toContain('belongs to another repository')
      }
      expect(() => engine.resolveSnapshot(repository, foreign)).toThrow(/Cannot find/)
      await repository.close()
      expect((await world.restore(good)).result.errors).toBe(0)
    },
  )

  it('is refused when it is not encrypted and should be, and the reverse', async () => {
    for (const isEncrypted of [false, true]) {
      const world = await hostileWorld({ isEncrypted })
      const { forge } = world
      const masked = Object.assign(Object.create(Object.getPrototypeOf(forge)) as Forge, forge)
      Object.defineProperty(masked, 'isSealed', { value: !isEncrypted })
      const plain = JSON.stringify(manifestOf({ id: Buffer.alloc(32), bytes: 24 }))
      const { sealSmallObject } = await import('../../src/format/object/small-object.ts')
      const { createCompressor } = await import('../../src/format/compression/zstd.ts')
      const { bytes } = sealSmallObject({
        type: 'snapshot',
        repositoryId: masked.repositoryId,
        sealed: masked.isSealed,
        frameRootKey: forge.keys.frameRootKey,
        plaintext: Buffer.from(plain),
        compressor: createCompressor(3),
      })
      forge.write('snapshots', bytes)
      const repository = await world.open()
      expect(repository.unusable.map(({ error }) => error.message).join()).toMatch(
        /the object is (not )?encrypted/,
      )
    }
  })
})

const two53 = 2n ** 53n

describe('a number at the edge of what a number holds', () => {
  const file = (more: Partial<RawEntry>): RawEntry => ({ name: 'f', mode: modes.file, ...more })
  const reference = (bytes: number | bigint) => [{ id: Buffer.alloc(32, 1), bytes }]
  const hole = (bytes: number | bigint) => ({ id: Buffer.alloc(32), bytes })
  const entries: readonly (readonly [string, RawEntry])[] = [
    ['a size of 2^53', file({ size: two53, references: reference(two53) })],
    ['a size of 2^63', file({ size: 2n ** 63n, references: reference(2n ** 63n) })],
    ['a size of -1', file({ size: -1n, references: reference(-1n) })],
    ['a size without references', file({ size: 5 })],
    ['references without a size', file({ size: 0, references: reference(5) })],
    ['an empty reference', file({ size: 0, references: reference(0) })],
    [
      'references whose sum wraps',
      file({ size: 0, references: [...reference(2n ** 63n), ...reference(2n ** 63n)] }),
    ],
    ['holes whose sum is above 2^53', file({ size: 8, references: [hole(two53 - 1n), hole(9)] })],
    ['a chunk of 2^31', file({ size: 2 ** 31, references: reference(2 ** 31) })],
    ['a chunk of 2^32', file({ size: 2 ** 32, references: reference(2 ** 32) })],
    ['an mtime of 10^9 nanoseconds', file({ mtime: [0, 1_000_000_000] })],
    ['the nanoseconds that mean now', file({ mtime: [0, 0x3fffffff] })],
    ['unknown flags', file({ flags: 8 })],
    ['a device number without links', file({ flags: 1 << 16 })],
    ['lists five deep', file({ flags: 5 << 4 })],
    ['the mode of a socket', file({ mode: 0o140644 })],
    ['a mode above 16 bits', file({ mode: 0o1100644 })],
    ['more references than the page has', file({ chunkCount: 0xffff_ffff })],
    ['a name that is longer than the page', file({ nameBytes: 0xffff_ffff })],
    ['extras that are longer than the page', file({ extraBytes: 0xffff_ffff })],
    ['a folder without a page', { name: 'd', mode: modes.directory }],
    [
      'a folder whose page has no bytes',
      { name: 'd', mode: modes.directory, references: [hole(0)] },
    ],
    ['a link without a target', { name: 'l', mode: modes.symlink }],
    ['a device without a number', { name: 'b', mode: modes.block }],
  ]

  it.each(entries)('is refused: %s', async (_what, entry) => {
    const world = await hostileWorld()
    const id = world.forge.snapshot(world.forge.directory([entry]))
    const { result } = await world.restore(id)
    expect(result).toMatchObject({ errors: 1, filesRestored: 0, others: 0 })
    const repository = await world.open()
    const verified = await engine.verify(repository, {})
    expect(verified.damaged.length).toBeGreaterThan(0)
  })

  it('comes back when it is one that a file can have', async () => {
    const world = await hostileWorld()
    const { forge, target } = world
    const id = forge.snapshot(
      forge.directory([
        file({ name: 'past', mtime: [-(2n ** 31n), 999_999_999] }),
        file({ name: 'future', mtime: [2n ** 33n, 0] }),
        // No file system has that day: it is told of, and the file is there.
        file({ name: 'never', mtime: [2n ** 62n, 0], uid: 0, gid: 0 }),
        file({ name: 'sparse', size: 2 ** 40, references: [hole(2 ** 40)] }),
      ]),
    )
    const { result } = await world.restore(id)
    expect(result.filesRestored).toBe(4)
    expect(namesIn(target, '.')).toEqual(['future', 'never', 'past', 'sparse'])
    const repository = await world.open()
    const listed = [
      ...engine.listTree(repository, engine.resolveSnapshot(repository, id), Buffer.from('/')),
    ]
    expect(listed).toHaveLength(4)
  })
})

describe('a snapshot object', () => {
  const fields: readonly (readonly [string, Record<string, unknown>])[] = [
    ['of a later version', { version: 2 }],
    ['with a time that no calendar has', { startedAtMs: 8_640_000_000_000_001 }],
    ['with a time before all others', { startedAtMs: -1 }],
    ['with a tree of no length', { tree: { id: '00'.repeat(32), bytes: 0 } }],
    ['with a tree that is longer than a blob', { tree: { id: '00'.repeat(32), bytes: 2 ** 31 } }],
    ['with a base that is not absolute', { base: 'relative' }],
    ['with a zero byte in its base', { base: '/a\0b' }],
    ['with paths that are none', { paths: [{ base64: '***' }] }],
    ['with half a character in a path', { paths: ['/\ud800'] }],
    ['with statistics that are none', { statistics: { files: '1' } }],
    [
      'with more unreadable paths than it may have',
      { unreadable: Array.from({ length: 1001 }, () => ({ path: '/x', message: '' })) },
    ],
    ['with a backup id that is a path', { backupId: 'backup_1/../../x' }],
    ['with a parent that is a path', { parentId: '../config' }],
    ['with a type of its own', { type: '__proto__' }],
  ]

  it.each(fields)('%s is left out and named, and the others stay', async (_what, more) => {
    const world = await hostileWorld()
    const good = goodSnapshot(world)
    const top = world.forge.directory([])
    const bad = world.forge.snapshot(top, more)
    const repository = await world.open()
    expect(repository.unusable.map(({ name }) => name)).toEqual([`snapshots/${bad}`])
    expect(engine.listSnapshots(repository).map(({ id }) => id)).toEqual([good])
    expect(await codeOf(engine.prune(repository, {}))).toMatch(/DAMAGED|UNSUPPORTED/)
    const verified = describeDamage(await engine.verify(repository, {}))
    expect(verified.join()).toContain(`snapshots/${bad}`)
  })

  it('with fields that this version does not know is read, and they go nowhere', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const manifest = JSON.stringify({ ...manifestOf(forge.directory([])), later: { a: 1 } })
    forge.flush()
    const id = forge.small('snapshot', manifest.replace('{', '{"__proto__":{"isAdmin":true},'))
    const repository = await world.open()
    expect(repository.unusable).toEqual([])
    expect(engine.resolveSnapshot(repository, id)).not.toHaveProperty('isAdmin')
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined()
    expect(engine.resolveSnapshot(repository, id)).not.toHaveProperty('later')
  })

  it('with a name twice or nested without end is left out', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const text = JSON.stringify(manifestOf(forge.directory([])))
    forge.flush()
    forge.small('snapshot', text.replace('{', '{"version":1,'))
    forge.small(
      'snapshot',
      text.replace('{', `{"deep":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)},`),
    )
    forge.small(
      'journal',
      `{"version":1,"kind":"failure","atMs":1,"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    )
    forge.small('journal', '{"version":1,"kind":"failure","atMs":1,"x":{"__proto__":1}}')
    forge.small('snapshot', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))
    forge.small('snapshot', '')
    const repository = await world.open()
    const snapshots = repository.unusable.filter(({ name }) => name.startsWith('snapshots/'))
    expect(snapshots.length).toBeGreaterThanOrEqual(3)
    expect(repository.unusable.filter(({ name }) => name.startsWith('journal/'))).toHaveLength(2)
  })
})

describe('a config', () => {
  it.each([
    [
      'that says to be not encrypted',
      (text: string) => text.replace('"aes-256-gcm"', '"none","secret":"' + '00'.repeat(32) + '"'),
    ],
    ['of a later version', (text: string) => text.replace('repository 1', 'repository 2')],
    [
      'with a field that nobody knows',
      (text: string) => text.replace('"compression"', '"later":1,"compression"'),
    ],
    ['with another chunk size', (text: string) => text.replace('16384', '32768')],
    [
      'with a name twice',
      (text: string) => text.replace('"compression"', '"version":1,"compression"'),
    ],
    [
      'with __proto__',
      (text: string) => text.replace('"compression"', '"__proto__":{},"compression"'),
    ],
  ])('%s is refused', async (_what, change) => {
    const world = await hostileWorld({ isEncrypted: true })
    const path = join(world.test.location, 'config')
    const changed = change(readFileSync(path, 'utf8'))
    const [first, json] = changed.split('\n')
    rmSync(path)
    // With a true hash line: everybody can make one.
    const { plainHash } = await import('../../src/format/hashing/blob-hasher.ts')
    const head = `${first}\n${json}\n`
    writeFileSync(path, `${head}blake3 ${plainHash(Buffer.from(head)).toString('hex')}\n`)
    expect(await codeOf(world.open())).toMatch(/OBJECT_DAMAGED|FORMAT_UNSUPPORTED/)
  })
})
