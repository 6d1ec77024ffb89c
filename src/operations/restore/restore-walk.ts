import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { deviceNumberOfFlags, flagHardLinked } from '../../format/tree/entry-flags.ts'
import { isDirectory, isRegular } from '../../format/tree/entry-kind.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import {
  entryCountOf,
  walkedPath,
  walkTree,
  type WalkedDirectory,
} from '../../repository/tree-walk.ts'
import type { KeptPaths } from './kept-paths.ts'
import { partedFileBytesMin, unitEntriesMax, type RestoreUnit } from './restore-batch.ts'
import type { RestoreFilter } from './restore-filter.ts'
import type { RestorePlace } from './restore-target.ts'
import type { DeferredLink } from './write-links.ts'

export interface RestoreWalkOptions {
  readonly snapshot: Snapshot
  readonly place: RestorePlace
  readonly filter: RestoreFilter
  readonly kept: KeptPaths
  /** Told of each folder of which something is lost. */
  readonly onLoss: (message: string) => void
}

/** What is to be written of a snapshot. Writes nothing itself. */
export class RestoreWalk {
  /** Second and further names of files, which have to wait for the first. */
  readonly links: DeferredLink[] = []
  readonly #repository: Repository
  readonly #snapshot: Snapshot
  readonly #place: RestorePlace
  readonly #filter: RestoreFilter
  readonly #kept: KeptPaths
  readonly #onLoss: (message: string) => void
  readonly #firstOfGroup = new Set<string>()
  /** Folders that get their metadata at the end, by their path; null when it is all of them. */
  readonly #touched: Set<string> | null

  constructor(repository: Repository, options: RestoreWalkOptions) {
    this.#repository = repository
    this.#snapshot = options.snapshot
    this.#place = options.place
    this.#filter = options.filter
    this.#kept = options.kept
    this.#onLoss = options.onLoss
    this.#touched = options.filter.takesEverything ? null : new Set()
  }

