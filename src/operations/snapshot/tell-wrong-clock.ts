import type { OnEvent } from '../../foundation/progress-event.ts'
import type { RepositoryLock } from '../../repository/locks.ts'

/** Stores refuse requests that are 15 minutes off; retention gives times five. */
const clockOffMsMax = 5 * 60_000

/** Times in snapshots are this machine's; which of them come first, and what is old, is told by the storage's clock. */
export function tellWrongClock(
  { clockAheadMs, isStored }: RepositoryLock,
  onEvent: OnEvent | undefined,
): void {
  if (!isStored || Math.abs(clockAheadMs) <= clockOffMsMax) return
  const minutes = Math.round(Math.abs(clockAheadMs) / 60_000)
  const direction = clockAheadMs > 0 ? 'ahead of' : 'behind'
  onEvent?.({
    type: 'notice',
    message: `the clock of this machine is ${minutes} minutes ${direction} the storage's; set it right (timedatectl set-ntp true), or retention will keep too much`,
  })
}
