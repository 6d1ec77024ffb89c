import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Repository, Snapshot, SnapshotOptions } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { directory, file, makeTree, symlink } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  contentOf,
  findings,
  letStampsAge,
  newRepository,
  objectContents,
  pathsOf,
  remarks,
  save,
  type Saved,
} from '../support/repositories.ts'
import { fastFolder, isRoot, mountTmpfs, scratchFolder } from '../support/scratch.ts'

function source(): string {
  return scratchFolder(fastFolder)
}

/** Saves paths below the folder; the snapshot's root is the folder. */
async function savePaths(
  folder: string,
  paths: readonly (string | Buffer)[],
  options: Partial<SnapshotOptions> = {},
): Promise<Saved & { repository: Repository; names: string[] }> {
  const repository = await (await newRepository()).open()
  const saved = await save(repository, folder, {
    ...options,
    paths: paths.map((path) => (typeof path === 'string' ? join(folder, path) : path)),
  })
  return { ...saved, repository, names: pathsOf(repository, saved.snapshot) }
}

describe('paths', () => {
  it('are saved from the root without a base', async () => {
    const folder = source()
    makeTree(folder, { a: directory({ b: file('b') }), c: file('c') })
    const repository = await (await newRepository()).open()
    const { snapshot } = await save(repository, folder, { paths: [join(folder, 'a')], base: '/' })
    const place = folder.slice(1)
    expect(pathsOf(repository, snapshot).filter((path) => path.startsWith(place))).toEqual([
      place,
      `${place}/a`,
      `${place}/a/b`,
    ])
    expect(snapshot.paths).toEqual([join(folder, 'a')])
    expect(snapshot.base).toBe('/')
  })

  it('may be several, one in another, twice the same, and with dots in them', async () => {
    const folder = source()
    makeTree(folder, {
      a: directory({ b: directory({ c: file('c') }), d: file('d') }),
      e: directory({ f: file('f'), g: file('g') }),
      h: file('h'),
    })
    const { names, statistics } = await savePaths(folder, ['a/b', 'a', 'e/f', 'e/../e/./f', 'h'])
    expect(names).toEqual(['a', 'a/b', 'a/b/c', 'a/d', 'e', 'e/f', 'h'])
    expect(statistics).toMatchObject({ files: 4, directories: 3 })
  })

  it('may be relative to the working folder, and bytes that are no UTF-8', async () => {
    const folder = source()
    makeTree(folder, { '\xff\xfe': directory({ a: file('x') }), other: file('y') })
    const repository = await (await newRepository()).open()
    const before = process.cwd()
    process.chdir(folder)
    try {
      const { snapshot } = await save(repository, folder, {
        paths: [Buffer.from('\xff\xfe', 'latin1')],
        base: '.',
      })
      expect(pathsOf(repository, snapshot)).toEqual(['\xff\xfe', '\xff\xfe/a'])
    } finally {
      process.chdir(before)
    }
  })

  it('may be a file, a link to a folder, and a folder behind a link', async () => {
    const folder = source()
    makeTree(folder, {
      real: directory({ inside: directory({ a: file('a') }), link: symlink('inside') }),
      'link to folder': symlink('real'),
      'link to file': symlink('real/inside/a'),
      'dangling link': symlink('nothing'),
      file: file('f'),
    })
    const { names, repository, snapshot } = await savePaths(folder, [
      'link to folder',
      'link to file',
      'dangling link',
      'file',
    ])
    // A link to a folder that was named is followed; links below it are saved as links.
    expect(names).toEqual([
      'dangling link',
      'file',
      'link to file',
      'link to folder',
      'link to folder/inside',
      'link to folder/inside/a',
      'link to folder/link',
    ])
    const entries = [...engine.listTree(repository, snapshot, Buffer.from('/'))]
    expect(entries.map(({ linkTarget }) => linkTarget?.toString() ?? null)).toEqual([
      'nothing',
      null,
      'real/inside/a',
      null,
    ])
    const behind = await savePaths(folder, ['link to folder/inside'])
    expect(behind.names).toEqual([
      'link to folder',
      'link to folder/inside',
      'link to folder/inside/a',
    ])
  })

  it('that are missing are reported, and the others are saved', async () => {
    const folder = source()
    makeTree(folder, { a: file('a') })
    const { names, statistics, events, unreadable, snapshot } = await savePaths(folder, [
      'a',
      'b',
      'a/c',
    ])
    expect(names).toEqual(['a'])
    expect(unreadable).toBe(2)
    expect(statistics.unreadable).toBe(2)
    expect(remarks(events)).toEqual([
      `unreadable ${folder}/b: ENOENT`,
      `unreadable ${folder}/a/c: ENOTDIR`,
    ])
    expect(snapshot.unreadable).toHaveLength(2)
  })

  it('that are all missing, none at all, or outside of the base are refused', async () => {
    const folder = source()
    const repository = await newRepository()
    const handle = await repository.open()
    const before = objectContents(repository.location)
    const refuse = (options: Partial<SnapshotOptions>): Promise<string> =>
      codeOf(save(handle, folder, options))
    expect(await refuse({ paths: [join(folder, 'no'), '/no/where'], base: '/' })).toBe(
      'PATH_NOT_FOUND',
    )
    expect(await refuse({ paths: [] })).toBe('PATH_NOT_FOUND')
    expect(await refuse({ paths: ['/'] })).toBe('USAGE')
    expect(await refuse({ paths: ['a\0b'] })).toBe('PATH_NOT_FOUND')
    expect(await refuse({ paths: [`/${'x'.repeat(5000)}`] })).toBe('PATH_NOT_FOUND')
    expect(await refuse({ base: join(folder, 'no') })).toBe('USAGE')
    expect(objectContents(repository.location)).toEqual(before)
  })

  it('that vanish between being found and being read are reported', async () => {
    const folder = source()
    makeTree(folder, { a: file('a'), b: file('b') })
    const repository = await (await newRepository()).open()
    const { storage } = repository
    const put = storage.put.bind(storage)
    // The lock is taken after the paths were looked up.
    storage.put = async (name, bytes) => {
      if (name.startsWith('locks/')) rmSync(join(folder, 'b'), { force: true })
      await put(name, bytes)
    }
    const { events, snapshot } = await save(repository, folder, {
      paths: [join(folder, 'a'), join(folder, 'b')],
    })
    expect(remarks(events)).toEqual(['unreadable /b: ENOENT'])
    expect(pathsOf(repository, snapshot)).toEqual(['a'])
  })
})

