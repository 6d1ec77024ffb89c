import { resolve } from 'node:path'
import { Option, type Command } from 'commander'

import type { OtherRepository } from '../config/settings.ts'
import { HoldfastError } from '../foundation/errors.ts'
import type { Repository } from '../repository/repository.ts'
import { askSecret, canAsk } from './ask.ts'
import type { Library } from './library.ts'
import { parseText } from './option-values.ts'
import { cacheDirectory, findStorage, useAndClose, type Session } from './session.ts'
import { usageError } from './usage-error.ts'

/** The options that name a second repository, which is only read. */
export interface FromFlags {
  readonly from?: string
  readonly fromPassphraseFile?: string
  readonly fromPassphraseCommand?: string
}

/** @param text what is done with it, imperative */
export function addFromOptions(command: Command, text: string): void {
  command
    .addOption(new Option('--from <repo>', text).argParser(parseText))
    .addOption(new Option('--from-repo <repo>', 'the same').argParser(parseText).hideHelp())
    .option('--from-passphrase-file <file>', 'read its passphrase from FILE', parseText)
    .option(
      '--from-passphrase-command <command>',
      'run COMMAND (words, no shell) and read its passphrase from the output',
      parseText,
    )
}

/** The flags with restic's name for the first of them. */
export function fromFlagsOf(flags: FromFlags & { readonly fromRepo?: string }): FromFlags {
  const { fromRepo, ...rest } = flags
  if (fromRepo === undefined) return rest
  if (rest.from !== undefined) throw usageError('Cannot use --from and --from-repo', 'Give one')
  return { ...rest, from: fromRepo }
}

/** Opens the repository that `--from` or `HOLDFAST_FROM_REPOSITORY` names, and closes it whatever happens. */
export async function withFromRepository<T>(
  session: Session,
  library: Library,
  flags: FromFlags,
  use: (source: Repository) => Promise<T>,
): Promise<T> {
  const { environment, workingFolder } = session
  const variable = environment['HOLDFAST_FROM_REPOSITORY']
  const given = flags.from ?? (variable === '' ? undefined : variable)
  if (given === undefined) {
    throw usageError(
      'Cannot tell which repository to read from',
      'Name it with --from or HOLDFAST_FROM_REPOSITORY',
    )
  }
  const { resolveLocation } = await import('../config/resolve-location.ts')
  const location = resolveLocation(given, workingFolder)
  return await withSecondRepository(
    session,
    library,
    { location, passphrase: () => fromPassphrase(session, location, flags) },
    use,
  )
}

async function withSecondRepository<T>(
  session: Session,
  library: Library,
  { location, passphrase }: { location: string; passphrase: () => Promise<string> },
  use: (repository: Repository) => Promise<T>,
): Promise<T> {
  const { globals, signal } = session
  const repository = await library.openRepository({
    location,
    passphrase,
    cacheDirectory: cacheDirectory(session, await configurationForCache(session)),
    storage: await findStorage(session, location, 'from'),
    retryLockMs: globals.retryLock,
    signal,
  })
  return await useAndClose(session, repository, () => use(repository))
}

/** As for the first repository: where the command line names everything, no configuration is read. */
async function configurationForCache(
  session: Session,
): Promise<Awaited<ReturnType<Session['configuration']>>> {
  const { globals, environment } = session
  const isNamed = globals.repo !== undefined || (environment['HOLDFAST_REPOSITORY'] ?? '') !== ''
  return isNamed && globals.config === undefined ? undefined : await session.configuration()
}

async function fromPassphrase(
  session: Session,
  location: string,
  { fromPassphraseFile: file, fromPassphraseCommand: command }: FromFlags,
): Promise<string> {
  const { terminal, signal, workingFolder, environment, secrets } = session
  if (file !== undefined && command !== undefined) {
    throw usageError(
      'Cannot use both --from-passphrase-file and --from-passphrase-command',
      'Give one of the two',
    )
  }
  const isGiven = (file ?? command ?? secrets.fromPassphrase) !== undefined
  const configured = isGiven ? undefined : await configuredRepository(session, location)
  const { readPassphrase } = await import('../config/read-passphrase.ts')
  const passphrase = await readPassphrase({
    fileOption: file === undefined ? undefined : resolve(workingFolder, file),
    commandOption: command,
    variable: secrets.fromPassphrase,
    configuration: () => configured ?? {},
    ask: canAsk(terminal)
      ? () => askSecret(terminal, `Passphrase for ${location}: `, signal)
      : undefined,
    environment,
    signal,
  })
  if (passphrase !== undefined) return passphrase
  throw new HoldfastError(
    'PASSPHRASE_MISSING',
    `Cannot open repository "${location}": it is encrypted and no passphrase is given for it`,
    {
      remedy:
        'Give it with --from-passphrase-file, --from-passphrase-command or HOLDFAST_FROM_PASSPHRASE',
      facts: { location },
    },
  )
}

/** What config.yml says of a repository: its own, or one of `also_to`. */
async function configuredRepository(
  session: Session,
  location: string,
): Promise<Omit<OtherRepository, 'location'> | undefined> {
  const configuration = await session.configuration()
  if (configuration === undefined) return undefined
  const { settings } = configuration
  if (configuration.repository === location) return settings
  return settings.alsoTo.find((other) => other.location === location)
}
