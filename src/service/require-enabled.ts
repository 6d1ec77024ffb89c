import type { Configuration } from '../config/load-config.ts'
import { HoldfastError } from '../foundation/errors.ts'

/**
 * `enabled: false` means that no backup of this configuration is made, by whomever.
 *
 * @throws {HoldfastError} `BACKUP_DISABLED`
 */
export function requireEnabled(configuration: Configuration | undefined, what = 'back up'): void {
  if (configuration?.backup?.enabled !== false) return
  const { file } = configuration
  throw new HoldfastError(
    'BACKUP_DISABLED',
    `Cannot ${what}: api.backup.enabled is false in configuration "${file}"`,
    { remedy: `Set api.backup.enabled to true in "${file}"`, facts: { file } },
  )
}
