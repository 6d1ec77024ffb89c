import { hostname as ownHostname, userInfo } from 'node:os'
import { decodePathText, encodePathText } from '../../format/manifest/path-text.ts'
import { programName } from '../../foundation/program.ts'
import type { ArchiveOrigin } from '../../format/archive/archive-origin.ts'
import type { PathText } from '../../model/snapshot.ts'
import type { RecordedSnapshot } from '../../repository/commit-snapshot.ts'
import type { StoredSource } from '../../repository/store-snapshot.ts'
import { ArchiveFolder } from './archive-tree.ts'
import type { TreeCounts } from './count-tree.ts'
import type { FoundArchive } from './find-archives.ts'
import { memberComponents } from './member-path.ts'
import type { HistoryRecord } from './read-history.ts'

/** When and as what a backup was made, from whoever knows it best. */
export type ImportIdentity = Required<
  Pick<RecordedSnapshot, 'backupId' | 'type' | 'startedAtMs' | 'endedAtMs' | 'description'>
> &
  Pick<RecordedSnapshot, 'hostname' | 'username' | 'tags' | 'excludes'>

const timeMaxMs = 8.64e15
/** A manifest with more paths would be a burden; none means that `restore --delete` deletes nothing. */
const pathsMax = 1_000

/** The archive's own word on its snapshot first, then the history, then its name and the times of its members. */
export function identifyImport(
  found: FoundArchive,
  origin: ArchiveOrigin | undefined,
  newestMtimeSeconds: number,
): ImportIdentity {
  const { record } = found
  const ownSeconds = Math.max(0, Math.floor(newestMtimeSeconds))
  const backupId = found.backupId ?? origin?.backupId ?? `backup_${ownSeconds}`
  const known = origin?.backupId === backupId ? origin : unknownOrigin(backupId, record)
  return {
    backupId,
    type: record?.type ?? known.type,
    startedAtMs: Math.min(known.startedAtMs, timeMaxMs),
    endedAtMs: Math.min(known.endedAtMs, timeMaxMs),
    description: record?.description ?? known.description,
    hostname: known.hostname,
    username: known.username,
    tags: known.tags,
    excludes: known.excludes,
  }
}

function unknownOrigin(
  backupId: string,
  record: HistoryRecord | undefined,
): Omit<ArchiveOrigin, 'paths'> {
  const startedAtMs = record?.createdAtMs ?? Number(backupId.slice('backup_'.length)) * 1000
  return {
    backupId,
    type: 'full',
    startedAtMs,
    endedAtMs: startedAtMs,
    description: '',
    hostname: ownHostname(),
    username: userName(),
    tags: [],
    excludes: [],
  }
}

export function composeManifest(
  identity: ImportIdentity,
  paths: readonly PathText[],
  base: string,
  made: { readonly stored: StoredSource; readonly counts: TreeCounts },
): Omit<RecordedSnapshot, 'knownDamage'> {
  const { root, blobCounts, packBytes } = made.stored
  return {
    version: 1,
    ...identity,
    // No clock of this storage saw it then: retention goes by its own date (docs/decisions/0011-retention-times.md).
    recordedAtMs: null,
    base: encodePathText(Buffer.from(base)),
    paths,
    tree: { id: root.id.toString('hex'), bytes: root.bytes },
    parentId: null,
    statistics: {
      ...made.counts,
      newFiles: made.counts.files,
      changedFiles: 0,
      unchangedFiles: 0,
      ...blobCounts,
      storedBytesAdded: packBytes,
      unreadable: 0,
    },
    unreadable: [],
    program: programName,
  }
}

/**
 * What was saved whole. An archive that does not say it vouches for its files only, and for no folder: `restore --delete` removes from folders
 * that were saved whole what was not in them.
 */
export function importedPaths(
  root: ArchiveFolder,
  origin: ArchiveOrigin | undefined,
  base: string,
): PathText[] {
  const below = (components: readonly Buffer[]): PathText => {
    const slash = Buffer.from('/')
    const start = Buffer.from(base === '/' ? '' : base)
    const path = Buffer.concat([start, ...components.flatMap((name) => [slash, name])])
    return encodePathText(path.length === 0 ? slash : path)
  }
  if (origin) return origin.paths.map((path) => below(memberComponents(decodePathText(path))))
  const paths: PathText[] = []
  const waiting: { folder: ArchiveFolder; components: Buffer[] }[] = [
    { folder: root, components: [] },
  ]
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    for (const [name, child] of at.folder.children) {
      const components = [...at.components, Buffer.from(name, 'latin1')]
      if (child instanceof ArchiveFolder) waiting.push({ folder: child, components })
      else paths.push(below(components))
      if (paths.length > pathsMax) return []
    }
  }
  return paths.sort((one, other) => Buffer.compare(decodePathText(one), decodePathText(other)))
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user id without an entry in the user database, as in many containers.
    return String(process.getuid?.() ?? '')
  }
}
