import { Argument, Option, type Command } from 'commander'

import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { counted, humanBytes, humanCount, humanTime } from '../../foundation/human.ts'
import { formatTable, type Column } from '../../foundation/table.ts'
import type { EntryKind } from '../../operations/browse/entry-kind-word.ts'
import type { FindOptions, FindResult, FoundEntry } from '../../operations/browse/find-paths.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { parseCount, parseMoment, parseSize } from '../option-values.ts'
import { permissionText } from '../output/entry-line.ts'
import { entryTime, jsonPath, writeJsonLine } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface FindFlags {
  readonly snapshot?: string
  readonly type?: keyof typeof kinds
  readonly newer?: number
  readonly older?: number
  readonly larger?: number
  readonly smaller?: number
  readonly ignoreCase?: true
  readonly long?: true
  readonly limit: number
}

const kinds = { f: 'file', d: 'directory', l: 'symlink' } as const satisfies Record<
  string,
  EntryKind
>
const limitDefault = 1000

export function defineFind(command: Command, run: RunAction): void {
  command
    .addArgument(
      new Argument('<pattern>', 'a part of a name, a pattern such as "*.log", or a part of a path'),
    )
    .option('-s, --snapshot <snapshot>', 'only in this snapshot')
    .addOption(
      new Option(
        '--type <letter>',
        'only files (f), directories (d) or symbolic links (l)',
      ).choices(Object.keys(kinds)),
    )
    .option('--newer <time>', 'modified since this day, or so long ago (7d)', parseMoment)
    .option('--older <time>', 'modified before this day, or longer ago than this', parseMoment)
    .option('--larger <size>', 'of this size or larger, such as 10M', parseSize)
    .option('--smaller <size>', 'of this size or smaller', parseSize)
    .option('-i, --ignore-case', 'capital and small letters are the same')
    .option('-l, --long', 'show mode, size and time')
    .option('--limit <count>', 'show at most so many paths; 0 for all', parseCount, limitDefault)
  addExamples(command, [
    ['holdfast find config.yml', 'find all names that hold this text'],
    ['holdfast find -l "*.faiss" --larger 100M', 'find large files with this ending'],
    ['holdfast find "/data/index/**"', 'find what was ever in this directory'],
    ['holdfast find report --snapshot latest --type f --newer 7d', 'look in one snapshot'],
  ])
  command.action((pattern: string, flags: FindFlags) =>
    run(command, (session) => find(session, pattern, flags)),
  )
}

async function find(session: Session, pattern: string, flags: FindFlags): Promise<ExitStatus> {
  const { terminal } = session
  const result = await session.withRepository(async (library, repository) => {
    const { snapshot } = flags
    const chosen =
      snapshot === undefined ? undefined : await library.resolveSnapshot(repository, snapshot)
    return library.findPaths(repository, {
      ...optionsOf(session.rawArgument(pattern), flags),
      ...(chosen && { snapshotIds: [chosen.id] }),
    })
  })
  if (session.isJson) writeJson(session, result)
  else if (result.items.length > 0) {
    // A path that is cut is of no use to anybody.
    const style = { width: undefined, heading: headingStyle(terminal) }
    const isLong = flags.long === true
    const rows = result.items.map((item) => (isLong ? longRow(item) : shortRow(item)))
    terminal.writeOutput(formatTable(isLong ? longColumns : shortColumns, rows, style))
  }
  if (result.items.length === 0) session.say('Nothing found\n')
  else if (result.items.length < result.matches) {
    const rest = counted(result.matches - result.items.length, 'further path')
    session.say(`${rest}: give --limit 0 to see all\n`)
  }
  return exitStatus.done
}

function optionsOf(pattern: Buffer, flags: FindFlags): FindOptions {
  const { type, newer, older, larger, smaller, limit } = flags
  return {
    pattern,
    ...(flags.ignoreCase && { ignoreCase: true }),
    ...(type !== undefined && { kinds: [kinds[type]] }),
    ...(newer !== undefined && { modifiedFromMs: newer }),
    ...(older !== undefined && { modifiedToMs: older }),
    ...(larger !== undefined && { sizeMin: larger }),
    ...(smaller !== undefined && { sizeMax: smaller }),
    limit: limit === 0 ? Infinity : limit,
    // A person waits for the whole answer.
    effortMax: Infinity,
  }
}

const shortColumns: readonly Column[] = [
  { title: 'Newest' },
  { title: 'In', align: 'right' },
  { title: 'Path' },
]

const longColumns: readonly Column[] = [
  { title: 'Mode' },
  { title: 'Size', align: 'right' },
  { title: 'Modified' },
  ...shortColumns,
]

function shortRow({ snapshotIds, snapshots, path, kind }: FoundEntry): string[] {
  const end = kind === 'directory' ? '/' : ''
  return [shortId(snapshotIds[0] ?? ''), humanCount(snapshots), escapeBytes(path) + end]
}

function longRow(item: FoundEntry): string[] {
  const { mode, size, mtimeSeconds } = item
  const modified = humanTime(mtimeSeconds * 1000)
  return [permissionText(mode), humanBytes(size), modified, ...shortRow(item)]
}

function writeJson({ terminal }: Session, { items, matches, isComplete }: FindResult): void {
  for (const item of items) {
    writeJsonLine(terminal, {
      message_type: 'match',
      ...jsonPath('path', item.path),
      kind: item.kind,
      size: item.size,
      mode: item.mode & 0o7777,
      permissions: permissionText(item.mode),
      modified_at: entryTime(item),
      snapshots: item.snapshots,
      snapshot_ids: item.snapshotIds,
    })
  }
  writeJsonLine(terminal, { message_type: 'summary', matches, is_complete: isComplete })
}