describe('excluding', () => {
  const tree = {
    'a.log': file('1'),
    'b.txt': file('2'),
    cache: directory({ x: file('3'), 'keep.txt': file('4') }),
    deep: directory({
      cache: file('a file of that name'),
      'c.log': file('5'),
      deeper: directory({ 'd.log': file('6'), cache: directory({ y: file('7') }) }),
    }),
    '.hidden': directory({ 'e.log': file('8') }),
    'line\nfeed': directory({ g: file('10') }),
  }

  it.each<[string[], string[]]>([
    [['*.log'], ['a.log', 'deep/c.log', 'deep/deeper/d.log', '.hidden/e.log']],
    [['/a.log'], ['a.log']],
    [['/*.log'], ['a.log']],
    [
      ['cache/'],
      ['cache', 'cache/x', 'cache/keep.txt', 'deep/deeper/cache', 'deep/deeper/cache/y'],
    ],
    [['/cache'], ['cache', 'cache/x', 'cache/keep.txt']],
    [
      ['cache/*', '!keep.txt'],
      ['cache/x', 'deep/deeper/cache/y'],
    ],
    [['deep/**/cache'], ['deep/cache', 'deep/deeper/cache', 'deep/deeper/cache/y']],
    [
      ['*.log', '!/deep/c.log'],
      ['a.log', 'deep/deeper/d.log', '.hidden/e.log'],
    ],
    [['?.txt'], ['b.txt']],
    [['.hidden'], ['.hidden', '.hidden/e.log']],
    [['# a comment', '', '  '], []],
    [
      ['deep', '!deep/cache'],
      Object.keys({}).concat([
        'deep',
        'deep/cache',
        'deep/c.log',
        'deep/deeper',
        'deep/deeper/d.log',
        'deep/deeper/cache',
        'deep/deeper/cache/y',
      ]),
    ],
  ])('by patterns %j leaves out exactly what they say', async (excludes, expected) => {
    const folder = source()
    makeTree(folder, tree)
    const all = await savePaths(folder, [''])
    const some = await savePaths(folder, [''], { excludes })
    expect(all.names.filter((name) => !some.names.includes(name)).sort()).toEqual(expected.sort())
    expect(some.snapshot.excludes).toEqual(excludes)
    expect(some.statistics.unreadable).toBe(0)
  })

  it('keeps a path that was named itself', async () => {
    const folder = source()
    makeTree(folder, tree)
    const { names } = await savePaths(folder, ['a.log', 'cache'], {
      excludes: ['*.log', 'cache', 'x'],
    })
    expect(names).toEqual(['a.log', 'cache', 'cache/keep.txt'])
  })

  it('by size leaves out what is longer, but no path that was named itself', async () => {
    const folder = source()
    makeTree(folder, {
      a: directory({ short: file('12345'), exact: file('1234567890'), long: file('12345678901') }),
      named: file('12345678901'),
    })
    const { names } = await savePaths(folder, ['a', 'named'], { excludeLargerThanBytes: 10 })
    expect(names).toEqual(['a', 'a/exact', 'a/short', 'named'])
  })

  it('by markers leaves out what is in the folder, and keeps the folder', async () => {
    const folder = source()
    const signature = 'Signature: 8a477f597d28d172789f06886806bc55'
    makeTree(folder, {
      tagged: directory({
        'CACHEDIR.TAG': file(`${signature}\n# more`),
        x: directory({ y: file('1') }),
      }),
      'badly tagged': directory({ 'CACHEDIR.TAG': file('Signature: no'), x: file('2') }),
      'tag is a folder': directory({ 'CACHEDIR.TAG': directory({}), x: file('3') }),
      'tag is a link': directory({
        'CACHEDIR.TAG': symlink('../tagged/CACHEDIR.TAG'),
        x: file('4'),
      }),
      marked: directory({ '.nobackup': file(''), x: file('5') }),
      headed: directory({ '.skip': file('header and more'), x: file('6') }),
      'otherwise headed': directory({ '.skip': file('head'), x: file('7') }),
    })
    const { names } = await savePaths(folder, [''], {
      excludeCaches: true,
      excludeIfPresent: ['.nobackup', '.skip:header'],
    })
    expect(names).toEqual(
      [
        'tagged',
        'badly tagged',
        'badly tagged/CACHEDIR.TAG',
        'badly tagged/x',
        'tag is a folder',
        'tag is a folder/CACHEDIR.TAG',
        'tag is a folder/x',
        'tag is a link',
        'tag is a link/CACHEDIR.TAG',
        'tag is a link/x',
        'marked',
        'headed',
        'otherwise headed',
        'otherwise headed/.skip',
        'otherwise headed/x',
      ].sort(),
    )
  })

  it('of something that is in the parent snapshot makes it go', async () => {
    const folder = source()
    makeTree(folder, tree)
    await letStampsAge()
    const repository = await (await newRepository()).open()
    await save(repository, folder)
    const { snapshot, statistics } = await save(repository, folder, {
      excludes: ['*.log', 'cache'],
    })
    expect(pathsOf(repository, snapshot)).toEqual(
      ['.hidden', 'b.txt', 'deep', 'deep/deeper', 'line\nfeed', 'line\nfeed/g'].sort(),
    )
    expect(statistics.newFiles + statistics.changedFiles).toBe(0)
  })
})

