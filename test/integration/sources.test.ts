import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SnapshotOptions } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { directory, file, makeTree, symlink } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  findings,
  letStampsAge,
  newRepository,
  objectContents,
  pathsOf,
  remarks,
  save,
  savePaths,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

describe('paths', () => {
  it('are saved from the root without a base', async () => {
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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

describe('the repository itself', () => {
  it('is not saved, wherever it lies in the sources', async () => {
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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

describe('a dry run', () => {
  it('counts what there is and changes nothing on the disk', async () => {
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
