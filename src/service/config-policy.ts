import type { Configuration } from '../config/load-config.ts'
import { HoldfastError } from '../foundation/errors.ts'
import type { SnapshotManifest } from '../model/snapshot.ts'
import type { Grouping, LimitPolicy } from '../model/retention-policy.ts'
import { isOfConfiguration } from './is-of-configuration.ts'

/** A policy and what it is applied to. */
export interface ConfiguredPolicy {
  readonly policy: LimitPolicy
  readonly groupBy: ReadonlySet<Grouping>
  readonly isSelected: (snapshot: Pick<SnapshotManifest, 'base' | 'paths'>) => boolean
}

/**
 * What config.yml's `retention_days` and `max_backups` mean: the backups of the configuration's sources, those of each host by themselves.
 *
 * @throws {HoldfastError} `USAGE` when there is no configuration, `CONFIG_INVALID` when it says nothing about backups
 */
export function configPolicy(configuration: Configuration | undefined): ConfiguredPolicy {
  if (configuration === undefined) {
    throw new HoldfastError(
      'USAGE',
      'Cannot apply the policy of config.yml: there is none here or in a parent folder',
      {
        remedy:
          'Name it with --config, or give a policy such as `holdfast forget --keep-within 30d`',
      },
    )
  }
  const { file, backup } = configuration
  if (backup === undefined) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      `Cannot apply the policy of config.yml: configuration "${file}" has no section api.backup`,
      { remedy: 'Add the section api.backup with its schedule', facts: { file } },
    )
  }
  const { retentionDays, maxBackups } = backup.schedule
  return {
    policy: { kind: 'limit', ageDaysMax: retentionDays, countMax: maxBackups },
    groupBy: new Set(['host']),
    isSelected: (snapshot) => isOfConfiguration(snapshot, configuration),
  }
}
