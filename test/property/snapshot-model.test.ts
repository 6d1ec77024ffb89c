import {
  chmodSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  letStampsAge,
  newRepository,
  restoreTo,
  save,
  withThreads,
  type TestRepository,
} from '../support/repositories.ts'
import { scanTree, treeDifferences, type ScannedTree } from '../support/scan-tree.ts'
import { removeTree } from '../support/remove-tree.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** Few names, so that the steps meet. */
const places = ['a', 'b', 'c', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'd/e/f', 'link'] as const

type Change =
  | { readonly do: 'write'; readonly place: number; readonly kind: number; readonly seed: number }
  | {
      readonly do: 'remove' | 'directory' | 'resize' | 'mode' | 'touch'
      readonly place: number
      readonly seed: number
    }
  | {
      readonly do: 'rename' | 'copy' | 'hard link' | 'symlink'
      readonly place: number
      readonly to: number
    }
type Operation =
  | { readonly do: 'snapshot'; readonly readAll: boolean; readonly threads: number }
  | { readonly do: 'delete' | 'restore'; readonly which: number }
  | { readonly do: 'prune'; readonly ratio: number }
  | { readonly do: 'verify' | 'repair' | 'reopen' | 'age' }

const place = fc.nat(places.length - 1)
const seed = fc.nat(20)
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ do: fc.constant('write' as const), place, kind: fc.nat(5), seed }),
  fc.record({ do: fc.constantFrom('remove', 'directory', 'resize', 'mode', 'touch'), place, seed }),
  fc.record({ do: fc.constantFrom('rename', 'copy', 'hard link', 'symlink'), place, to: place }),
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('snapshot' as const),
      readAll: fc.boolean(),
      threads: fc.constantFrom(0, 0, 0, 2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('delete', 'restore'), which: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('prune' as const),
      ratio: fc.constantFrom(0, 0.05, 0.5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('verify', 'repair', 'reopen', 'age') }) },
)
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ change }) },
    { weight: 2, arbitrary: fc.record({ operation }) },
  ),
  { minLength: 5, maxLength: 24, size: 'max' },
)

const contents = [
  (number: number) => Buffer.from(`short ${number}`),
  (number: number) => randomBytesOf(number, 20_000 + number * 3000),
  (number: number) => logLines(number, 40_000),
  () => Buffer.alloc(0),
  (number: number) => Buffer.alloc(70_000, number),
  (number: number) => randomBytesOf('same beginning', 90_000 + number * 1000),
] as const

/** Something stands in the way: then the step changes nothing, on the disk and so in the model. */
function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // The state of the folder itself is what the model is made from.
  }
}

function applyChange(folder: string, step: Change): void {
  const at = (index: number): string => join(folder, places[index])
  switch (step.do) {
    case 'write':
      quietly(() => writeFileSync(at(step.place), contents[step.kind](step.seed)))
      return
    case 'remove':
      quietly(() => rmSync(at(step.place), { recursive: true, force: true }))
      return
    case 'directory':
      quietly(() => mkdirSync(at(step.place), { recursive: true }))
      return
    case 'resize':
      quietly(() => truncateSync(at(step.place), step.seed * 10_000))
      return
    case 'mode':
      quietly(() => {
        if (!lstatSync(at(step.place)).isSymbolicLink())
          chmodSync(at(step.place), 0o600 + step.seed)
      })
      return
    case 'touch':
      quietly(() => utimesSync(at(step.place), step.seed, step.seed * 1000 + 0.5))
      return
    case 'rename':
      quietly(() => renameSync(at(step.place), at(step.to)))
      return
    case 'copy':
      quietly(() => {
        if (!at(step.to).startsWith(at(step.place))) {
          cpSync(at(step.place), at(step.to), { recursive: true, verbatimSymlinks: true })
        }
      })
      return
    case 'hard link':
      quietly(() => {
        mkdirSync(dirname(at(step.to)), { recursive: true })
        linkSync(at(step.place), at(step.to))
      })
      return
    case 'symlink':
      quietly(() => symlinkSync(places[step.place], at(step.to)))
  }
}

/** The repository under test beside what it should hold. */
class Pair {
  readonly #files: TestRepository
  readonly #source: string
  readonly #scratch: string
  readonly #model = new Map<string, { snapshot: Snapshot; tree: ScannedTree }>()
  #handle: Repository

  constructor(files: TestRepository, handle: Repository, source: string, scratch: string) {
    this.#files = files
    this.#handle = handle
    this.#source = source
    this.#scratch = scratch
  }

  change(step: Change): void {
    applyChange(this.#source, step)
  }

  async operate(step: Operation): Promise<void> {
    switch (step.do) {
      case 'snapshot': {
        const { snapshot } = await withThreads(step.threads, () =>
          save(this.#handle, this.#source, { readAll: step.readAll }),
        )
        this.#model.set(snapshot.id, { snapshot, tree: scanTree(this.#source) })
        return
      }
      case 'delete': {
        const chosen = this.#choose(step.which)
        if (!chosen) return
        await engine.forgetSnapshots(this.#handle, [chosen.snapshot])
        this.#model.delete(chosen.snapshot.id)
        return
      }
      case 'restore': {
        const chosen = this.#choose(step.which)
        if (chosen) await this.#expectRestored(chosen)
        return
      }
      case 'prune':
        await engine.prune(this.#handle, { unused: { ratio: step.ratio }, graceMs: 0 })
        return
      case 'verify':
        expect(await findings(this.#handle)).toEqual([])
        return
      case 'repair': {
        const before = [...this.#handle.catalogue.dump()]
        await engine.repairCatalogue(this.#handle)
        expect([...this.#handle.catalogue.dump()]).toEqual(before)
        return
      }
      case 'reopen':
        await this.#handle.close()
        this.#handle = await this.#files.open()
        return
      case 'age':
        await letStampsAge()
    }
  }

  /** Compares everything, and tidies up. */
  async finish(): Promise<void> {
    const listed = engine.listSnapshots(this.#handle).map(({ id }) => id)
    expect([...listed].sort()).toEqual([...this.#model.keys()].sort())
    expect(await findings(this.#handle)).toEqual([])
    for (const known of this.#model.values()) await this.#expectRestored(known)
    await this.#handle.close()
  }

  #choose(which: number): { snapshot: Snapshot; tree: ScannedTree } | undefined {
    const all = [...this.#model.values()]
    return all[which % Math.max(1, all.length)]
  }

  async #expectRestored({
    snapshot,
    tree,
  }: {
    snapshot: Snapshot
    tree: ScannedTree
  }): Promise<void> {
    const target = join(this.#scratch, 'restored')
    rmSync(target, { recursive: true, force: true })
    const { problems } = await restoreTo(this.#handle, snapshot, target)
    expect(problems).toEqual([])
    expect(treeDifferences(tree, scanTree(target))).toEqual([])
  }
}

describe('a repository', () => {
  it('holds after any sequence of steps what a plain copy of every snapshot would hold', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (sequence, isEncrypted) => {
        const scratch = scratchFolder(fastFolder)
        const source = join(scratch, 'source')
        mkdirSync(source)
        const files = await newRepository({ folder: scratch, isEncrypted })
        const pair = new Pair(files, await files.open(), source, scratch)
        for (const step of sequence) {
          if ('change' in step) pair.change(step.change)
          else await pair.operate(step.operation)
        }
        await pair.finish()
        removeTree(source)
      }),
      { numRuns: 30 },
    )
  })
})
