import type { BackupType, PathText, SnapshotManifest } from '../model/snapshot.ts'
import { pathTextBytes } from './output/json.ts'

/** What a choice of snapshots looks at. */
export type Selectable = Pick<SnapshotManifest, 'type' | 'hostname' | 'tags' | 'base' | 'paths'>

export interface SelectionFilters {
  readonly type: BackupType | undefined
  /** Any of these; without any, all. */
  readonly hosts: readonly string[]
  /** Any of these sets; of a set, all tags. */
  readonly tags: readonly (readonly string[])[]
  /** Each of these, absolute. */
  readonly paths: readonly Buffer[]
}

/** All filters have to hold. */
export function matchesFilters(snapshot: Selectable, filters: SelectionFilters): boolean {
  const { type, hosts, tags, paths } = filters
  if (type !== undefined && snapshot.type !== type) return false
  if (hosts.length > 0 && !hosts.includes(snapshot.hostname)) return false
  const hasTags = (set: readonly string[]): boolean =>
    set.every((tag) => snapshot.tags.includes(tag))
  if (tags.length > 0 && !tags.some(hasTags)) return false
  return paths.every((path) => hasPath(snapshot.paths, path))
}

function hasPath(paths: readonly PathText[], wanted: Buffer): boolean {
  return paths.some((path) => pathTextBytes(path).equals(wanted))
}
