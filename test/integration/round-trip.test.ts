import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  byteName,
  directory,
  file,
  hardLink,
  makeTree,
  sparseFile,
  special,
  symlink,
  type Tree,
} from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  letStampsAge,
  newRepository,
  pathsOf,
  remarks,
  restoreDifferences,
  restoreTo,
  save,
  smallChunks,
  withThreads,
} from '../support/repositories.ts'
import { scanTree, treeDifferences } from '../support/scan-tree.ts'
import { fastFolder, isRoot, scratchFolder } from '../support/scratch.ts'
import { generousAcl } from '../unit/filesystem/acl.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** Saves the tree, restores it into an empty folder, and compares everything. */
async function expectRoundTrip(
  tree: Tree,
  options: { threads?: number; isEncrypted?: boolean; remarks?: readonly string[] } = {},
): Promise<void> {
  const source = scratchFolder()
  makeTree(source, tree)
  const { isEncrypted = false, threads = 0 } = options
  const repository = await (await newRepository({ isEncrypted })).open()
  await withThreads(threads, async () => {
    const { snapshot, events } = await save(repository, source)
    expect(remarks(events)).toEqual(options.remarks ?? [])
    expect(await findings(repository)).toEqual([])
    expect(await restoreDifferences(repository, snapshot, source)).toEqual([])
  })
}

/** Sizes around everything that is a bound somewhere: chunks of 8, 16 and 128 KiB, the window, segments, small and large files. */
const sizes = [
  0, 1, 2, 63, 64, 65, 4095, 4096, 4097, 8191, 8192, 8193, 16_383, 16_384, 16_385, 65_535, 65_536,
  65_537, 131_071, 131_072, 131_073, 262_144, 524_288, 1_048_575, 1_048_576, 1_048_577, 1_179_648,
  4_194_303, 4_194_304, 4_194_305,
]

describe('contents', () => {
  it.each([
    { threads: 0, isEncrypted: false },
    { threads: 1, isEncrypted: true },
    { threads: 2, isEncrypted: false },
  ])(
    'come back for files of every size around a bound ($threads threads, encrypted: $isEncrypted)',
    async (options) => {
      const tree: Record<string, ReturnType<typeof file>> = {}
      for (const size of sizes) {
        tree[`random-${size}`] = file(randomBytesOf(`size ${size}`, size))
        tree[`zeros-${size}`] = file(Buffer.alloc(size))
        if (size < MiB) tree[`log-${size}`] = file(logLines(size, size))
      }
      await expectRoundTrip({ mixed: directory(tree) }, options)
    },
  )

  it('come back for 3 MiB of random bytes beside a million zeros and a text that repeats', async () => {
    await expectRoundTrip(
      {
        random: file(randomBytesOf(1, 3 * MiB)),
        zeros: file(Buffer.alloc(3 * MiB + 5)),
        repeated: file(Buffer.from('abcdefghij'.repeat(100_000))),
        ones: file(Buffer.alloc(700_000, 255)),
      },
      { threads: 2, isEncrypted: true },
    )
  })

  it('come back for an empty folder', async () => {
    await expectRoundTrip({})
  })

  it('come back for files that follow a sparse file, whose reading must not disturb them', async () => {
    const tree: Record<string, ReturnType<typeof file>> = {}
    for (let index = 0; index < 40; index++) {
      tree[`${index}-text`] = file(randomBytesOf(index, 3000 + index))
      tree[`${index}-sparse`] = sparseFile(300_000 + index, [
        [120_000, randomBytesOf(index, 40_000)],
      ])
    }
    await expectRoundTrip(tree)
  })

  it('keep holes as holes at the start, in the middle, at the end and everywhere', async () => {
    const block = randomBytesOf('block', 64 * KiB)
    await expectRoundTrip(
      {
        'at the start': sparseFile(MiB, [[MiB - block.length, block]]),
        'in the middle': sparseFile(MiB, [
          [0, block],
          [MiB - block.length, block],
        ]),
        'at the end': sparseFile(MiB, [[0, block]]),
        everywhere: sparseFile(20 * MiB, []),
        'large with several': sparseFile(9 * MiB + 17, [
          [2 * MiB, randomBytesOf('several', MiB)],
          [6 * MiB, block],
        ]),
        small: sparseFile(100 * KiB, [[8 * KiB, block.subarray(0, 4 * KiB)]]),
        tiny: sparseFile(5, []),
        'of many gigabytes': sparseFile(5 * 1024 * MiB + 3, [[5 * 1024 * MiB, Buffer.from('end')]]),
      },
      { threads: 1 },
    )
  })
})

