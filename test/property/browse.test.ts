import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change, ListedEntry, Repository, Snapshot } from '../../src/index.ts'
import { diffInSlices } from '../../src/operations/browse/diff-snapshots.ts'
import { engine } from '../support/built-engine.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { newRepository, save } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** Few and alike, so that searches and renames meet; one is not UTF-8, one would act upon a terminal. */
const names = ['a', 'ab', 'b.log', 'c.log', '\u001b[1m\n', '\xff.log'].map((name) =>
  Buffer.from(name, 'latin1'),
)
const folders = ['', 'a', 'd', 'a/d', 'd/e']

type Step =
  | {
      readonly do: 'write'
      readonly folder: number
      readonly name: number
      readonly content: number
    }
  | { readonly do: 'remove'; readonly folder: number; readonly name: number }
  | { readonly do: 'rename'; readonly folder: number; readonly name: number; readonly to: number }
  | { readonly do: 'move folder'; readonly folder: number; readonly to: number }
  | { readonly do: 'save' }

const folder = fc.nat(folders.length - 1)
const name = fc.nat(names.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('write' as const), folder, name, content: fc.nat(5) }),
  fc.record({ do: fc.constant('remove' as const), folder, name }),
  fc.record({ do: fc.constant('rename' as const), folder, name, to: name }),
  fc.record({ do: fc.constant('move folder' as const), folder, to: folder }),
  fc.record({ do: fc.constant('save' as const) }),
)

const kindsAsked = [undefined, ['file'], ['directory'], ['symlink', 'directory']] as const
const patterns = [
  'a',
  'log',
  '*.log',
  '?',
  'a*',
  'd/',
  'a/d',
  '/a/**',
  '**/e/*',
  '/d/*.log',
  '*',
  '/d/b',
  '/*/?',
  '/**/*.log',
  '/a/',
  '/d/**/b*',
]

/** Something stands in the way: then the step changes nothing. */
function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // What is there is what is saved.
  }
}

function apply(root: string, change: Step): void {
  const at = (number: number, file?: number): Buffer =>
    Buffer.concat([
      Buffer.from(`${root}/${folders[number]}/`),
      file === undefined ? Buffer.alloc(0) : names[file],
    ])
  quietly(() => {
    if (change.do === 'write') {
      mkdirSync(join(root, folders[change.folder]), { recursive: true })
      const bytes = change.content * 20_000
      writeFileSync(at(change.folder, change.name), randomBytesOf(change.content, bytes))
    } else if (change.do === 'remove') rmSync(at(change.folder, change.name))
    else if (change.do === 'rename') {
      renameSync(at(change.folder, change.name), at(change.folder, change.to))
    } else if (change.do === 'move folder' && change.folder > 0 && change.to > 0) {
      renameSync(join(root, folders[change.folder]), join(root, folders[change.to]))
    }
  })
}

async function history(steps: readonly Step[]): Promise<[Repository, Snapshot[]]> {
  const repository = await (await newRepository({ folder: scratchFolder(fastFolder) })).open()
  const root = scratchFolder(fastFolder)
  const snapshots: Snapshot[] = []
  for (const one of [...steps, { do: 'save' as const }]) {
    if (one.do === 'save') snapshots.push((await save(repository, root)).snapshot)
    else apply(root, one)
  }
  return [repository, snapshots]
}

function listing(repository: Repository, snapshot: Snapshot): Map<string, ListedEntry> {
  const entries = engine.listTree(repository, snapshot, Buffer.alloc(0), { recursive: true })
  return new Map(Array.from(entries, (entry) => [entry.path.toString('latin1'), entry]))
}

const isDirectory = ({ mode }: ListedEntry): boolean => (mode & 0o170000) === 0o040000
/** There is nothing but files and directories. */
const kindIn = (entry: ListedEntry): string => (isDirectory(entry) ? 'directory' : 'file')
const questions = patterns.flatMap((pattern) =>
  kindsAsked.map((kinds) => [pattern, kinds] as const),
)

