import type { OtherRepository } from '../config/settings.ts'
import { HoldfastError } from '../foundation/errors.ts'
import type { Repository } from '../repository/repository.ts'
import { tellDown } from '../service/also-to/copy-to-others.ts'
import type { OtherOutcome, OtherRepositories } from '../service/also-to/other-repositories.ts'
import { exitStatus, type ExitStatus } from './exit-status.ts'
import type { Library, NextOperation, OpenOptions } from './library.ts'
import { findStorage, passphraseFor, useAndClose, type Session } from './session.ts'

/** The repository that is saved into, those that get a copy of it, and those that could not be reached when it was chosen. */
export interface Reached {
  readonly library: Library
  readonly repository: Repository
  readonly others: OtherRepositories
  readonly down: readonly OtherOutcome[]
}

/** A folder, as opposed to `s3:…` and the like. */
const hasScheme = /^[a-z][a-z0-9+.-]+:/i

/**
 * The repositories of `--also-to`, with what config.yml knows of them, else those of config.yml.
 *
 * @param isConfigured whether the backup is one of config.yml
 */
export async function alsoToOf(
  session: Session,
  given: readonly string[] | undefined,
  isConfigured: boolean,
): Promise<readonly OtherRepository[]> {
  if (given === undefined && !isConfigured) return []
  const known = (await session.configuration())?.settings.alsoTo ?? []
  if (given === undefined) return known
  const { resolveLocation } = await import('../config/resolve-location.ts')
  const locations = new Set(given.map((one) => resolveLocation(one, session.workingFolder)))
  return [...locations].map(
    (location) => known.find((other) => other.location === location) ?? { location },
  )
}

/**
 * Opens the first repository that can be reached, folders before others, because what is saved there is read back from it. Without other repositories it
 * is the one of the command line, whatever happens.
 *
 * @throws {HoldfastError} what the first one is refused with, when none can be reached
 */
export async function withReachable<T>(
  session: Session,
  alsoTo: readonly OtherRepository[],
  use: (reached: Reached) => Promise<T>,
  next: NextOperation,
): Promise<T> {
  const { library } = session
  const main = await session.openOptions()
  const others = alsoTo.filter(({ location }) => location !== main.location)
  const context = {
    passphrase: (location: string) => passphraseFor(session, location),
    storage: (location: string) => findStorage(session, location, 'other'),
  }
  const shared = { ...context, cacheDirectory: main.cacheDirectory }
  if (others.length === 0) {
    return await session.withRepository(
      (_, repository) =>
        use({ library, repository, others: { repositories: [], ...shared }, down: [] }),
      next,
    )
  }
  const down: { readonly location: string; readonly error: unknown }[] = []
  const candidates = localFirst([{ location: main.location }, ...others])
  for (const candidate of candidates) {
    const options = await optionsFor(session, candidate, main)
    let repository: Repository
    try {
      repository = await library.openRepository({ ...options, next })
    } catch (error) {
      if (!isUnreachable(error)) throw error
      down.push({ location: candidate.location, error })
      continue
    }
    const isLeft = ({ location }: OtherRepository): boolean =>
      location !== candidate.location && !down.some((one) => one.location === location)
    const repositories = candidates.filter(isLeft)
    const told = await tellAllDown(session, down)
    return await useAndClose(session, repository, () =>
      use({ library, repository, others: { repositories, ...shared }, down: told }),
    )
  }
  throw down[0].error
}

function localFirst(repositories: readonly OtherRepository[]): OtherRepository[] {
  const isRemote = ({ location }: OtherRepository): number => (hasScheme.test(location) ? 1 : 0)
  return repositories.toSorted((left, right) => isRemote(left) - isRemote(right))
}

async function optionsFor(
  session: Session,
  candidate: OtherRepository,
  main: OpenOptions,
): Promise<OpenOptions> {
  if (candidate.location === main.location) return main
  const { location } = candidate
  const { readPassphrase } = await import('../config/read-passphrase.ts')
  const { environment, signal } = session
  return {
    ...main,
    location,
    storage: await findStorage(session, location, 'other'),
    passphrase: async () =>
      (await readPassphrase({ configuration: () => candidate, environment, signal })) ??
      (await passphraseFor(session, location)),
  }
}

/** A disk that is not mounted has no repository; a server that is off fails. */
function isUnreachable(error: unknown): boolean {
  return (
    error instanceof HoldfastError &&
    (error.code === 'STORAGE_FAILED' || error.code === 'REPOSITORY_NOT_FOUND')
  )
}

async function tellAllDown(
  session: Session,
  down: readonly { readonly location: string; readonly error: unknown }[],
): Promise<readonly OtherOutcome[]> {
  if (down.length === 0) return []
  return await session.follow('copy', async (options) =>
    down.map(({ location, error }) => tellDown(options, location, error)),
  )
}

/** 21 also for what failed otherwise: the backup is there, and in one place fewer than it should be. */
export function statusOfOthers(others: readonly OtherOutcome[]): ExitStatus {
  if (others.some(({ damaged }) => damaged > 0)) return exitStatus.damaged
  return others.some(({ error }) => error !== null)
    ? exitStatus.storageUnreachable
    : exitStatus.done
}