describe.runIf(isRoot)('one file system', () => {
  it('leaves mount points empty, and saves paths on other file systems that were named', async () => {
    const folder = source()
    makeTree(folder, {
      a: directory({ mount: directory({}), z: directory({ file: file('z') }) }),
      b: directory({
        deep: directory({ mount: directory({}), z: directory({ file: file('z') }) }),
      }),
      c: directory({ z: directory({ file: file('z') }) }),
    })
    mountTmpfs(join(folder, 'a/mount'), 'size=1m')
    mountTmpfs(join(folder, 'b/deep/mount'), 'size=1m')
    makeTree(join(folder, 'a/mount'), { x: file('x'), y: directory({ x: file('x') }) })
    makeTree(join(folder, 'b/deep/mount'), { x: file('x'), y: directory({ x: file('x') }) })
    const own = ['a', 'a/mount', 'a/z', 'a/z/file']
    const inMount = ['a/mount/x', 'a/mount/y', 'a/mount/y/x']
    const others = [
      'b',
      'b/deep',
      'b/deep/mount',
      'b/deep/z',
      'b/deep/z/file',
      'c',
      'c/z',
      'c/z/file',
    ]
    const options = { oneFileSystem: true }
    expect((await savePaths(folder, [''], options)).names).toEqual([...own, ...others].sort())
    expect((await savePaths(folder, [''])).names).toEqual(expect.arrayContaining(inMount))
    expect((await savePaths(folder, ['a', 'b', 'c'], options)).names).toEqual(
      [...own, ...others].sort(),
    )
    expect((await savePaths(folder, ['a/mount', 'c'], options)).names).toEqual(
      ['a', 'a/mount', ...inMount, 'c', 'c/z', 'c/z/file'].sort(),
    )
    // Named besides the folder in which it is mounted: what comes behind it must not be taken for another file system.
    expect((await savePaths(folder, ['a', 'a/mount', 'c'], options)).names).toEqual(
      [...own, ...inMount, 'c', 'c/z', 'c/z/file'].sort(),
    )
    expect((await savePaths(folder, ['', 'a/mount'], options)).names).toEqual(
      [...own, ...inMount, ...others].sort(),
    )
  })
})

