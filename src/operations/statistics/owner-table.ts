import { createHash } from 'node:crypto'
import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import { decodeContentList, isHoleId } from '../../format/tree/content-list.ts'
import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import { contentDepthMax } from '../../format/tree/tree-limits.ts'
import { decodeTreePage, type TreePage } from '../../format/tree/tree-page.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { isLoss } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'
import { BlobOwners } from './blob-owners.ts'
import { findFolders, type Folder } from './find-folders.ts'
import { keptTable, keepTable } from './kept-table.ts'
import { OwnerSets } from './owner-sets.ts'
import { pageOwners } from './page-owners.ts'

/** What the same snapshots and folders need. */
export interface OwnedBytes {
  /** Bits of the snapshots in the order of the table, then of the folders. No bits: nobody needs it. */
  readonly owners: Uint32Array
  readonly blobs: number
  /** Plaintext. */
  bytes: number
  /** In the packs, without their trailers. */
  storedBytes: number
}

/** Who needs how much: everything that is asked about space follows from it. */
export interface OwnerTable {
  /** Oldest first. */
  readonly snapshotIds: readonly SnapshotId[]
  readonly folders: readonly Folder[]
  readonly owned: readonly OwnedBytes[]
  /** False when pages were lost: what lies only below them counts as needed by nobody. */
  readonly isComplete: boolean
}

const inMemory = new WeakMap<Repository, { readonly key: string; readonly table: OwnerTable }>()

/**
 * Reads each tree page once and sums up the blobs by who needs them; ten seconds for a thousand snapshots of a million files. The result is kept for as long as there are
 * the same snapshots and index objects: of the same objects it is always the same.
 *
 * Memory: twelve bytes for each blob and as much again of free slots, eight for each page and reference.
 */
export function ownerTable(repository: Repository): OwnerTable {
  const key = statisticsState(repository)
  const known = inMemory.get(repository)
  if (known?.key === key) return known.table
  let table = keptTable(repository, key)
  if (!table) {
    table = repository.catalogue.search.onOneState(() => new Accounting(repository).run())
    keepTable(repository, key, table)
  }
  inMemory.set(repository, { key, table })
  return table
}

/** Whether the table of the repository as it is was computed before, here or elsewhere. */
export function hasOwnerTable(repository: Repository): boolean {
  const key = statisticsState(repository)
  return inMemory.get(repository)?.key === key || repository.catalogue.statisticsCache.has(key)
}

/** Of the same objects the statistics are always the same. */
export function statisticsState({ catalogue }: Repository): string {
  const hash = createHash('sha256')
  for (const kind of ['snapshots', 'index'] as const) {
    hash.update(`${kind}\n`)
    for (const id of [...catalogue.objectIds(kind)].sort()) hash.update(id)
  }
  return hash.digest('hex')
}

class Accounting {
  readonly #repository: Repository
  readonly #snapshots: readonly SnapshotSummary[]
  #sets = new OwnerSets(0)
  #blobs = new BlobOwners(this.#sets)
  /** Sets of owners that a content list was gone through for. */
  readonly #lists = new Map<string, number>()
  #isComplete = true

  constructor(repository: Repository) {
    this.#repository = repository
    this.#snapshots = repository.catalogue.snapshots.list()
  }

  run(): OwnerTable {
    const found = findFolders(this.#repository, this.#snapshots)
    this.#sets = new OwnerSets(this.#snapshots.length + found.folders.length)
    this.#blobs = new BlobOwners(this.#sets)
    const owners = pageOwners(this.#repository, this.#snapshots, found, this.#sets)
    for (const [row, id, bytes, level] of this.#repository.catalogue.search.pages()) {
      if (owners[row] === 0) continue
      this.#blobs.add(id, 0, owners[row])
      if (level === 0) this.#addPage(id, bytes, owners[row])
    }
    return {
      snapshotIds: this.#snapshots.map(({ id }) => id),
      folders: found.folders,
      owned: this.#sumUp(),
      isComplete: this.#isComplete,
    }
  }

  #addPage(id: Buffer, bytes: number, owners: number): void {
    try {
      const page = decodeTreePage(this.#repository.trees.readTree(id, bytes))
      for (let index = 0; index < page.entryCount; index++) {
        if (isRegular(page.mode(index))) this.#addFile(page, index, owners)
      }
    } catch (error) {
      if (!isLoss(error)) throw error
      this.#isComplete = false
    }
  }

  #addFile(page: TreePage, index: number, owners: number): void {
    const depth = depthOfFlags(page.flags(index))
    const end = page.chunkOffsets[index + 1]
    for (let reference = page.chunkOffsets[index]; reference < end; reference++) {
      this.#addReference(page.bytes, page.chunkIdsStart + 32 * reference, depth, owners)
    }
  }

  /** A list that was gone through for these owners is not read again. */
  #addReference(ids: Buffer, start: number, depth: number, owners: number): void {
    if (isHoleId(ids, start)) return
    this.#blobs.add(ids, start, owners)
    if (depth <= 0 || depth > contentDepthMax) return
    const id = Buffer.from(ids.subarray(start, start + 32))
    const key = `${depth} ${id.toString('latin1')}`
    const before = this.#lists.get(key) ?? 0
    const after = this.#sets.union(before, owners)
    if (after === before) return
    this.#lists.set(key, after)
    const list = decodeContentList(this.#repository.trees.readList(id))
    for (let item = 0; item < list.lengths.length; item++) {
      this.#addReference(list.ids, item * 32, Math.min(depth - 1, list.level), owners)
    }
  }

  #sumUp(): OwnedBytes[] {
    const sums = new Map<number, { blobs: number; bytes: number; storedBytes: number }>()
    for (const [id, bytes, storedBytes] of this.#repository.catalogue.blobs.storedShares()) {
      const set = this.#blobs.of(id)
      let sum = sums.get(set)
      if (!sum) sums.set(set, (sum = { blobs: 0, bytes: 0, storedBytes: 0 }))
      sum.blobs += 1
      sum.bytes += bytes
      sum.storedBytes += storedBytes
    }
    return [...sums].map(([set, sum]) => ({ owners: this.#sets.bits(set), ...sum }))
  }
}
