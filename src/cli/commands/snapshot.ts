import { Option, type Command } from 'commander'
import { resolve } from 'node:path'

import type { BackupType, Snapshot } from '../../model/snapshot.ts'
import { resolveBytes } from '../../foundation/byte-path.ts'
import { chooseSources } from '../../service/choose-sources.ts'
import { createBackup } from '../../service/create-backup.ts'
import { requireEnabled } from '../../service/require-enabled.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Library, SnapshotOptions } from '../library.ts'
import { collect, parseBackupType, parseSize, parseText, splitTags } from '../option-values.ts'
import { reportDamage } from '../output/damage-report.ts'
import { tellOtherRequests } from '../output/request-report.ts'
import { writeSnapshotSummary } from '../output/snapshot-summary.ts'
import { readPatterns } from '../../service/read-patterns.ts'
import { copyToOthers } from '../../service/also-to/copy-to-others.ts'
import { alsoToOf, statusOfOthers, withReachable, type Reached } from '../also-to.ts'
import { followService } from '../follow-service.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface SnapshotFlags {
  readonly type?: BackupType
  readonly description?: string
  readonly tag?: readonly string[]
  readonly host?: string
  readonly exclude?: readonly string[]
  readonly excludeFile?: readonly string[]
  readonly excludeCaches?: true
  readonly excludeIfPresent?: readonly string[]
  readonly excludeLargerThan?: number
  readonly oneFileSystem?: true
  readonly dryRun?: true
  readonly readAll?: true
  readonly parent?: string
  readonly stdin?: true
  readonly stdinFilename?: string
  readonly alsoTo?: readonly string[]
}

export function defineSnapshot(command: Command, run: RunAction): void {
  command
    .argument(
      '[paths...]',
      'what to save; without it, what config.yml names under api.backup.paths',
    )
    .addOption(
      new Option(
        '--type <type>',
        'full (read everything), incremental (trust unchanged files), index, cache or config' +
          ' (default from config.yml: full)',
      ).argParser(parseBackupType),
    )
    .option('--description <text>', 'say what the snapshot is for')
    .option('--tag <tags>', 'add tags (a,b); repeatable', collect)
    .option('-H, --host <name>', 'record this host name instead of the real one', parseText)
    .option('-e, --exclude <pattern>', 'leave out what matches; repeatable', collect)
    .option('--exclude-file <file>', 'read patterns from FILE, one a line; repeatable', collect)
    .option('--exclude-caches', 'leave out directories with a CACHEDIR.TAG file')
    .option(
      '--exclude-if-present <name>',
      'leave out directories that hold NAME or NAME:HEADER; repeatable',
      collect,
    )
    .option(
      '--exclude-larger-than <size>',
      'leave out files larger than SIZE, such as 500K or 2G',
      parseSize,
    )
    .option('-x, --one-file-system', 'stay on the file systems of the given paths')
    .option('-n, --dry-run', 'show what would be saved and store nothing')
    .option('--read-all', 'read every file, also where size and times say that it is unchanged')
    .option(
      '--parent <snapshot>',
      'compare with this snapshot instead of the newest fitting one',
      parseText,
    )
    .option('--stdin', 'save standard input as a file')
    .option('--stdin-filename <name>', 'name of that file (default: stdin)', parseText)
    .option(
      '--also-to <repo>',
      'copy the snapshot to this repository as well, with what it has missed; repeatable',
      collect,
    )
    .addHelpText(
      'after',
      '\nThe exit status is 3 when some files could not be read; all others are saved then. It is 21\n' +
        'when a repository of --also-to got no copy; the next backup catches up with that.',
    )
  addExamples(command, [
    ['holdfast snapshot ~/project --exclude "*.tmp"', 'save a directory'],
    ['holdfast create --type full --description "before upgrade"', 'save what config.yml names'],
    [
      'pg_dump shop | holdfast backup --stdin --stdin-filename shop.sql',
      'save the output of a program',
    ],
  ])
  command.action((paths: string[], flags: SnapshotFlags) =>
    run(command, (session) => save(session, paths, flags)),
  )
}

