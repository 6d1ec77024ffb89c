import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  forgetSnapshots,
  listSnapshots,
  restore,
  resolveSnapshot,
  snapshot,
  verify,
} from '../../../src/index.ts'
import {
  directory,
  file,
  hardLink,
  makeTree,
  sparseFile,
  special,
  symlink,
  type Tree,
} from '../make-tree.ts'
import { logLines, randomBytesOf } from '../random-bytes.ts'
import { scanTree, treeDifferences } from '../scan-tree.ts'
import type { SweepWorld } from './sweep-world.ts'

export interface Scenario {
  /** Makes the state that every turn begins with. */
  prepare(world: SweepWorld): Promise<void>
  command(world: SweepWorld): string[]
  /** What is missing after the command has ended with success. */
  missing(world: SweepWorld): Promise<string[]>
  /** Statuses with which the command may end when it is run again after a failure; 0 without this. */
  readonly again?: readonly number[]
}

const tree: Tree = {
  a: directory({
    one: file(logLines('one', 9000)),
    two: file(logLines('two', 40_000), { mode: 0o640 }),
    empty: file(''),
    random: file(randomBytesOf('random', 70_000)),
  }),
  b: directory({
    deep: directory({ three: file(logLines('three', 3000), { xattrs: { 'user.note': 'kept' } }) }),
    link: symlink('../a/one'),
    pipe: special('fifo'),
  }),
  large: file(randomBytesOf('large', 2_500_000)),
  linked: hardLink('a/one'),
  sparse: sparseFile(4_000_000, [
    [0, Buffer.from('begin')],
    [2_000_000, randomBytesOf('sparse', 50_000)],
  ]),
}

/** What changes between the first and the second snapshot. */
function changeSource(source: string): void {
  writeFileSync(join(source, 'a/two'), logLines('two again', 50_000))
  writeFileSync(join(source, 'b/new'), randomBytesOf('new', 90_000))
  rmSync(join(source, 'a/random'))
}

async function save(world: SweepWorld): Promise<string> {
  return await world.use(async (repository) => {
    const saved = await snapshot(repository, { paths: [world.source], base: world.source })
    if (!saved.snapshot) throw new Error('There is no snapshot')
    return saved.snapshot.id
  })
}

async function saveAndKeep(world: SweepWorld): Promise<string> {
  const id = await save(world)
  world.kept.set(id, scanTree(world.source))
  return id
}

function prepareSource(world: SweepWorld): void {
  makeTree(world.source, tree)
}

/** An older snapshot, and what it shares with nobody is most of its packs. */
async function saveOther(world: SweepWorld, seed: string): Promise<string> {
  const other = `${world.source}-${seed}`
  mkdirSync(other)
  makeTree(other, {
    mixed: file(randomBytesOf(seed, 300_000)),
    shared: file(logLines('one', 9000)),
  })
  const id = await world.use(async (repository) => {
    const saved = await snapshot(repository, { paths: [other], base: other })
    return saved.snapshot?.id ?? ''
  })
  world.kept.set(id, scanTree(other))
  return id
}

async function prepareTwo(world: SweepWorld): Promise<void> {
  await world.init()
  prepareSource(world)
  await saveOther(world, 'other')
  await saveAndKeep(world)
}

async function latestDiffers(world: SweepWorld): Promise<string[]> {
  return await world.use(async (repository) => {
    const latest = resolveSnapshot(repository, 'latest')
    if (world.kept.has(latest.id)) return ['the new snapshot is not there']
    return await restoredDiffers(world, latest.id)
  })
}

/** Restores a snapshot of the source and compares. */
export async function restoredDiffers(world: SweepWorld, id: string): Promise<string[]> {
  const target = `${world.target}-judged`
  try {
    return await world.use(async (repository) => {
      const problems: string[] = []
      await restore(repository, {
        snapshot: resolveSnapshot(repository, id),
        target: Buffer.from(target),
        onEvent: (event) => {
          if (event.type !== 'progress') problems.push(`${event.type} ${event.message}`)
        },
      })
      const expected = world.kept.get(id) ?? scanTree(world.source)
      const actual = scanTree(target)
      return [
        ...problems,
        ...treeDifferences(withoutOuterPath(expected), withoutOuterPath(actual, world, expected)),
      ]
    })
  } finally {
    rmSync(target, { recursive: true, force: true })
  }
}