describe('the repository itself', () => {
  it('is not saved, wherever it lies in the sources', async () => {
    const folder = source()
    makeTree(folder, { data: directory({ a: file('a') }), deep: directory({}) })
    const repository = await newRepository({ folder: join(folder, 'deep') })
    const handle = await repository.open()
    for (let turn = 0; turn < 2; turn++) {
      const { snapshot, events } = await save(handle, folder)
      expect(pathsOf(handle, snapshot)).toEqual(['data', 'data/a', 'deep'])
      expect(remarks(events)).toEqual([
        'notice /deep/repository: the repository itself is not saved',
      ])
    }
  })

  it('is not saved under another name, nor the catalogue of an encrypted one', async () => {
    const folder = source()
    const repository = await newRepository({ folder, isEncrypted: true })
    const handle = await repository.open()
    symlinkSync('repository', join(folder, 'link'))
    const { snapshot } = await save(handle, folder, {
      paths: [join(folder, 'link'), join(folder, 'repository-cache')],
    })
    expect(pathsOf(handle, snapshot)).toEqual(['repository-cache'])
  })

  it('is refused as the source or the base of a snapshot', async () => {
    const repository = await newRepository()
    const handle = await repository.open()
    const { location } = repository
    expect(await codeOf(save(handle, location))).toBe('USAGE')
    expect(await codeOf(save(handle, join(location, 'packs')))).toBe('USAGE')
    expect(await findings(handle)).toEqual([])
  })
})

