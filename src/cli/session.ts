import { resolve } from 'node:path'

import type { Configuration } from '../config/load-config.ts'
import { HoldfastError } from '../foundation/errors.ts'
import { askLine, askSecret, canAsk } from './ask.ts'
import type { CommandContext } from './command-context.ts'
import type { GlobalOptions } from './global-options.ts'
import type { Repository } from '../repository/repository.ts'
import type { StorageRole } from '../service/choose-storage.ts'
import type { Library, NextOperation, OpenOptions, OperationOptions } from './library.ts'
import { counted, humanTime } from '../foundation/human.ts'
import { writeJsonErrorLine } from './output/json.ts'
import { createProgress } from './output/progress.ts'
import { tellRequests } from './output/request-report.ts'
import { safeText } from './output/safe-text.ts'
import { shortId } from './output/snapshot-json.ts'

const slowOpeningMs = 5_000

/** What long operations are called in JSON lines. */
export type Operation =
  | 'snapshot'
  | 'restore'
  | 'verify'
  | 'check'
  | 'delete'
  | 'forget'
  | 'cleanup'
  | 'undelete'
  | 'prune'
  | 'repair'
  | 'parity'
  | 'export'
  | 'import'
  | 'copy'
  | 'schedule'
  | 'drill'

/** One run of one command: the context, the global options, and what both lead to when it is needed. */
export interface Session extends CommandContext {
  readonly globals: GlobalOptions
  readonly isJson: boolean
  readonly isQuiet: boolean
  /** The nearest config.yml or the one of `--config`; undefined when there is none. Read once. */
  configuration(): Promise<Configuration | undefined>
  /** Everything that opening the repository takes. */
  openOptions(): Promise<OpenOptions>
  /** Opens the repository, and closes it whatever happens; loads what comes next meanwhile. */
  withRepository<T>(
    use: (library: Library, repository: Repository) => Promise<T>,
    next?: NextOperation,
  ): Promise<T>
  /** For commands that free space, or prepare it: they may use the reserve that is kept for a full disk. */
  freeingSpace<T>(
    use: (library: Library, repository: Repository) => Promise<T>,
    next?: NextOperation,
  ): Promise<T>
  /** Runs a long operation and shows its events as the options want them. */
  follow<T>(operation: Operation, work: (options: OperationOptions) => Promise<T>): Promise<T>
  /** Writes what only a person needs: nothing with `--json` or `--quiet`. */
  say(text: string): void
  /** Asks for the word `yes`. */
  confirm(question: string): Promise<void>
}

export function createSession(context: CommandContext, globals: GlobalOptions): Session {
  const { terminal } = context
  const isJson = globals.json === true
  const isQuiet = globals.quiet === true
  let configuration: Promise<Configuration | undefined> | undefined
  const session: Session = {
    ...context,
    globals,
    isJson,
    isQuiet,
    configuration: () => (configuration ??= readConfiguration(context, globals)),
    openOptions: () => findRepository(session),
    withRepository: (use, next) => useRepository(session, use, { next }),
    freeingSpace: (use, next) => useRepository(session, use, { next, freesSpace: true }),
    follow: (operation, work) => follow(session, operation, work),
    say(text) {
      if (!isJson && !isQuiet) terminal.writeOutput(text)
    },
    confirm: (question) => confirm(session, question),
  }
  return session
}

async function follow<T>(
  session: Session,
  operation: Operation,
  work: (options: OperationOptions) => Promise<T>,
): Promise<T> {
  const { terminal, signal, isQuiet, now } = session
  const mode = progressMode(session)
  const showsDamage = operation !== 'verify' && operation !== 'check'
  const progress = createProgress(terminal, { mode, isQuiet, operation, now, showsDamage })
  try {
    return await work({ signal, onEvent: progress.onEvent })
  } finally {
    progress.finish()
  }
}

function progressMode({ globals, terminal }: Session): 'line' | 'json' | 'none' {
  if (globals.json === true)
    return globals.quiet === true || globals.progress === false ? 'none' : 'json'
  if (globals.quiet === true || globals.progress === false) return 'none'
  return terminal.isErrorTerminal ? 'line' : 'none'
}

