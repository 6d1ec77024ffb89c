import { hostname, userInfo } from 'node:os'

import type { Configuration } from '../config/load-config.ts'
import type { Actor } from '../model/actor.ts'
import type { Repository } from '../repository/repository.ts'
import type { AccessFields } from '../repository/record-access.ts'
import type { OtherRepositories } from '../service/also-to/other-repositories.ts'
import { logAccess } from '../service/access-log.ts'
import type { ServiceContext } from '../service/service-context.ts'
import type { Library, OperationOptions } from './library.ts'
import {
  cacheDirectory,
  findStorage,
  passphraseFor,
  type Operation,
  type Session,
} from './session.ts'

/** Who runs this command. */
export function commandActor(): Actor {
  let user: string
  try {
    user = userInfo().username
  } catch {
    // A user id without an entry in the user database, as in many containers.
    user = String(process.getuid?.() ?? '')
  }
  return { via: 'command', user, hostname: hostname() }
}

/**
 * The configuration that a command is about. Where the repository is named by itself nothing was asked of any configuration, and one that is
 * malformed must not keep anybody from a restore.
 */
export async function configurationInUse(session: Session): Promise<Configuration | undefined> {
  const { globals, environment } = session
  const isNamed = globals.repo !== undefined || (environment['HOLDFAST_REPOSITORY'] ?? '') !== ''
  return isNamed && globals.config === undefined ? undefined : await session.configuration()
}

export interface ServiceRun {
  readonly library: Library
  readonly repository: Repository
  readonly configuration: Configuration | undefined
  /** Default: what the configuration says. */
  readonly others?: OtherRepositories
}

/** Runs a service as the operations are run: with its events shown as the options want them. */
export async function followService<T>(
  session: Session,
  operation: Operation,
  { library, repository, configuration, others }: ServiceRun,
  work: (context: ServiceContext) => Promise<T>,
): Promise<T> {
  return await session.follow(operation, (options: OperationOptions) =>
    work({
      ...options,
      repository,
      configuration,
      actor: commandActor(),
      operations: library,
      others: others ?? {
        repositories: configuration?.settings.alsoTo ?? [],
        passphrase: (location) => passphraseFor(session, location),
        cacheDirectory: cacheDirectory(session, configuration),
        storage: (location) => findStorage(session, location, 'other'),
      },
    }),
  )
}

/** Writes down who did what, for commands whose work is no service. */
export async function recordCommand(
  session: Session,
  { library, repository }: Pick<ServiceRun, 'library' | 'repository'>,
  access: Omit<AccessFields, 'actor'>,
): Promise<void> {
  const run = { library, repository, configuration: await configurationInUse(session) }
  await followService(session, 'forget', run, (context) => logAccess(context, access))
}
