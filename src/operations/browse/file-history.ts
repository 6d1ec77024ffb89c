import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { CataloguedPages, type StepDown } from '../../repository/catalogued-pages.ts'
import { componentsInTree } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { kindOf, type EntryKind } from './entry-kind-word.ts'
import { joinPath } from './find-pattern.ts'
import { findRenameSource } from './find-rename-source.ts'

export interface HistoryOptions {
  /** Goes on under the name that the file had before; default true. */
  readonly follow?: boolean
  /** Only snapshots of this host. */
  readonly hostname?: string
}

/** A content of a file, and the snapshots that have it. */
export interface FileVersion {
  /** From the root of the snapshots, without a leading slash. */
  readonly path: Buffer
  readonly kind: EntryKind
  readonly mode: number
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  /** Equal for equal contents (together with the size), in hexadecimal digits; null for what has none, such as an empty file. */
  readonly contentId: string | null
  /** Newest first; the last one is the first that has this version. */
  readonly snapshots: readonly VersionSnapshot[]
  /** The next older version has another path. */
  readonly isRename: boolean
}

export interface VersionSnapshot {
  readonly id: SnapshotId
  readonly backupId: string
  readonly startedAtMs: number
  readonly hostname: string
}

interface OpenVersion {
  readonly path: Buffer
  readonly entry: StepDown
  readonly snapshots: VersionSnapshot[]
}

/** The name that a file had after a rename: snapshots in between that were made of other paths may still have it. */
interface LaterName {
  readonly lookUp: PathLookUp
  /** In the line: the snapshot that was found to have the older name. */
  readonly untilIndex: number
}

/**
 * The versions of a file over all snapshots, newest first: a new one wherever the content differs from that of the next older snapshot that
 * has the file. Snapshots without it make no version. Where the file appears, the snapshot before is asked for one of the same content that
 * went away, and its history is followed.
 *
 * @param path from the root of the snapshots, or absolute below their base
 * @throws {HoldfastError} `PATH_NOT_FOUND` when no snapshot has it
 */
export function fileHistory(
  repository: Repository,
  path: Buffer,
  options: HistoryOptions = {},
): FileVersion[] {
  const lines = linesOf(repository, options.hostname)
  const versions = lines.flatMap((line) =>
    repository.catalogue.search.onOneState(() =>
      historyOf(repository, line, path, options.follow ?? true),
    ),
  )
  if (versions.length === 0) {
    throw new HoldfastError(
      'PATH_NOT_FOUND',
      `Cannot tell the history of "${escapeBytes(path)}": no snapshot has it`,
      { remedy: `Run \`holdfast find NAME\` to see what there is` },
    )
  }
  return versions.sort((left, right) => newestOf(right) - newestOf(left))
}

function newestOf({ snapshots }: FileVersion): number {
  return snapshots[0].startedAtMs
}

/** What was saved of the same folder of the same host, newest first: only these follow each other. */
function linesOf({ catalogue }: Repository, hostname: string | undefined): SnapshotSummary[][] {
  const lines = new Map<string, SnapshotSummary[]>()
  for (const summary of catalogue.snapshots.list().reverse()) {
    if (hostname !== undefined && summary.hostname !== hostname) continue
    const key = JSON.stringify([summary.hostname, summary.base])
    const line = lines.get(key)
    if (line) line.push(summary)
    else lines.set(key, [summary])
  }
  return [...lines.values()]
}

function historyOf(
  repository: Repository,
  line: readonly SnapshotSummary[],
  wanted: Buffer,
  follow: boolean,
): FileVersion[] {
  const versions: OpenVersion[] = []
  const pages = new CataloguedPages(repository.catalogue)
  let lookUp = new PathLookUp(repository, pages, componentsInTree(line[0], wanted))
  let later: LaterName | undefined
  for (const [index, summary] of line.entries()) {
    if (later && index >= later.untilIndex) later = undefined
    const found = later?.lookUp.find(summary) ? later.lookUp : lookUp
    const entry = found.find(summary)
    if (!entry) continue
    const { path } = found
    const last = versions.at(-1)
    if (last && last.path.equals(path) && isSameContent(last.entry, entry)) {
      last.snapshots.push(toVersionSnapshot(summary))
    } else {
      versions.push({ path, entry, snapshots: [toVersionSnapshot(summary)] })
    }
    if (!follow || found !== lookUp) continue
    const beforeIndex = previousOf(line, index)
    const before = line[beforeIndex]
    if (beforeIndex < 0 || lookUp.find(before)) continue
    const source = findRenameSource(repository, { before, after: summary, path })
    if (!source) continue
    later = { lookUp, untilIndex: beforeIndex }
    lookUp = new PathLookUp(repository, pages, source)
  }
  return versions.map((version, index) => toVersion(version, versions[index + 1]))
}

/** @returns where in the line the next older snapshot of the same paths stands, or -1: one of other paths does not tell that a file was not there */
function previousOf(line: readonly SnapshotSummary[], index: number): number {
  const paths = JSON.stringify(line[index].paths)
  return line.findIndex((summary, at) => at > index && JSON.stringify(summary.paths) === paths)
}

function isSameContent(one: StepDown, other: StepDown): boolean {
  if (one.size !== other.size || kindOf(one.mode) !== kindOf(other.mode)) return false
  return one.content === null ? other.content === null : other.content?.equals(one.content) === true
}

function toVersionSnapshot(summary: SnapshotSummary): VersionSnapshot {
  const { id, backupId, startedAtMs, hostname } = summary
  return { id, backupId, startedAtMs, hostname }
}

function toVersion(
  { path, entry, snapshots }: OpenVersion,
  older: OpenVersion | undefined,
): FileVersion {
  const { mode, size, mtimeSeconds, mtimeNs, content } = entry
  const contentId = content?.toString('hex') ?? null
  const kind = kindOf(mode)
  const isRename = older !== undefined && !older.path.equals(path)
  return { path, kind, mode, size, mtimeSeconds, mtimeNs, contentId, snapshots, isRename }
}

/** Looks one path up in snapshot after snapshot; directories that snapshots share are looked into once. */
class PathLookUp {
  readonly path: Buffer
  readonly #repository: Repository
  readonly #pages: CataloguedPages
  readonly #components: readonly Buffer[]
  readonly #known: readonly Map<number, StepDown | undefined>[]

  constructor(repository: Repository, pages: CataloguedPages, components: readonly Buffer[]) {
    this.#repository = repository
    this.#pages = pages
    this.#components = components
    this.path = components.reduce(joinPath, Buffer.alloc(0))
    this.#known = components.map(() => new Map())
  }

  find({ treeId }: SnapshotSummary): StepDown | undefined {
    const { search } = this.#repository.catalogue
    let top: number | null | undefined = search.rowOf(Buffer.from(treeId, 'hex'))
    let step: StepDown | undefined
    for (const [depth, name] of this.#components.entries()) {
      if (top === undefined || top === null) return undefined
      const known = this.#known[depth]
      if (known.has(top)) step = known.get(top)
      else known.set(top, (step = this.#pages.stepDown(top, name)))
      top = step?.child
    }
    return step
  }
}
