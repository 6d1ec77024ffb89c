import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository, RestoreResult } from '../../../src/index.ts'
import { engine } from '../built-engine.ts'
import { directory, file, makeTree, type Tree } from '../make-tree.ts'
import { logLines, randomBytesOf } from '../random-bytes.ts'
import { scanTree, treeDifferences, type ScannedTree } from '../scan-tree.ts'
import type { SmallDisk } from './small-disk.ts'

export const fullDiskOperations = [
  'init',
  'snapshot',
  'forget',
  'prune',
  'forget and prune',
  'repair catalogue',
  'restore from',
  'restore to',
] as const
export type FullDiskOperation = (typeof fullDiskOperations)[number]

/** What every step begins with: a repository with three snapshots, one of which is forgotten, and sources that have changed since. */
export interface FullDiskWorld {
  /** Outside of the small disk. */
  readonly folder: string
  readonly template: string
  readonly source: string
  readonly trees: ReadonlyMap<string, ScannedTree>
  /** The one that can be forgotten, oldest first. */
  readonly oldest: string
}

export interface StepOutcome {
  readonly freeBytes: number
  /** Code of the error, or `done`. */
  readonly code: string
  readonly problems: readonly string[]
}

function treeOf(seed: string, mebibytes: number): Tree {
  const files: Record<string, Tree[string]> = {}
  for (let index = 0; index < 6; index++)
    files[`text-${index}`] = file(logLines(seed + index, 30_000))
  const bytes = Math.floor((mebibytes * 1024 * 1024) / 4)
  for (let index = 0; index < 4; index++)
    files[`f${index}`] = file(randomBytesOf(seed + index, bytes))
  return { [seed]: directory(files) }
}

export async function makeFullDiskWorld(folder: string): Promise<FullDiskWorld> {
  const template = join(folder, 'template')
  const source = join(folder, 'source')
  const trees = new Map<string, ScannedTree>()
  await engine.initRepository({ location: template, chunkAverageBytes: 16 * 1024 })
  const repository = await open(template, `${template}-cache`)
  const ids: string[] = []
  for (const seed of ['one', 'two', 'three']) {
    rmSync(source, { recursive: true, force: true })
    mkdirSync(source)
    makeTree(source, { ...treeOf(seed, 2), ...treeOf('same', 0.5) })
    const { snapshot } = await engine.snapshot(repository, { paths: [source], base: source })
    ids.push(snapshot?.id ?? '')
    trees.set(ids.at(-1) ?? '', scanTree(source))
  }
  const forgotten = engine.resolveSnapshot(repository, ids[1])
  await engine.forgetSnapshots(repository, [forgotten])
  trees.delete(ids[1])
  await repository.close()
  makeTree(source, treeOf('new', 3))
  return { folder, template, source, trees, oldest: ids[0] }
}

function open(location: string, cacheDirectory: string, freesSpace = false): Promise<Repository> {
  return engine.openRepository({ location, cacheDirectory, ...(freesSpace && { freesSpace }) })
}

/** Does one operation with so much room, looks at what is left, makes room, and does it again. */
export async function stepOnFullDisk(
  world: FullDiskWorld,
  disk: SmallDisk,
  operation: FullDiskOperation,
  room: { readonly bytes?: number; readonly files?: number },
): Promise<StepOutcome> {
  disk.relax()
  clean(disk)
  const place = new StepPlace(world, disk, operation)
  if (room.bytes !== undefined) disk.leave(room.bytes)
  if (room.files !== undefined) disk.leaveFiles(room.files)
  const freeBytes = disk.freeBytes()
  const problems: string[] = []
  const { code, told } = await outcomeOf(place, operation)
  problems.push(...judgeMessage(code, told, place))
  // What must work with nothing left at all.
  const isPromised =
    operation === 'forget and prune' || operation === 'forget' || operation === 'restore from'
  if (isPromised && code !== 'done') problems.push(`it does not work on a full disk: ${told}`)
  if (operation !== 'init') problems.push(...(await place.keptProblems(code)))
  disk.relax()
  if (code !== 'done') {
    const again = await outcomeOf(place, operation)
    const isThere = operation === 'init' && again.code === 'REPOSITORY_EXISTS'
    if (again.code !== 'done' && !isThere)
      problems.push(`with room it ends with ${again.code}: ${again.told}`)
  }
  problems.push(...(await place.finalProblems()))
  return { freeBytes, code, problems }
}

function clean(disk: SmallDisk): void {
  for (const name of readdirSync(disk.folder)) {
    if (name !== 'lost+found') rmSync(join(disk.folder, name), { recursive: true, force: true })
  }
}

async function outcomeOf(
  place: StepPlace,
  operation: FullDiskOperation,
): Promise<{ code: string; told: string }> {
  try {
    await place.run(operation)
    return { code: 'done', told: '' }
  } catch (error) {
    if (!(error instanceof engine.HoldfastError))
      return { code: 'UNTYPED', told: String((error as Error).stack) }
    return { code: error.code, told: `${error.message} | ${error.remedy}` }
  }
}

function judgeMessage(code: string, told: string, place: StepPlace): string[] {
  if (code === 'done') return []
  const isFull =
    code === 'STORAGE_FULL' ||
    (code === 'CATALOGUE_FAILED' && /full|I\/O/.test(told)) ||
    (code === 'TARGET_UNWRITABLE' && /full/.test(told))
  if (!isFull) return [`it ends with ${code}: ${told}`]
  return told.includes(place.diskFolder) ? [] : [`the message does not say what is full: ${told}`]
}