  /** Everything that is to be written, page by page, in the order of the tree. */
  *units(): Generator<RestoreUnit> {
    const { source } = this.#place
    if (source.kind === 'entry') {
      const { page, index } = source.entry
      const path = Buffer.concat([Buffer.from('/'), page.name(index)])
      if (!this.#kept.forbids(path, false)) yield* this.#unitsOf([], page, [index])
      return
    }
    const inside = new WeakSet<WalkedDirectory>()
    const taken = new WeakMap<WalkedDirectory, Set<string>>()
    const walk = walkTree(this.#repository, source.top, entryCountOf(this.#snapshot), {
      enter: ({ directory, page }, index) => this.#enters(directory, page, index, inside, taken),
      onLoss: (directory, error) => {
        this.#onLoss(
          `Cannot restore folder "${escapeBytes(walkedPath(directory))}": ${error.message}`,
        )
      },
    })
    for (const { directory, page } of walk) {
      const isInside = this.#isInside(directory, inside, taken)
      const components = componentsOf(directory)
      const indexes: number[] = []
      for (let index = 0; index < page.entryCount; index++) {
        if (isDirectory(page.mode(index))) continue
        if (this.#takes(directory, page, index, isInside)) indexes.push(index)
      }
      if (indexes.length > 0 || isInside || !this.#filter.hasIncludes) this.#touch(components)
      yield* this.#unitsOf(components, page, indexes)
      // An empty folder has no entries that would make it.
      if (indexes.length === 0 && (isInside || !this.#filter.hasIncludes)) {
        yield emptyUnit(components)
      }
    }
  }

  #takes(directory: WalkedDirectory, page: TreePage, index: number, isInside: boolean): boolean {
    if (this.#kept.forbids(walkedPath(directory, page.name(index)), false)) return false
    if (this.#filter.takesEverything) return true
    const path = this.#pathText(directory, page.name(index))
    return this.#filter.takes(path, isDirectory(page.mode(index)), isInside)
  }

  #enters(
    directory: WalkedDirectory,
    page: TreePage,
    index: number,
    inside: WeakSet<WalkedDirectory>,
    taken: WeakMap<WalkedDirectory, Set<string>>,
  ): boolean {
    if (this.#kept.forbids(walkedPath(directory, page.name(index)), true)) return false
    if (this.#filter.takesEverything) return true
    const path = this.#pathText(directory, page.name(index))
    const isInside = this.#isInside(directory, inside, taken)
    if (this.#filter.takes(path, true, isInside)) {
      const names = taken.get(directory) ?? new Set<string>()
      names.add(page.name(index).toString('latin1'))
      taken.set(directory, names)
      return true
    }
    return this.#filter.looksInto(path)
  }

  /** Whether the folder was taken itself; known from the look at it in the folder above. */
  #isInside(
    directory: WalkedDirectory,
    inside: WeakSet<WalkedDirectory>,
    taken: WeakMap<WalkedDirectory, Set<string>>,
  ): boolean {
    if (!this.#filter.hasIncludes) return true
    if (inside.has(directory)) return true
    const isTaken =
      directory.parent !== null &&
      taken.get(directory.parent)?.has(directory.name.toString('latin1')) === true
    if (isTaken) inside.add(directory)
    return isTaken
  }

  #pathText(directory: WalkedDirectory, name: Buffer): string {
    const prefix = this.#place.prefix.map((component) => `/${component.toString()}`).join('')
    return prefix + walkedPath(directory, name).toString()
  }

  /** Whether a folder gets its metadata, once the walk is over. */
  isTouched(path: string): boolean {
    return this.#touched === null || this.#touched.has(path)
  }

  #touch(components: readonly Buffer[]): void {
    if (!this.#touched) return
    // From the leaf up, until somebody was there: what lies above is known then.
    for (let depth = components.length; depth >= 0; depth--) {
      const key = pathKey(components.slice(0, depth))
      if (this.#touched.has(key)) return
      this.#touched.add(key)
    }
  }

  *#unitsOf(
    components: readonly Buffer[],
    page: TreePage,
    indexes: readonly number[],
  ): Generator<RestoreUnit> {
    let batch: number[] = []
    let linkKeys: (string | null)[] = []
    let contentBytes = 0
    const take = (): RestoreUnit => {
      const unit = { components, page: page.bytes, indexes: new Uint32Array(batch), linkKeys }
      const taken = { ...unit, contentBytes }
      batch = []
      linkKeys = []
      contentBytes = 0
      return taken
    }
    for (const index of indexes) {
      const key = this.#linkKeyOf(page, index)
      if (key !== null && !this.#isFirst(key)) {
        this.links.push({ key, components, name: Buffer.from(page.name(index)) })
        continue
      }
      batch.push(index)
      linkKeys.push(key)
      const bytes = isRegular(page.mode(index)) ? page.sizeOf(index) : 0
      if (bytes >= partedFileBytesMin && batch.length > 1) {
        // By itself, so that all threads can write it together.
        batch.pop()
        linkKeys.pop()
        yield take()
        batch.push(index)
        linkKeys.push(key)
      }
      contentBytes += bytes
      if (batch.length === unitEntriesMax || bytes >= partedFileBytesMin) yield take()
    }
    if (batch.length > 0) yield take()
  }

  #linkKeyOf(page: TreePage, index: number): string | null {
    const flags = page.flags(index)
    if ((flags & flagHardLinked) === 0) return null
    return `${deviceNumberOfFlags(flags)}:${page.inodeLow(index)}:${page.inodeHigh(index)}`
  }

  #isFirst(key: string): boolean {
    if (this.#firstOfGroup.has(key)) return false
    this.#firstOfGroup.add(key)
    return true
  }
}

function componentsOf(directory: WalkedDirectory): Buffer[] {
  const components: Buffer[] = []
  for (let at: WalkedDirectory | null = directory; at?.parent; at = at.parent) {
    components.push(at.name)
  }
  return components.reverse()
}

function pathKey(components: readonly Uint8Array[]): string {
  return components.map((name) => Buffer.from(name).toString('latin1')).join('/')
}

/** Nothing but the folder itself. */
function emptyUnit(components: readonly Buffer[]): RestoreUnit {
  return {
    components,
    page: emptyPage,
    indexes: new Uint32Array(0),
    linkKeys: [],
    contentBytes: 0,
  }
}

const emptyPage = new Uint8Array(0)
