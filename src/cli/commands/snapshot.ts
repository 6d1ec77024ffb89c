import { Option, type Command } from 'commander'
import { resolve } from 'node:path'

import type { BackupType, Snapshot } from '../../model/snapshot.ts'
import { resolveBytes } from '../byte-path.ts'
import { chooseSources } from '../choose-sources.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Library, SnapshotOptions } from '../library.ts'
import { collect, parseBackupType, parseSize, parseText, splitTags } from '../option-values.ts'
import { reportDamage } from '../output/damage-report.ts'
import { writeSnapshotSummary } from '../output/snapshot-summary.ts'
import { readPatterns } from '../read-patterns.ts'
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
    .addHelpText(
      'after',
      '\nThe exit status is 3 when some files could not be read; all others are saved then.',
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
  const isConfigured = paths.length === 0 && flags.stdin !== true
  const plan = isConfigured
    ? await planFromConfig(session, flags)
    : planFromArguments(session, paths, flags)
  return session.withRepository(async (library, repository) => {
    const parent =
      flags.parent === undefined
        ? undefined
        : await library.resolveSnapshot(repository, flags.parent)
    const result = await session.follow('snapshot', (options) =>
      library.snapshot(repository, {
        ...plan,
        ...options,
        ...(parent !== undefined && { parent }),
      }),
    )
    const isVerifying = isConfigured && (await mustVerify(session))
    const isVerified =
      isVerifying && result.snapshot !== null
        ? await proveIntact(session, { library, repository, snapshot: result.snapshot })
        : undefined
    writeSnapshotSummary(session, result, { isVerified })
    if (isVerified === false) return exitStatus.damaged
    return result.unreadable > 0 ? exitStatus.incomplete : exitStatus.done
  })
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

/** The file's exclude rules hold for the file's paths only: nobody expects them in `holdfast snapshot PATH`. */
async function planFromConfig(session: Session, flags: SnapshotFlags): Promise<Plan> {
  const type = flags.type ?? 'full'
  const configuration = await session.configuration()
  const sources = chooseSources(configuration, type)
  const { settings } = sources
  const plan = planFromFlags(session, { ...flags, type })
  return {
    ...plan,
    paths: sources.paths,
    ...(sources.base !== undefined && { base: sources.base }),
    ...(settings.host !== undefined && flags.host === undefined && { hostname: settings.host }),
    tags: [...settings.tags, ...plan.tags],
    excludes: [...settings.exclude, ...readPatterns(settings.excludeFiles), ...plan.excludes],
    excludeIfPresent: [...settings.excludeIfPresent, ...plan.excludeIfPresent],
    excludeCaches: settings.excludeCaches || plan.excludeCaches,
    oneFileSystem: settings.oneFileSystem || plan.oneFileSystem,
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

/** `verification: true` in api.backup: each new backup is read back and proved (legacy-contract, "Meaning"). */
async function mustVerify(session: Session): Promise<boolean> {
  return (await session.configuration())?.backup?.verification === true
}

interface Saved {
  readonly library: Library
  readonly repository: Repository
  readonly snapshot: Snapshot
}

async function proveIntact(session: Session, saved: Saved): Promise<boolean> {
  const { library, repository, snapshot } = saved
  const { damaged } = await session.follow('verify', (options) =>
    library.verify(repository, { ...options, snapshots: [snapshot] }),
  )
  reportDamage(session, damaged)
  return damaged.length === 0
}
