import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { objectLockModes, type ObjectLock } from '../model/object-lock.ts'
import { parseDuration } from './option-values.ts'
import { usageError } from './usage-error.ts'

export interface ObjectLockFlags {
  readonly objectLock?: number
  readonly objectLockMode?: ObjectLock['mode']
}

const dayMs = 24 * 60 * 60_000

export function addObjectLockOptions(command: Command): void {
  command
    .option(
      '--object-lock <period>',
      'in a bucket: nobody can delete an object for so long after it was put, such as 30d',
      parseDays,
    )
    .addOption(
      new Option(
        '--object-lock-mode <mode>',
        'compliance: for nobody (default); governance: but for who has the permission to lift it',
      ).choices(objectLockModes),
    )
}

export function objectLockOf({ objectLock, objectLockMode }: ObjectLockFlags): ObjectLock | null {
  if (objectLock !== undefined) return { mode: objectLockMode ?? 'compliance', days: objectLock }
  if (objectLockMode === undefined) return null
  throw usageError(
    'Cannot lock objects: --object-lock-mode is given, and no period',
    'Give one with --object-lock, such as --object-lock 30d',
  )
}

/** Stores count in days, and so does whoever has to notice something in time. */
function parseDays(text: string): number {
  const days = parseDuration(text) / dayMs
  if (Number.isInteger(days) && days >= 1) return days
  throw new InvalidArgumentError('Allowed: whole days or weeks, such as 30d or 6w.')
}