async function save(
  session: Session,
  paths: readonly string[],
  flags: SnapshotFlags,
): Promise<ExitStatus> {
  checkStdinFlags(paths, flags)
  if (paths.length === 0 && flags.stdin !== true) return await saveConfigured(session, flags)
  const plan = planFromArguments(session, paths, flags)
  const alsoTo = await alsoToOf(session, flags.alsoTo, false)
  return await withReachable(
    session,
    alsoTo,
    async ({ library, repository, others, down }) => {
      const parent = await findParent(library, repository, flags)
      const result = await session.follow('snapshot', (options) =>
        library.snapshot(repository, { ...plan, ...options, ...parent }),
      )
      const run = { library, repository, configuration: undefined, others }
      const copies = await followService(session, 'copy', run, (context) =>
        copyToOthers(context, result.snapshot),
      )
      const all = [...down, ...copies]
      tellOtherRequests(session, all)
      writeSnapshotSummary(session, result, { isVerified: undefined, others: all })
      const status = statusOfOthers(all)
      if (status !== exitStatus.done) return status
      return result.unreadable > 0 ? exitStatus.incomplete : exitStatus.done
    },
    'snapshot',
  )
}

async function findParent(
  library: Library,
  repository: Repository,
  { parent }: SnapshotFlags,
): Promise<{ readonly parent?: Snapshot }> {
  return parent === undefined ? {} : { parent: await library.resolveSnapshot(repository, parent) }
}

/** What config.yml names; whatever goes wrong from the opening of the repository on is recorded as a failed run. */
async function saveConfigured(session: Session, flags: SnapshotFlags): Promise<ExitStatus> {
  const type = flags.type ?? 'full'
  const configuration = await session.configuration()
  requireEnabled(configuration)
  // What is wrong with the configuration is told before a passphrase is asked for.
  chooseSources(configuration, type)
  const { description, ...additions } = planFromFlags(session, flags)
  const alsoTo = await alsoToOf(session, flags.alsoTo, true)
  const saveInto = async ({ library, repository, others, down }: Reached): Promise<ExitStatus> => {
    const parent = await findParent(library, repository, flags)
    const run = { library, repository, configuration, others }
    const result = await followService(session, 'snapshot', run, (context) =>
      createBackup(context, {
        type,
        description,
        trigger: 'manual',
        additions: { ...additions, ...parent },
      }),
    )
    reportDamage(session, result.damaged)
    const all = [...down, ...result.others]
    tellOtherRequests(session, all)
    writeSnapshotSummary(session, result, { isVerified: result.isVerified, others: all })
    if (result.verificationError !== undefined) throw result.verificationError
    if (result.isVerified === false) return exitStatus.damaged
    const status = statusOfOthers(all)
    if (status !== exitStatus.done) return status
    return result.unreadable > 0 ? exitStatus.incomplete : exitStatus.done
  }
  return await withReachable(session, alsoTo, saveInto, 'snapshot')
}

function checkStdinFlags(paths: readonly string[], { stdin, stdinFilename }: SnapshotFlags): void {
  if (stdin === true && paths.length > 0) {
    throw usageError('Cannot save both --stdin and paths', 'Give one of the two')
  }
  if (stdin !== true && stdinFilename !== undefined) {
    throw usageError('Cannot use --stdin-filename without --stdin', 'Add --stdin')
  }
}

type Plan = Omit<SnapshotOptions, 'signal' | 'onEvent' | 'parent'>

function planFromArguments(session: Session, paths: readonly string[], flags: SnapshotFlags): Plan {
  const { terminal, workingFolder, rawArgument } = session
  const stdin = { stream: terminal.input, name: flags.stdinFilename ?? 'stdin' }
  return {
    ...planFromFlags(session, flags),
    paths: paths.map((path) => {
      if (path === '')
        throw usageError('Cannot save "": the path is empty', 'Name a file or directory')
      return resolveBytes(workingFolder, rawArgument(path))
    }),
    ...(flags.stdin === true && { stdin }),
  }
}

function planFromFlags(session: Session, flags: SnapshotFlags): Plan {
  const { workingFolder } = session
  const excludeFiles = (flags.excludeFile ?? []).map((file) => resolve(workingFolder, file))
  return {
    paths: [],
    ...(flags.type !== undefined && { type: flags.type }),
    // A full backup is the one that trusts nothing.
    readAll: flags.readAll === true || flags.type === 'full',
    description: flags.description ?? '',
    tags: (flags.tag ?? []).flatMap(splitTags),
    ...(flags.host !== undefined && { hostname: flags.host }),
    excludes: [...(flags.exclude ?? []), ...readPatterns(excludeFiles)],
    excludeCaches: flags.excludeCaches === true,
    excludeIfPresent: flags.excludeIfPresent ?? [],
    ...(flags.excludeLargerThan !== undefined && {
      excludeLargerThanBytes: flags.excludeLargerThan,
    }),
    oneFileSystem: flags.oneFileSystem === true,
    dryRun: flags.dryRun === true,
    estimate: session.terminal.isErrorTerminal && !session.isQuiet,
  }
}
