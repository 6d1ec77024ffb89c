import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directory, file, makeTree, symlink } from '../support/make-tree.ts'
import { letStampsAge, newRepository, pathsOf, save, savePaths } from '../support/repositories.ts'
import { fastFolder, isRoot, mountTmpfs, scratchFolder } from '../support/scratch.ts'

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
    const folder = scratchFolder(fastFolder)
    makeTree(folder, tree)
    const all = await savePaths(folder, [''])
    const some = await savePaths(folder, [''], { excludes })
    expect(all.names.filter((name) => !some.names.includes(name)).sort()).toEqual(expected.sort())
    expect(some.snapshot.excludes).toEqual(excludes)
    expect(some.statistics.unreadable).toBe(0)
  })

  it('keeps a path that was named itself', async () => {
    const folder = scratchFolder(fastFolder)
    makeTree(folder, tree)
    const { names } = await savePaths(folder, ['a.log', 'cache'], {
      excludes: ['*.log', 'cache', 'x'],
    })
    expect(names).toEqual(['a.log', 'cache', 'cache/keep.txt'])
  })

  it('by size leaves out what is longer, but no path that was named itself', async () => {
    const folder = scratchFolder(fastFolder)
    makeTree(folder, {
      a: directory({ short: file('12345'), exact: file('1234567890'), long: file('12345678901') }),
      named: file('12345678901'),
    })
    const { names } = await savePaths(folder, ['a', 'named'], { excludeLargerThanBytes: 10 })
    expect(names).toEqual(['a', 'a/exact', 'a/short', 'named'])
  })

  it('by markers leaves out what is in the folder, and keeps the folder', async () => {
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
    const folder = scratchFolder(fastFolder)
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