describe('kinds of entries', () => {
  it('come back: links that dangle, lead up or are long, and fifos', async () => {
    await expectRoundTrip({
      dangling: symlink('nowhere/at/all'),
      up: symlink('../../..'),
      loop: symlink('loop'),
      long: symlink('x'.repeat(4095)),
      odd: symlink(Buffer.from([0xff, 0x0a, 0x1b])),
      'with time': symlink('a', { mtime: [1_000_000_000, 123_456_789] }),
      pipe: special('fifo', [0, 0], { mode: 0o600, mtime: [7, 8] }),
      folder: directory({ empty: directory({}), pipe: special('fifo') }),
    })
  })

  it('come back: hard links, also across folders, of every kind', async () => {
    await expectRoundTrip({
      a: directory({ first: file('one file, three names') }),
      b: directory({ second: hardLink('a/first'), third: hardLink('a/first') }),
      alone: file('one name'),
      link: symlink('target'),
      'same link': hardLink('link'),
      pipe: special('fifo'),
      'same pipe': hardLink('pipe'),
      large: file(randomBytesOf('large', 2 * MiB)),
      z: directory({ 'same large': hardLink('large') }),
      empty: file(''),
      'empty too': hardLink('empty'),
    })
  })

  it.runIf(isRoot)('come back: devices', async () => {
    await expectRoundTrip({
      null: special('character', [1, 3], { mode: 0o666 }),
      disk: special('block', [7, 300], { mode: 0o660, gid: 6 }),
      'large numbers': special('block', [4000, 1_000_000]),
    })
  })

  it('leaves sockets out with a notice', async () => {
    const source = scratchFolder()
    makeTree(source, { 'the socket': special('socket'), file: file('x') })
    const repository = await (await newRepository()).open()
    const { snapshot, events, statistics, notices } = await save(repository, source)
    expect(remarks(events)).toEqual(['notice /the socket: a socket is not saved'])
    expect(notices).toBe(1)
    expect(statistics.unreadable).toBe(0)
    expect(pathsOf(repository, snapshot)).toEqual(['file'])
  })

  it('gives a hard link whose other names are outside of the source as a file of its own', async () => {
    const source = scratchFolder()
    makeTree(source, {
      out: directory({ a: file('content') }),
      in: directory({ b: hardLink('out/a') }),
    })
    const repository = await (await newRepository()).open()
    const { snapshot } = await save(repository, join(source, 'in'))
    const differences = await restoreDifferences(repository, snapshot, join(source, 'in'))
    expect(differences).toEqual([])
  })
})

