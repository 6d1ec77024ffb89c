import type { Statement } from 'better-sqlite3'

import { isObjectId } from '../model/ids.ts'
import type { SnapshotId } from '../model/ids.ts'
import type { BackupType, PathText, Snapshot, SnapshotManifest } from '../model/snapshot.ts'
import type { CatalogueDatabase } from './database.ts'
import { toHex, toIdBytes } from './id-bytes.ts'
import { summaryQuery, toSummary } from './snapshot-row.ts'
import type { SnapshotSummary, SummaryTuple } from './snapshot-row.ts'

/** All that is given must hold. */
export interface SnapshotFilter {
  readonly hostname?: string
  readonly base?: PathText
  /** The same paths, in any order. */
  readonly paths?: readonly PathText[]
  /** Each of these among the snapshot's tags. */
  readonly tags?: readonly string[]
  readonly types?: readonly BackupType[]
}

const oldestFirst = `${summaryQuery} ORDER BY started_at_ms, id`
const newestFirst = `${summaryQuery} ORDER BY started_at_ms DESC, id DESC`
const prefixPattern = /^[0-9a-f]{1,64}$/

/** Snapshots, one row for each manifest. */
export class SnapshotTable {
  readonly #database: CatalogueDatabase
  readonly #insert: Statement

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#insert = database.sqlite.prepare(`
      INSERT OR IGNORE INTO snapshot (id, backup_id, type, started_at_ms, ended_at_ms,
        recorded_at_ms, received_at_ms, hostname, username, base, paths, tags, description, tree_id, parent_id, statistics, manifest)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  }

  /**
   * @param receivedAtMs When the object came into the storage, by the storage's clock; null when not known.
   * @returns False when it is known already.
   */
  add(snapshot: Snapshot, receivedAtMs: number | null = null): boolean {
    const { id, ...manifest } = snapshot
    const { parentId } = manifest
    return this.#database.write('add a snapshot', () => {
      const result = this.#insert.run(
        toIdBytes(id),
        manifest.backupId,
        manifest.type,
        manifest.startedAtMs,
        manifest.endedAtMs,
        manifest.recordedAtMs,
        receivedAtMs,
        manifest.hostname,
        manifest.username,
        JSON.stringify(manifest.base),
        JSON.stringify(manifest.paths),
        JSON.stringify(manifest.tags),
        manifest.description,
        toIdBytes(manifest.tree.id),
        parentId === null ? null : toIdBytes(parentId),
        JSON.stringify(manifest.statistics),
        JSON.stringify(manifest),
      )
      return result.changes > 0
    })
  }

  /** @returns False when it was not there. Its tree pages stay until their packs are dropped. */
  remove(id: SnapshotId): boolean {
    return this.#database.write('remove a snapshot', () => {
      const { sqlite } = this.#database
      return sqlite.prepare('DELETE FROM snapshot WHERE id = ?').run(toIdBytes(id)).changes > 0
    })
  }

  /** Oldest first. */
  list(filter: SnapshotFilter = {}): SnapshotSummary[] {
    return this.#select(oldestFirst).filter((summary) => matches(summary, filter))
  }

  /** The one that was started last, of those that match and that the caller takes. */
  latest(
    filter: SnapshotFilter = {},
    isWanted: (summary: SnapshotSummary) => boolean = () => true,
  ): SnapshotSummary | undefined {
    return this.#database.guard('list snapshots', () => {
      const rows = this.#database.sqlite.prepare<[], SummaryTuple>(newestFirst).raw().iterate()
      for (const tuple of rows) {
        const summary = toSummary(tuple)
        if (matches(summary, filter) && isWanted(summary)) return summary
      }
      return undefined
    })
  }

  /** The whole manifest. */
  get(id: SnapshotId): Snapshot | undefined {
    return this.#database.guard('read a snapshot', () => {
      const { sqlite } = this.#database
      const query = sqlite.prepare<[Buffer], string>('SELECT manifest FROM snapshot WHERE id = ?')
      const text = query.pluck().get(toIdBytes(id))
      return text === undefined ? undefined : { ...(JSON.parse(text) as SnapshotManifest), id }
    })
  }

  /**
   * Ids that begin with the digits, in ascending order.
   *
   * @param prefix 1 to 64 lower-case hexadecimal digits; for anything else there are none.
   */
  findByPrefix(prefix: string): SnapshotId[] {
    if (!prefixPattern.test(prefix)) return []
    const first = Buffer.from(prefix.padEnd(64, '0'), 'hex')
    const last = Buffer.from(prefix.padEnd(64, 'f'), 'hex')
    return this.#database.guard('look up snapshots', () =>
      this.#database.sqlite
        .prepare<[Buffer, Buffer], Buffer>(
          'SELECT id FROM snapshot WHERE id BETWEEN ? AND ? ORDER BY id',
        )
        .pluck()
        .all(first, last)
        .map(toHex),
    )
  }

  /**
   * Oldest first. More than one only when two runs on different machines began in the same second.
   */
  findByBackupId(backupId: string): SnapshotSummary[] {
    return this.#select(`${summaryQuery} WHERE backup_id = ? ORDER BY started_at_ms, id`, backupId)
  }

  summary(id: SnapshotId): SnapshotSummary | undefined {
    return isObjectId(id)
      ? this.#select(`${summaryQuery} WHERE id = ?`, toIdBytes(id))[0]
      : undefined
  }

  count(): number {
    return this.#database.guard('count snapshots', () =>
      Number(this.#database.sqlite.prepare('SELECT count(*) FROM snapshot').pluck().get()),
    )
  }

  #select(query: string, ...values: unknown[]): SnapshotSummary[] {
    return this.#database.guard('list snapshots', () =>
      this.#database.sqlite
        .prepare<unknown[], SummaryTuple>(query)
        .raw()
        .all(...values)
        .map(toSummary),
    )
  }
}

function matches(summary: SnapshotSummary, filter: SnapshotFilter): boolean {
  if (filter.hostname !== undefined && summary.hostname !== filter.hostname) return false
  if (filter.base !== undefined && pathKey(summary.base) !== pathKey(filter.base)) return false
  if (filter.types !== undefined && !filter.types.includes(summary.type)) return false
  if (filter.tags !== undefined && !filter.tags.every((tag) => summary.tags.includes(tag)))
    return false
  return filter.paths === undefined || pathsKey(summary.paths) === pathsKey(filter.paths)
}

/** Text and base64 cannot give the same key: one is a JSON string, the other an object. */
function pathKey(path: PathText): string {
  return typeof path === 'string' ? JSON.stringify(path) : JSON.stringify({ base64: path.base64 })
}

function pathsKey(paths: readonly PathText[]): string {
  return paths.map(pathKey).sort().join()
}
