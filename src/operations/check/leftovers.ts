import type { Lease } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import type { StandingLock } from '../../repository/standing-locks.ts'

/** What lies in a storage beside what snapshots need, and why: nothing of it is damage. */
export async function explainLeftovers(
  { storage }: Repository,
  { lock, condemned }: Lease,
  unnamedPacks: number,
): Promise<string[]> {
  const notices: string[] = []
  if (unnamedPacks > 0) {
    notices.push(
      `${unnamedPacks} packs are named by no index object: of a run that was cut off, of one that is at work, or replaced by a repair; the next snapshot uses what is whole, the next prune removes the rest`,
    )
  }
  if (condemned.packIds.size > 0) {
    notices.push(
      `${condemned.packIds.size} packs are condemned: a prune deletes them when nobody is left who began before they were`,
    )
  }
  for (const other of await lock.others()) notices.push(explainLock(other))
  const { files, bytes } = await storage.countTemporary()
  if (files > 0) {
    notices.push(
      `${files} unfinished files (${bytes} bytes) lie in tmp/: of runs that are at work or were cut off; the next snapshot removes the old ones`,
    )
  }
  return notices
}

function explainLock({ name, record, ageMs }: StandingLock): string {
  const minutes = Math.max(0, Math.round(ageMs / 60_000))
  if (record === 'unreadable') {
    return `${name} cannot be read and keeps others out: make sure that no other holdfast runs on the repository, then delete that file; it was written ${minutes} min ago and counts for nothing after 30`
  }
  const lifeMinutes = Math.round(record.staleAfterMs / 60_000)
  return `${record.operation} by process ${record.pid} on ${record.hostname} is at work; its lock was refreshed ${minutes} min ago and is stale after ${lifeMinutes} min`
}