class StepPlace {
  readonly diskFolder: string
  readonly #world: FullDiskWorld
  readonly #location: string
  readonly #target: string
  /** Elsewhere: a catalogue that does not fit beside the objects is made there. */
  readonly #cache: string
  readonly #operation: FullDiskOperation

  constructor(world: FullDiskWorld, disk: SmallDisk, operation: FullDiskOperation) {
    this.#world = world
    this.#operation = operation
    this.diskFolder = disk.folder
    const isTarget = operation === 'restore to'
    this.#location = join(isTarget ? world.folder : disk.folder, 'repository')
    this.#target = join(isTarget ? disk.folder : world.folder, 'target')
    rmSync(this.#target, { recursive: true, force: true })
    rmSync(this.#location, { recursive: true, force: true })
    this.#cache = join(world.folder, 'cache')
    rmSync(this.#cache, { recursive: true, force: true })
    if (operation !== 'init') cpSync(world.template, this.#location, { recursive: true })
    if (operation === 'repair catalogue')
      rmSync(join(this.#location, 'catalogue.db'), { force: true })
  }

  async run(operation: FullDiskOperation): Promise<void> {
    if (operation === 'init') {
      await engine.initRepository({ location: this.#location })
      return
    }
    const freesSpace = operation.includes('forget') || operation === 'prune'
    const repository = await open(this.#location, this.#cache, freesSpace)
    try {
      await this.#work(repository, operation)
    } finally {
      await repository.close()
    }
  }

  async #work(repository: Repository, operation: FullDiskOperation): Promise<void> {
    const { source, oldest } = this.#world
    const isThere = engine.listSnapshots(repository).some(({ id }) => id === oldest)
    if (operation === 'snapshot') {
      await engine.snapshot(repository, { paths: [source], base: source })
    } else if (operation === 'repair catalogue') {
      await engine.repairCatalogue(repository)
    } else if (operation.startsWith('restore')) {
      const { errors } = await this.#restore(repository)
      if (errors > 0) throw new engine.TargetError(`${errors} files of ${this.diskFolder} are full`)
    } else {
      if (operation.includes('forget') && isThere) {
        await engine.forgetSnapshots(repository, [engine.resolveSnapshot(repository, oldest)])
      }
      if (operation.includes('prune')) {
        const { bytesFreed } = await engine.prune(repository, { graceMs: 0, unused: { bytes: 0 } })
        if (operation === 'forget and prune' && bytesFreed < 1_000_000 && isThere) {
          throw new Error(`Only ${bytesFreed} bytes are freed`)
        }
      }
    }
  }

  #restore(repository: Repository): Promise<RestoreResult> {
    return engine.restore(repository, {
      snapshot: engine.resolveSnapshot(repository, 'latest'),
      target: Buffer.from(this.#target),
    })
  }

  /** While the disk is still full. */
  async keptProblems(code: string): Promise<string[]> {
    if (this.#operation === 'restore to') return this.#partialFiles(code)
    const problems: string[] = []
    // Its catalogue may not fit any more; a new one is made elsewhere.
    const repository = await open(this.#location, this.#cache)
    try {
      const ids = new Set<string>(engine.listSnapshots(repository).map(({ id }) => id))
      for (const [id, tree] of this.#world.trees) {
        const isForgotten = this.#operation.includes('forget') && id === this.#world.oldest
        if (isForgotten) continue
        if (!ids.has(id)) problems.push(`snapshot ${id} is gone`)
        else problems.push(...(await this.#differences(repository, id, tree)))
      }
      if (code !== 'done' && this.#operation === 'snapshot' && ids.size > this.#world.trees.size) {
        problems.push('there is a snapshot that was not acknowledged')
      }
    } finally {
      await repository.close()
    }
    return problems
  }

  async #differences(repository: Repository, id: string, tree: ScannedTree): Promise<string[]> {
    const target = join(this.#world.folder, 'judged')
    rmSync(target, { recursive: true, force: true })
    const { errors } = await engine.restore(repository, {
      snapshot: engine.resolveSnapshot(repository, id),
      target: Buffer.from(target),
    })
    return [...(errors > 0 ? [`${errors} errors`] : []), ...treeDifferences(tree, scanTree(target))]
  }

  /** Every file under its own name is whole; none is left under another one. */
  #partialFiles(code: string): string[] {
    if (code === 'TARGET_UNWRITABLE' && !readdirSync(this.diskFolder).includes('target')) return []
    const expected = [...this.#world.trees.values()].at(-1) ?? new Map()
    const actual = scanTree(this.#target)
    return treeDifferences(expected, actual, [
      'mode',
      'owner',
      'mtime',
      'xattrs',
      'links',
      'ranges',
    ]).filter((line) => !line.endsWith(': missing'))
  }

  /** With room, and after the operation has succeeded. */
  async finalProblems(): Promise<string[]> {
    const problems: string[] = []
    const repository = await open(this.#location, this.#cache)
    try {
      for (const { message } of (await engine.verify(repository, {})).damaged)
        problems.push(message)
      for (const { name, error } of repository.unusable) problems.push(`${name}: ${error.message}`)
    } finally {
      await repository.close()
    }
    for (const folder of ['locks', 'condemned']) {
      const names = readdirSync(join(this.#location, folder))
      if (names.length > 0) problems.push(`${folder}/ is not empty`)
    }
    return problems
  }
}