describe('a stream', () => {
  async function saveStream(
    handle: Repository,
    stream: Readable,
    name: string,
    signal?: AbortSignal,
  ): Promise<Snapshot> {
    const { snapshot } = await engine.snapshot(handle, {
      paths: [],
      stdin: { stream, name },
      ...(signal && { signal }),
    })
    if (!snapshot) throw new Error('There is no snapshot')
    return snapshot
  }

  it.each([0, 1, 100_000, 9 * 1024 * 1024])('of %i bytes is saved as a file', async (length) => {
    const content = randomBytesOf('stream', length)
    const pieces: Buffer[] = []
    for (let at = 0; at < length; at += 70_001) pieces.push(content.subarray(at, at + 70_001))
    const handle = await (await newRepository()).open()
    const snapshot = await saveStream(handle, Readable.from(pieces), 'dumps/daily/base.sql')
    expect(pathsOf(handle, snapshot)).toEqual(['dumps', 'dumps/daily', 'dumps/daily/base.sql'])
    const stored = await contentOf(handle, snapshot, 'dumps/daily/base.sql')
    expect(stored.equals(content)).toBe(true)
    expect(snapshot.statistics).toMatchObject({ files: 1, directories: 2, bytes: length })
    expect(snapshot.paths).toEqual(['/dumps/daily/base.sql'])
    expect(await findings(handle)).toEqual([])
  })

  it('that was saved as a file before is not stored again', async () => {
    const folder = source()
    const content = randomBytesOf('same', 3_000_000)
    makeTree(folder, { a: file(content) })
    const handle = await (await newRepository()).open()
    await save(handle, folder)
    const snapshot = await saveStream(handle, Readable.from([content]), 'b')
    expect(snapshot.statistics.dataBlobsAdded).toBe(0)
  })

  it.each(['', '/', '.', '..', 'a/../b', 'x'.repeat(256), 'a\0b'])(
    'is refused under the name %j',
    async (name) => {
      const repository = await newRepository()
      const handle = await repository.open()
      const code = await codeOf(saveStream(handle, Readable.from(['x']), name))
      expect(code).toBe('USAGE')
      expect(engine.listSnapshots(handle)).toEqual([])
    },
  )

  it('that breaks gives no snapshot and a typed error', async () => {
    const handle = await (await newRepository()).open()
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('some')
        throw Object.assign(new Error('broken pipe'), { code: 'EPIPE' })
      })(),
    )
    expect(await codeOf(saveStream(handle, broken, 'x'))).toBe('SOURCE_UNREADABLE')
    expect(engine.listSnapshots(handle)).toEqual([])
  })

  it('that gives nothing does not keep an interruption waiting', async () => {
    const repository = await newRepository()
    const handle = await repository.open()
    const stalled = new Readable({ read: () => undefined })
    onTestFinished(() => {
      stalled.destroy()
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    await expect(saveStream(handle, stalled, 'x', controller.signal)).rejects.toThrow(/abort/i)
    expect(objectContents(repository.location).size).toBe(1)
  })
})

describe('a dry run', () => {
  it('counts what there is and changes nothing on the disk', async () => {
    const folder = source()
    makeTree(folder, { a: file('a'), b: directory({ c: file(randomBytesOf('c', 100_000)) }) })
    await letStampsAge()
    const repository = await newRepository()
    const handle = await repository.open()
    await save(handle, folder)
    writeFileSync(join(folder, 'a'), 'changed')
    writeFileSync(join(folder, 'new'), 'new')
    mkdirSync(join(folder, 'empty'))
    const before = objectContents(repository.location)
    const catalogue = [...handle.catalogue.dump()]
    const result = await engine.snapshot(handle, { paths: [folder], base: folder, dryRun: true })
    expect(result.snapshot).toBe(null)
    expect(result.statistics).toMatchObject({
      files: 3,
      directories: 2,
      newFiles: 1,
      changedFiles: 1,
      unchangedFiles: 1,
      bytes: 100_010,
      storedBytesAdded: 0,
    })
    expect(objectContents(repository.location)).toEqual(before)
    expect([...handle.catalogue.dump()]).toEqual(catalogue)
    const real = await save(handle, folder)
    expect(real.statistics).toMatchObject({ files: 3, newFiles: 1, changedFiles: 1 })
  })
})

describe('statistics', () => {
  it('count what is in the snapshot, and nothing that could not be read', async () => {
    const folder = source()
    makeTree(folder, {
      a: file('aaaa'),
      b: directory({ c: file('cc'), l: symlink('c'), p: symlink('x') }),
    })
    await letStampsAge()
    const handle = await (await newRepository()).open()
    const first = await save(handle, folder)
    expect(first.statistics).toMatchObject({
      files: 2,
      directories: 1,
      others: 2,
      bytes: 6,
      newFiles: 2,
      changedFiles: 0,
      unchangedFiles: 0,
    })
    // A file that is a folder when it comes to be read.
    execFileSync('truncate', ['-s', '9', join(folder, 'a')])
    renameSync(join(folder, 'b/c'), join(folder, 'b/d'))
    await letStampsAge()
    const second = await save(handle, folder)
    expect(second.statistics).toMatchObject({
      files: 2,
      directories: 1,
      others: 2,
      bytes: 11,
      newFiles: 1,
      changedFiles: 1,
      unchangedFiles: 0,
    })
  })
})
