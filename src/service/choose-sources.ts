import type { Configuration } from '../config/load-config.ts'
import type { HoldfastSettings, PathGroup } from '../config/settings.ts'
import { HoldfastError } from '../foundation/errors.ts'
import type { BackupType } from '../model/snapshot.ts'
import { isInside, resolveBytes } from '../foundation/byte-path.ts'

/** What a backup without PATH saves. */
export interface ConfiguredSources {
  readonly paths: readonly Buffer[]
  /** The project's root, undefined when one of the paths lies outside of it. */
  readonly base: string | undefined
  readonly settings: HoldfastSettings
}

/** `full` and `incremental` save everything; the other types one group each (legacy-contract, "Meaning"). */
const groupsByType: Readonly<Record<BackupType, readonly PathGroup[]>> = {
  full: ['index', 'cache', 'config', 'logs'],
  incremental: ['index', 'cache', 'config', 'logs'],
  index: ['index'],
  cache: ['cache'],
  config: ['config'],
}

/**
 * The paths of config.yml that a type of backup saves.
 *
 * @throws {HoldfastError} `USAGE` when there is no configuration, `CONFIG_INVALID` when it says nothing about backups
 *   or nothing about this type.
 */
export function chooseSources(
  configuration: Configuration | undefined,
  type: BackupType,
): ConfiguredSources {
  if (configuration === undefined) {
    throw new HoldfastError(
      'USAGE',
      'Cannot back up: no PATH is given and there is no config.yml here or in a parent folder',
      {
        remedy:
          'Name what to save, for example `holdfast snapshot data logs`, or write a config.yml',
      },
    )
  }
  const { file, folder, backup, settings } = configuration
  if (backup === undefined) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      `Cannot back up: configuration "${file}" has no section api.backup`,
      {
        remedy:
          'Add the section api.backup with the paths to save, or name them on the command line',
        facts: { file },
      },
    )
  }
  const groups = groupsByType[type]
  const paths = groups
    .flatMap((group) => backup.paths[group] ?? [])
    .map((path) => resolveBytes(folder, Buffer.from(path)))
  if (paths.length === 0) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      `Cannot make a backup of type ${type}: configuration "${file}" has no api.backup.paths.${groups[0]}`,
      {
        remedy: `Add the path to "${file}", or choose another --type`,
        facts: { file, type },
      },
    )
  }
  const isBelow = paths.every((path) => isInside(Buffer.from(folder), path))
  return { paths, base: isBelow ? folder : undefined, settings }
}