async function readConfiguration(
  { workingFolder }: CommandContext,
  { config }: GlobalOptions,
): Promise<Configuration | undefined> {
  const { findConfig } = await import('../config/find-config.ts')
  const file = config === undefined ? findConfig(workingFolder) : resolve(workingFolder, config)
  if (file === undefined) return undefined
  // The YAML parser takes 20 ms to load, which a run without a configuration need not pay.
  const { loadConfig } = await import('../config/load-config.ts')
  return loadConfig(file)
}

/** The configuration is read only where the command line and the environment leave something open. */
async function findRepository(session: Session): Promise<OpenOptions> {
  const { globals, environment, workingFolder, signal } = session
  const { chooseRepository } = await import('../config/choose-repository.ts')
  const isNamed = globals.repo !== undefined || (environment['HOLDFAST_REPOSITORY'] ?? '') !== ''
  // A file that is named on the command line must be right, also where nothing would be taken from it.
  const configuration =
    isNamed && globals.config === undefined ? undefined : await session.configuration()
  const { location } = chooseRepository({
    option: globals.repo,
    variable: environment['HOLDFAST_REPOSITORY'],
    workingFolder,
    configuration: () => configuration,
  })
  return {
    location,
    passphrase: () => passphraseFor(session, location),
    cacheDirectory: cacheDirectory(session, configuration),
    storage: await findStorage(session, location),
    retryLockMs: globals.retryLock,
    signal,
  }
}

/** Undefined for a folder, which needs none, and for which no configuration is read on this account. */
export async function findStorage(
  session: Session,
  location: string,
  role: StorageRole = 'first',
): Promise<OpenOptions['storage'] | undefined> {
  const { isAddress } = await import('../config/resolve-location.ts')
  if (!isAddress(location)) return undefined
  const { chooseStorage } = await import('../service/choose-storage.ts')
  const configuration = await session.configuration()
  return await chooseStorage({ ...session, configuration, location, role })
}

export function cacheDirectory(
  { globals, environment, workingFolder }: Session,
  configuration: Configuration | undefined,
): string | undefined {
  const chosen = globals.cacheDir ?? environment['HOLDFAST_CACHE_DIR']
  if (chosen !== undefined && chosen !== '') return resolve(workingFolder, chosen)
  return configuration?.settings.cacheDirectory
}

/** The passphrase from the first source that is given, undefined when none is; `ask` is what a terminal is asked. */
export async function findPassphrase(
  session: Session,
  ask?: () => Promise<string>,
): Promise<string | undefined> {
  const { globals, workingFolder, secrets, environment, signal } = session
  const { readPassphrase } = await import('../config/read-passphrase.ts')
  if (globals.passphraseFile !== undefined && globals.passphraseCommand !== undefined) {
    throw new HoldfastError('USAGE', 'Cannot use both --passphrase-file and --passphrase-command', {
      remedy: 'Give one of the two',
    })
  }
  const isGiven =
    (globals.passphraseFile ?? globals.passphraseCommand ?? secrets.passphrase) !== undefined
  const configuration = isGiven ? undefined : await session.configuration()
  return readPassphrase({
    fileOption:
      globals.passphraseFile === undefined
        ? undefined
        : resolve(workingFolder, globals.passphraseFile),
    commandOption: globals.passphraseCommand,
    variable: secrets.passphrase,
    configuration: () => configuration?.settings ?? {},
    ask,
    environment,
    signal,
  })
}

export async function passphraseFor(session: Session, location: string): Promise<string> {
  const { terminal, signal } = session
  const ask = canAsk(terminal)
    ? () => askSecret(terminal, `Passphrase for ${location}: `, signal)
    : undefined
  const passphrase = await findPassphrase(session, ask)
  if (passphrase !== undefined) return passphrase
  throw new HoldfastError(
    'PASSPHRASE_MISSING',
    `Cannot open repository "${location}": it is encrypted and no passphrase is given`,
    {
      remedy:
        'Give the passphrase with --passphrase-file, --passphrase-command or HOLDFAST_PASSPHRASE',
      facts: { location },
    },
  )
}