describe('names', () => {
  it('come back that are no UTF-8, hold newlines and escapes, or have 255 bytes', async () => {
    const everyByte = Array.from({ length: 255 }, (_, index) => index + 1).filter(
      (byte) => byte !== 0x2f,
    )
    const tree: Record<string, ReturnType<typeof file>> = {}
    for (const byte of everyByte) {
      tree[`x${String.fromCharCode(byte)}y`] = file(`byte ${byte}`)
    }
    await expectRoundTrip({
      ...tree,
      [byteName('Grüße 你好')]: directory({ [byteName('ключ')]: file('utf-8') }),
      '\xff\xfe\x80': directory({ '\xc3\x28': file('no utf-8') }),
      'line\nfeed\r\ttab \x1b[31mred': directory({ '\n': file('one newline') }),
      ['n'.repeat(255)]: file('long'),
      ['\xe9'.repeat(255)]: directory({ ['\x01'.repeat(255)]: symlink('x') }),
      '...': file('three dots'),
      '-rf': file('like an option'),
      '*': file('like a pattern'),
      ' ': file('a space'),
      __proto__x: file('like a property'),
    })
  })

  it('come back in a path of more than 4,096 bytes', async () => {
    let tree: Tree = { 'at the bottom': file('deep'), link: symlink('x') }
    for (let level = 0; level < 25; level++) {
      tree = { [`${level}-${'d'.repeat(200)}`]: directory(tree, { mtime: [1000 + level, 5] }) }
    }
    await expectRoundTrip(tree)
  })

  it('come back in a tree of 600 levels', async () => {
    let tree: Tree = { bottom: file('deep') }
    for (let level = 0; level < 600; level++) tree = { d: directory(tree) }
    await expectRoundTrip(tree)
  })

  it('sort by their bytes, so that names around a common prefix meet their old entries', async () => {
    const names = ['a', 'a-b', 'a.b', 'a/b', 'ab', 'a\x01', 'a\xff', 'A', 'aa'].filter(
      (name) => !name.includes('/'),
    )
    const source = scratchFolder()
    const tree: Record<string, Tree[string]> = {}
    for (const [index, name] of names.entries()) {
      tree[name] = index % 2 === 0 ? directory({ x: file(name) }) : file(name)
    }
    makeTree(source, tree)
    await letStampsAge()
    const repository = await (await newRepository()).open()
    await save(repository, source)
    const { statistics } = await save(repository, source)
    expect(statistics.unchangedFiles).toBe(names.length)
  })
})

describe('metadata', () => {
  it('comes back: every permission bit', async () => {
    const tree: Record<string, Tree[string]> = {}
    for (const mode of [0o000, 0o400, 0o111, 0o644, 0o777, 0o1777, 0o2755, 0o4755, 0o7777]) {
      tree[`file ${mode.toString(8)}`] = file('x', { mode })
      tree[`folder ${mode.toString(8)}`] = directory({ inside: file('y') }, { mode })
    }
    if (isRoot) await expectRoundTrip(tree)
    else await expectRoundTrip({ ...tree, 'folder 0': directory({}) })
  })

  it('comes back: times before 1970, after 2038 and to the nanosecond', async () => {
    const times = [
      [0, 0],
      [0, 1],
      [-1, 999_999_999],
      [-2_000_000_000, 1],
      [2 ** 31, 5],
      [2 ** 32 + 7, 999_999_999],
      [1_700_000_000, 123_456_789],
    ] as const
    const tree: Record<string, Tree[string]> = {}
    for (const [index, mtime] of times.entries()) {
      tree[`file ${index}`] = file('x', { mtime })
      tree[`folder ${index}`] = directory({ y: file('y', { mtime }) }, { mtime })
      tree[`link ${index}`] = symlink('x', { mtime })
      tree[`fifo ${index}`] = special('fifo', [0, 0], { mtime })
    }
    await expectRoundTrip(tree)
  })

  it('comes back: extended attributes and access control lists', async () => {
    await expectRoundTrip({
      plain: file('x', {
        xattrs: { 'user.empty': '', 'user.text': 'value', 'user.\xff': Buffer.from([0, 255, 10]) },
      }),
      'large file': file(randomBytesOf('xattr', 2 * MiB), { xattrs: { 'user.origin': 'here' } }),
      folder: directory(
        { inside: file('x') },
        {
          xattrs: {
            'user.folder': 'yes',
            'system.posix_acl_access': generousAcl,
            'system.posix_acl_default': generousAcl,
          },
        },
      ),
      listed: file('x', { xattrs: { 'system.posix_acl_access': generousAcl } }),
      many: file('x', {
        xattrs: Object.fromEntries(
          Array.from({ length: 30 }, (_, index) => [`user.name${index}`, `value ${index}`]),
        ),
      }),
      'long value': file('x', { xattrs: { 'user.long': randomBytesOf('value', 3000) } }),
    })
  })

  it.runIf(isRoot)('comes back: owners up to the largest number', async () => {
    await expectRoundTrip({
      somebody: file('x', { uid: 12_345, gid: 54_321, mode: 0o4755 }),
      nobody: directory({ a: file('y', { uid: 65_534, gid: 65_534 }) }, { uid: 1, gid: 2 }),
      largest: file('x', { uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 }),
      link: symlink('x', { uid: 77, gid: 78 }),
    })
  })
})