/** What a pattern means, without any of the program. */
function means(pattern: string, path: string, entry: ListedEntry): boolean {
  const onlyDirectories = pattern.endsWith('/')
  if (onlyDirectories && !isDirectory(entry)) return false
  const text = onlyDirectories ? pattern.slice(0, -1) : pattern
  const base = path.slice(path.lastIndexOf('/') + 1)
  if (!/[*?]/.test(text)) {
    if (!text.includes('/')) return base.includes(text)
    if (text.startsWith('/')) return new RegExp(`^${text}[^/]*$`, 's').test(`/${path}`)
    return new RegExp(`(^|.)${text}[^/]*$`, 's').test(path)
  }
  const source = text
    .replace(/^\//, '')
    .replaceAll(/[.+^$()|[\]{}]/g, '\\$&')
    .replaceAll(/\*\*\/|\/\*\*|\*|\?/g, (part) => {
      if (part === '**/') return '(?:.*/)?'
      if (part === '/**') return '(?:/.*)?'
      return part === '*' ? '[^/]*' : '[^/]'
    })
  const start = text.startsWith('/') ? '^' : '(?:^|/)'
  return new RegExp(`${start}${source}$`, 's').test(path)
}

describe('what is asked over many snapshots', () => {
  it('finds what a look at every listing finds', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 25 }), async (steps) => {
        const [repository, snapshots] = await history(steps)
        const newestFirst = [...snapshots].reverse()
        const listings = newestFirst.map((snapshot) => listing(repository, snapshot))
        for (const [pattern, kinds] of questions) {
          const expected = new Map<string, { ids: string[]; size: number }>()
          for (const [index, entries] of listings.entries()) {
            for (const [path, entry] of entries) {
              if (!means(pattern, path, entry)) continue
              if (kinds && !kinds.some((kind) => kind === kindIn(entry))) continue
              const known = expected.get(path)
              if (known) known.ids.push(newestFirst[index].id)
              else expected.set(path, { ids: [newestFirst[index].id], size: entry.size })
            }
          }
          const { items, matches } = engine.findPaths(repository, {
            pattern,
            ...(kinds && { kinds }),
            limit: 1000,
            snapshotsNamedMax: 1000,
          })
          expect(inParts(repository, pattern, kinds), pattern).toEqual(
            items.map(({ path }) => path.toString('latin1')),
          )
          const order = items.map(({ path, snapshotIds: [newest] }): [number, string] => [
            newestFirst.findIndex(({ id }) => id === newest),
            path.toString('latin1'),
          ])
          expect([...order].sort(byNumberThenText), pattern).toEqual(order)
          const found = items.map(({ path, snapshotIds, size }): [string, unknown] => [
            path.toString('latin1'),
            { ids: snapshotIds, size },
          ])
          expect(new Map(found), pattern).toEqual(expected)
          expect(matches, pattern).toBe(expected.size)
        }
      }),
      { numRuns: 12 },
    )
  })

  it('tells the difference of two listings', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 25 }), async (steps) => {
        const [repository, snapshots] = await history(steps)
        const [from, to] = [snapshots[0], snapshots[snapshots.length - 1]]
        const [before, after] = [listing(repository, from), listing(repository, to)]
        const changes = [...engine.diffSnapshots(repository, from, to)]
        const whole = await diffInSlices(repository, [from, to], { changesMax: Infinity })
        expect(whole.changes).toEqual(changes)
        const held = [...engine.diffSnapshots(repository, from, to, { heldMax: 2 })]
        for (const changesMax of [1, 2, 3]) {
          const options = { changesMax, heldMax: 2 }
          const first = await diffInSlices(repository, [from, to], options)
          expect(first.changes).toEqual(held.toSorted(byPath).slice(0, changesMax))
          expect(first.summary).toMatchObject(countsOf(held))
        }
        const mapped = replay(before, changes)
        expect([...mapped.keys()].sort()).toEqual([...after.keys()].sort())
        for (const [path, size] of mapped) {
          const entry = after.get(path)
          if (entry && !isDirectory(entry)) expect(entry.size, path).toBe(size)
        }
      }),
      { numRuns: 12 },
    )
  })

  it('counts what a prune frees', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 25 }), async (steps) => {
        const [repository, snapshots] = await history([...steps, { do: 'save' }])
        const gone = snapshots.filter((_, index) => index % 2 === 0)
        const ids = gone.map(({ id }) => id)
        const before = engine.repositoryStatistics(repository)
        const { freedBytes } = engine.deletionStatistics(repository, ids)
        await engine.forgetSnapshots(repository, gone)
        const after = engine.repositoryStatistics(repository)
        expect(after.totals.neededBytes).toBeGreaterThan(before.totals.neededBytes - freedBytes - 3)
        expect(after.totals.neededBytes).toBeLessThan(before.totals.neededBytes - freedBytes + 3)
        await engine.prune(repository, { graceMs: 0, unused: { bytes: 0 } })
        const { totals } = engine.repositoryStatistics(repository)
        expect(totals.unusedBytes).toBe(0)
        // What is copied is compressed anew; a part of a segment may take a little more or less room.
        const left = after.totals.neededBytes
        expect(Math.abs(totals.neededBytes - left)).toBeLessThan(200 + left * 0.05)
      }),
      { numRuns: 6 },
    )
  })
})

/** The same search, two paths at a time. */
function inParts(
  repository: Repository,
  pattern: string,
  kinds: (typeof kindsAsked)[number],
): string[] {
  const paths: string[] = []
  let cursor: string | null = '0'
  while (cursor !== null) {
    const question = { pattern, ...(kinds && { kinds }), limit: 2, cursor }
    const { items, nextCursor } = engine.findPaths(repository, question)
    paths.push(...items.map(({ path }) => path.toString('latin1')))
    cursor = nextCursor
  }
  return paths
}

function byNumberThenText([one, text]: [number, string], [other, than]: [number, string]): number {
  return one === other ? (text < than ? -1 : 1) : one - other
}

function byPath(one: Change, other: Change): number {
  const order = Buffer.compare(one.path, other.path)
  // Of a file that became a directory, what is gone comes first.
  return order === 0 && one.change !== other.change ? (one.change === 'removed' ? -1 : 1) : order
}

function countsOf(changes: readonly Change[]): Record<string, number> {
  const counts: Record<string, number> = { added: 0, removed: 0, modified: 0, renamed: 0 }
  for (const { change } of changes) counts[change] += 1
  return counts
}

/** The listing before, with the changes made to it: path to size. */
function replay(
  before: ReadonlyMap<string, ListedEntry>,
  changes: readonly Change[],
): Map<string, number> {
  const paths = new Map(Array.from(before, ([path, { size }]) => [path, size]))
  const moved = new Map<string, number>()
  for (const { change, path, oldPath, newSize } of changes) {
    const text = path.toString('latin1')
    if (change === 'removed') paths.delete(text)
    if (change !== 'renamed' || !oldPath) continue
    const old = oldPath.toString('latin1')
    for (const [at, size] of paths) {
      if (at !== old && !at.startsWith(`${old}/`)) continue
      paths.delete(at)
      moved.set(text + at.slice(old.length), at === old ? (newSize ?? 0) : size)
    }
  }
  for (const [path, size] of moved) paths.set(path, size)
  for (const { change, path, newSize } of changes) {
    if (change === 'added' || change === 'modified')
      paths.set(path.toString('latin1'), newSize ?? 0)
  }
  return paths
}