async function useRepository<T>(
  session: Session,
  use: (library: Library, repository: Repository) => Promise<T>,
  more: Pick<OpenOptions, 'freesSpace' | 'next'>,
): Promise<T> {
  const options = await session.openOptions()
  const { library } = session
  const stopTelling = tellSlowOpening(session, options)
  const passphrase = (): Promise<string> => {
    stopTelling()
    return options.passphrase()
  }
  const repository = await library
    .openRepository({ ...options, passphrase, ...more })
    .finally(stopTelling)
  return await useAndClose(session, repository, () => use(library, repository))
}

/** Closes a repository that was opened whatever happens, and tells what it was asked for. */
export async function useAndClose<T>(
  session: Session,
  repository: Repository,
  use: () => Promise<T>,
): Promise<T> {
  let result: T
  try {
    tellState(session, repository)
    result = await use()
  } catch (error) {
    await tellRequests(session, repository)
    await closeAfterFailure(repository)
    throw error
  }
  await tellRequests(session, repository)
  await repository.close()
  return result
}

/** A request that fails is sent again for minutes; who mistyped the name of a store should not wonder so long. @returns what ends it */
function tellSlowOpening(
  { terminal, isQuiet, isJson }: Session,
  { location, storage }: OpenOptions,
): () => void {
  if (storage === undefined || isQuiet || isJson || !terminal.isErrorTerminal) {
    return () => undefined
  }
  const timer = setTimeout(() => {
    terminal.writeError(`note: ${safeText(location)} does not answer yet; trying again\n`)
  }, slowOpeningMs)
  return () => clearTimeout(timer)
}

/** What everybody should know of a repository that was opened. */
function tellState(session: Session, repository: Repository): void {
  tellUnusable(session, repository)
  tellVanished(session, repository)
}

/** What is damaged among the small objects must not go unnoticed only because the command at hand does not need it. */
function tellUnusable({ terminal, isJson }: Session, { unusable }: Repository): void {
  for (const { name, error } of unusable) {
    const message = `Object ${name} cannot be used: ${error.message}`
    if (isJson) writeJsonErrorLine(terminal, { message_type: 'notice', message, item: name })
    else terminal.writeError(`note: ${safeText(message)}\n`)
  }
}

/** Somebody who may delete objects, or a storage that shows an older state, must not take a backup away unseen. */
function tellVanished({ terminal, isJson }: Session, { vanished }: Repository): void {
  if (vanished.length === 0) return
  const { id, backupId, startedAtMs } = vanished[0]
  const more = vanished.length === 1 ? '' : ` and ${counted(vanished.length - 1, 'other')}`
  const message =
    `Snapshot ${shortId(id)} (${backupId} of ${humanTime(startedAtMs)})${more} was here and is gone, and nobody recorded that it was forgotten: ` +
    'objects were deleted, or the storage shows an older state. After you have looked into it, `holdfast repair catalogue` accepts what is there'
  if (isJson) {
    const ids = vanished.map((snapshot) => snapshot.id)
    writeJsonErrorLine(terminal, { message_type: 'notice', message, vanished_snapshots: ids })
  } else terminal.writeError(`warning: ${safeText(message)}\n`)
}

async function closeAfterFailure(repository: Repository): Promise<void> {
  try {
    await repository.close()
  } catch {
    // The error that came first says what went wrong; this one follows from it and would hide it.
  }
}

async function confirm(session: Session, question: string): Promise<void> {
  const { terminal, signal } = session
  if (!canAsk(terminal)) {
    throw new HoldfastError('USAGE', `Cannot ask "${question}": there is no terminal`, {
      remedy: 'Add --yes to the command',
    })
  }
  const answer = await askLine(terminal, `${question} Type "yes" to go on: `, signal)
  if (answer.trim() === 'yes') return
  throw new HoldfastError('INTERRUPTED', 'Nothing was changed: the answer was not "yes"', {
    remedy: 'Type the whole word yes, or add --yes to the command',
  })
}