describe('large folders and files', () => {
  it('keep 20,000 entries, of which one changed rewrites only its page', async () => {
    const source = scratchFolder(fastFolder)
    const tree: Record<string, Tree[string]> = {}
    for (let index = 0; index < 20_000; index++) tree[`entry-${index}`] = file(`${index % 100}`)
    makeTree(source, { many: directory(tree) })
    await letStampsAge()
    const repository = await (await newRepository()).open()
    await withThreads(2, async () => {
      const first = await save(repository, source)
      expect(first.statistics.files).toBe(20_000)
      // 100 different contents. Two threads may look at the same moment, and one of them wins.
      expect(first.statistics.dataBlobsAdded).toBe(100)
      expect(first.statistics.treeBlobsAdded).toBeGreaterThan(5)
      writeFileSync(join(source, 'many/entry-777'), 'changed')
      await letStampsAge()
      const second = await save(repository, source)
      expect(second.statistics.changedFiles).toBe(1)
      expect(second.statistics.dataBlobsAdded).toBe(1)
      // The page with the entry, the page above it, and the root.
      expect(second.statistics.treeBlobsAdded).toBeLessThanOrEqual(3)
      const { target, problems } = await restoreTo(
        repository,
        second.snapshot,
        join(scratchFolder(fastFolder), 'restored'),
      )
      expect(problems).toEqual([])
      expect(treeDifferences(scanTree(source), scanTree(target))).toEqual([])
    })
  })

  it('keep a file of more than 512 chunks, and store little after an insert', async () => {
    const source = scratchFolder()
    const content = randomBytesOf('lists', 14 * MiB)
    makeTree(source, { large: file(content) })
    await letStampsAge()
    const repository = await (await newRepository()).open()
    const first = await save(repository, source)
    expect(first.statistics.dataBlobsAdded).toBeGreaterThan(512)
    // The root's page and at least one content list.
    expect(first.statistics.treeBlobsAdded).toBeGreaterThan(1)
    const inserted = Buffer.concat([
      content.subarray(0, 5 * MiB + 321),
      randomBytesOf('insert', 1000),
      content.subarray(5 * MiB + 321),
    ])
    const later = scratchFolder()
    makeTree(later, { large: file(inserted) })
    await letStampsAge()
    const second = await save(repository, later)
    expect(second.statistics.dataBytesAdded).toBeLessThan(32 * smallChunks)
    expect(second.statistics.treeBlobsAdded).toBeLessThanOrEqual(4)
    expect(await restoreDifferences(repository, first.snapshot, source)).toEqual([])
    expect(await restoreDifferences(repository, second.snapshot, later)).toEqual([])
    expect(await findings(repository)).toEqual([])
  })

  it('keep a sparse file of more than 512 chunks', async () => {
    const parts = Array.from(
      { length: 700 },
      (_, index) => [index * 32 * KiB, randomBytesOf(index, 4096)] as const,
    )
    await expectRoundTrip({ sparse: sparseFile(700 * 32 * KiB, parts) })
  })
})
