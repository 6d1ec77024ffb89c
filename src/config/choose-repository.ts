import { HoldfastError } from '../foundation/errors.ts'
import { defaultRepository } from './defaults.ts'
import type { Configuration } from './load-config.ts'
import { resolveLocation } from './resolve-location.ts'

export interface RepositoryChoice {
  /** Absolute path or URL. */
  readonly location: string
  /** Where the choice came from, for messages. */
  readonly source: '--repo' | 'HOLDFAST_REPOSITORY' | 'config.yml' | 'default'
}

export interface RepositoryHints {
  /** The value of `--repo`. */
  readonly option: string | undefined
  /** The value of `HOLDFAST_REPOSITORY`; an empty one counts as unset, as is usual for variables. */
  readonly variable: string | undefined
  readonly workingFolder: string
  /** Called only when neither of the two above names a repository. */
  readonly configuration: () => Configuration | undefined
}

/**
 * Chooses the repository: `--repo`, else `HOLDFAST_REPOSITORY`, else config.yml's `repository`, else `./repo`.
 *
 * @throws {HoldfastError} `USAGE` when `--repo` is empty; what reading the configuration throws.
 */
export function chooseRepository(hints: RepositoryHints): RepositoryChoice {
  const { option, variable, workingFolder } = hints
  if (option === '') {
    throw new HoldfastError('USAGE', 'Cannot use repository "": the value of --repo is empty', {
      remedy: 'Give --repo a path',
    })
  }
  if (option !== undefined) {
    return { location: resolveLocation(option, workingFolder), source: '--repo' }
  }
  if (variable !== undefined && variable !== '') {
    return { location: resolveLocation(variable, workingFolder), source: 'HOLDFAST_REPOSITORY' }
  }
  const repository = hints.configuration()?.repository
  if (repository !== undefined) return { location: repository, source: 'config.yml' }
  return { location: resolveLocation(defaultRepository, workingFolder), source: 'default' }
}