/** Snapshots of the command line start from `/`; those of the library here from the source. */
function withoutOuterPath(
  found: ReturnType<typeof scanTree>,
  world?: SweepWorld,
  expected?: ReturnType<typeof scanTree>,
): ReturnType<typeof scanTree> {
  const prefix = world ? `${world.source.slice(1)}/` : ''
  const isOuter = world !== undefined && ![...found.keys()].some((path) => expected?.has(path))
  const inner = new Map(
    [...found].flatMap(([path, entry]) => {
      if (!isOuter) return [[path, { ...entry, links: '' }] as const]
      return path.startsWith(prefix)
        ? [[path.slice(prefix.length), { ...entry, links: '' }] as const]
        : []
    }),
  )
  return inner
}

async function nothing(): Promise<string[]> {
  return []
}

async function pathsLeft(world: SweepWorld): Promise<string[]> {
  const lines = treeDifferences(
    withoutOuterPath([...world.kept.values()].at(-1) ?? new Map()),
    withoutOuterPath(scanTree(world.target)),
  )
  return lines
}

const snapshotOf = (world: SweepWorld): string[] => ['snapshot', world.source]

export const scenarios = {
  init: {
    prepare: async (world: SweepWorld) => {
      mkdirSync(world.repository)
    },
    command: () => ['init'],
    missing: async (world: SweepWorld) => {
      await world.use(async (repository) => {
        await snapshot(repository, { paths: ['/dev/null'] })
      })
      return []
    },
    // When only its answer was lost.
    again: [0, 1],
  },
  'first snapshot': {
    prepare: async (world: SweepWorld) => {
      await world.init()
      prepareSource(world)
    },
    command: snapshotOf,
    missing: latestDiffers,
  },
  snapshot: {
    prepare: async (world: SweepWorld) => {
      await prepareTwo(world)
      // From the root, as the command does, so that it is the parent.
      await world.use(async (repository) => {
        await snapshot(repository, { paths: [world.source] })
      })
      changeSource(world.source)
    },
    command: snapshotOf,
    missing: latestDiffers,
  },
  restore: {
    prepare: async (world: SweepWorld) => {
      await prepareTwo(world)
      mkdirSync(world.target)
      makeTree(world.target, {
        a: directory({ one: file('something else') }),
        large: file(randomBytesOf('large', 2_000_000)),
        foreign: file('to be deleted'),
      })
    },
    command: (world: SweepWorld) => ['restore', 'latest', '--target', world.target, '--delete'],
    missing: pathsLeft,
  },
  verify: {
    prepare: prepareTwo,
    command: () => ['verify', '--all'],
    missing: nothing,
  },
  delete: {
    prepare: async (world: SweepWorld) => {
      await prepareTwo(world)
      const id = await saveOther(world, 'doomed')
      world.kept.delete(id)
    },
    command: () => ['delete', 'latest', '--yes'],
    missing: async (world: SweepWorld) =>
      await world.use(async (repository) => {
        const left = listSnapshots(repository).length
        return left <= world.kept.size ? [] : [`${left} snapshots are left`]
      }),
    // It may be gone already; then `latest` is one that has to stay.
    again: [],
  },
  prune: {
    prepare: async (world: SweepWorld) => {
      await world.init()
      prepareSource(world)
      const doomed = await saveOther(world, 'doomed')
      await saveOther(world, 'other')
      const first = await save(world)
      changeSource(world.source)
      await saveAndKeep(world)
      world.kept.delete(doomed)
      await world.use(async (repository) => {
        const ids = [first, doomed].map((id) => resolveSnapshot(repository, id))
        await forgetSnapshots(repository, ids)
      })
    },
    command: () => ['prune', '--grace', '0', '--max-unused', '0'],
    missing: async (world: SweepWorld) =>
      await world.use(async (repository) => {
        const found = await verify(repository, {})
        return found.damaged.map(({ message }) => message)
      }),
  },
  check: {
    prepare: prepareTwo,
    command: () => ['check', '--read-data'],
    missing: nothing,
  },
  'repair catalogue': {
    prepare: prepareTwo,
    command: () => ['repair', 'catalogue'],
    missing: nothing,
  },
  'key add': {
    prepare: prepareTwo,
    command: () => ['key', 'add', '--label', 'second'],
    missing: async (world: SweepWorld) =>
      world.namesIn('keys').length >= 2 ? [] : ['there is no second key'],
  },
  'key change': {
    prepare: prepareTwo,
    command: () => ['key', 'change'],
    missing: nothing,
    // The old passphrase is gone when only the answer was lost.
    again: [0, 12],
  },
  list: { prepare: prepareTwo, command: () => ['list'], missing: nothing },
  status: { prepare: prepareTwo, command: () => ['status'], missing: nothing },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios
