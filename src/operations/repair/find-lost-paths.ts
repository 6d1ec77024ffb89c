import { readContent } from '../../format/tree/content-reader.ts'
import type { PageReference } from '../../format/tree/directory-reader.ts'
import { isDirectory, isRegular } from '../../format/tree/entry-kind.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { DamageError } from '../../foundation/errors.ts'
import { idBytes } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { PackFindings } from '../../repository/audit/pack-findings.ts'
import { isLoss } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf } from '../../repository/tree-walk.ts'
import { tolerantPages } from './tolerant-pages.ts'

/** A file that is lost, or a part of a directory. */
export interface LostPath {
  /** From the root, with a leading slash. */
  readonly path: Buffer
  readonly kind: 'file' | 'directory'
  /** Size of a file, in bytes. */
  readonly bytes?: number
  /** Entries that the lost pages of a directory held; null when nothing tells how many. */
  readonly entries?: number | null
}

/** What cannot be restored of a snapshot. Directories are named by their path, bytes as latin1 text, the root by the empty text. */
export interface LostPaths {
  readonly paths: readonly LostPath[]
  /** Names of lost files by directory. */
  readonly filesIn: ReadonlyMap<string, ReadonlySet<string>>
  /** Directories that have anything lost in or below them. */
  readonly affected: ReadonlySet<string>
  /** Not even the top page of the root can be read. */
  readonly isAllLost: boolean
}

interface Frame {
  readonly key: string
  readonly pages: Generator<TreePage, void, undefined>
  page: TreePage | null
  index: number
}

const idsPerLookup = 8192

/** Walks a snapshot and finds every file of which any chunk cannot be had, and every page that cannot be read. */
export function findLostPaths(
  repository: Repository,
  snapshot: Snapshot,
  findings: PackFindings,
): LostPaths {
  return new LostPathWalk(repository, snapshot, findings).run()
}

class LostPathWalk {
  readonly #repository: Repository
  readonly #snapshot: Snapshot
  readonly #findings: PackFindings
  readonly #paths: LostPath[] = []
  readonly #filesIn = new Map<string, Set<string>>()
  readonly #affected = new Set<string>()
  readonly #ids = Buffer.allocUnsafeSlow(idsPerLookup * idBytes)
  readonly #owners: { page: TreePage; index: number }[] = []
  #entriesLeft: number
  #isAllLost = false

  constructor(repository: Repository, snapshot: Snapshot, findings: PackFindings) {
    this.#repository = repository
    this.#snapshot = snapshot
    this.#findings = findings
    this.#entriesLeft = entryCountOf(snapshot)
  }

  run(): LostPaths {
    const { id, bytes } = this.#snapshot.tree
    const stack = [this.#frame('', { id: Buffer.from(id, 'hex'), bytes })]
    while (stack.length > 0) {
      const frame = stack[stack.length - 1]
      if (!frame.page || frame.index >= frame.page.entryCount) {
        const next = frame.pages.next()
        if (next.done) stack.pop()
        else this.#begin(frame, next.value)
        continue
      }
      const { page } = frame
      const index = frame.index++
      if (!isDirectory(page.mode(index))) continue
      const reference = page.chunkOffsets[index]
      const top = { id: page.chunkId(reference), bytes: page.chunkBytes(reference) }
      stack.push(this.#frame(`${frame.key}/${page.name(index).toString('latin1')}`, top))
    }
    return {
      paths: this.#paths,
      filesIn: this.#filesIn,
      affected: this.#affected,
      isAllLost: this.#isAllLost,
    }
  }

  #frame(key: string, top: PageReference): Frame {
    const pages = tolerantPages(this.#repository, top, (entries) => {
      this.#paths.push({ path: pathOf(key), kind: 'directory', entries })
      this.#touch(key)
      if (key === '' && entries === null) this.#isAllLost = true
    })
    return { key, pages, page: null, index: 0 }
  }

  /** Looks at the files of a page; the directories on it come afterwards. */
  #begin(frame: Frame, page: TreePage): void {
    frame.page = page
    frame.index = 0
    this.#entriesLeft -= page.entryCount
    if (this.#entriesLeft < 0) {
      throw new DamageError('Cannot walk a snapshot: there are more entries than it says')
    }
    const lost = new Set<number>()
    for (let index = 0; index < page.entryCount; index++) {
      if (!isRegular(page.mode(index))) continue
      try {
        this.#addFile(page, index, lost)
      } catch (error) {
        if (!isLoss(error)) throw error
        lost.add(index)
      }
    }
    this.#flush(lost)
    for (const index of [...lost].sort((left, right) => left - right)) {
      this.#lose(frame.key, page, index)
    }
  }

  #addFile(page: TreePage, index: number, lost: Set<number>): void {
    const content = readContent(page, index, (id) => this.#repository.trees.readList(id))
    while (content.next()) {
      if (content.isHole) continue
      content.id.copy(this.#ids, this.#owners.length * idBytes)
      this.#owners.push({ page, index })
      if (this.#owners.length === idsPerLookup) this.#flush(lost)
    }
  }

  #flush(lost: Set<number>): void {
    const ids = this.#ids.subarray(0, this.#owners.length * idBytes)
    const { packs, segments } = this.#repository.catalogue.blobs.findMany(ids)
    for (const [position, { index }] of this.#owners.entries()) {
      const id = ids.subarray(position * idBytes, (position + 1) * idBytes)
      const place = { packRow: packs[position], segment: segments[position], id }
      if (place.packRow === 0 || this.#findings.isLost(place)) lost.add(index)
    }
    this.#owners.length = 0
  }

  #lose(key: string, page: TreePage, index: number): void {
    const name = page.name(index).toString('latin1')
    const names = this.#filesIn.get(key)
    if (names) names.add(name)
    else this.#filesIn.set(key, new Set([name]))
    this.#paths.push({ path: pathOf(`${key}/${name}`), kind: 'file', bytes: page.sizeOf(index) })
    this.#touch(key)
  }

  #touch(key: string): void {
    for (let at = key; !this.#affected.has(at); at = at.slice(0, at.lastIndexOf('/'))) {
      this.#affected.add(at)
      if (at === '') break
    }
  }
}

function pathOf(key: string): Buffer {
  return Buffer.from(key === '' ? '/' : key, 'latin1')
}
