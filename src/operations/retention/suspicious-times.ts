import { isLate } from '../../repository/is-late.ts'
import { finishedMs, wayOf, type RetentionSnapshot } from './retention-snapshot.ts'

/** Clocks may disagree by that much, and be set right by that much, without anybody being told. */
export const clockToleranceMs: number = 5 * 60 * 1000

/** A snapshot that came later than this after the time it claims was copied, or its time is made up. */
const deliveryMsMax = 24 * 60 * 60 * 1000

/**
 * Finds the snapshots whose times cannot be right, each with what is wrong, and the late ones.
 *
 * Who may add snapshots but not remove any could otherwise choose times so that the policy removes the good ones (restic's
 * documentation warns of that, "Security considerations in append-only mode"); a clock that is wrong does the same by accident. Suspicious are
 *
 * - a time in the future,
 * - a time later than the arrival of the snapshot in the storage,
 * - a time before that of the parent,
 * - a time before that of a snapshot that came the same way, earlier, and at its own time.
 *
 * Copies of another repository have its times. They come later, and those of several hosts not in the order of their times, so they have a day
 * of room among themselves; and they are a group of their own for every policy (`groupSnapshots`), so that nothing is gained by calling a
 * snapshot a copy.
 *
 * A repository that was copied has new times of arrival everywhere, so copied snapshots prove nothing about others. A snapshot that
 * was brought back by an undelete arrives anew, and so is kept until it is named.
 * @param snapshots all of the repository, whatever the policy is applied to
 * @param nowMs the storage's clock
 */
export function findSuspiciousTimes(
  snapshots: readonly RetentionSnapshot[],
  nowMs: number,
): Map<string, string> {
  const suspicious = findLate(snapshots)
  for (const snapshot of snapshots) {
    const fault = faultByItself(snapshot, nowMs)
    if (fault !== undefined) suspicious.set(snapshot.id, fault)
  }
  const plausible = snapshots.filter(({ id }) => !suspicious.has(id))
  const byId = new Map(plausible.map((snapshot) => [snapshot.id as string, snapshot]))
  for (const { snapshot, latestBeforeMs } of [...byWay(plausible).values()].flatMap(
    withLatestBefore,
  )) {
    const parent = snapshot.parentId === null ? undefined : byId.get(snapshot.parentId)
    const ms = finishedMs(snapshot)
    const roomMs = wayOf(snapshot) === '' ? clockToleranceMs : deliveryMsMax
    if (parent !== undefined && ms + clockToleranceMs < finishedMs(parent)) {
      suspicious.set(snapshot.id, 'its time is before that of its parent')
    } else if (ms + roomMs < latestBeforeMs) {
      suspicious.set(snapshot.id, 'it arrived after snapshots of a later time')
    }
  }
  return suspicious
}

function byWay(snapshots: readonly RetentionSnapshot[]): Map<string, RetentionSnapshot[]> {
  const ways = new Map<string, RetentionSnapshot[]>()
  for (const snapshot of snapshots) {
    const way = wayOf(snapshot)
    const known = ways.get(way)
    if (known) known.push(snapshot)
    else ways.set(way, [snapshot])
  }
  return ways
}

/** Finds the snapshots that nobody was told of and that need not be whole, whatever their times are. */
export function findLate(snapshots: readonly RetentionSnapshot[]): Map<string, string> {
  const reason = "it came after its writer's lease was over, and was not verified since"
  return new Map(snapshots.filter(isLate).map(({ id }) => [id, reason]))
}

function faultByItself(snapshot: RetentionSnapshot, nowMs: number): string | undefined {
  const ms = finishedMs(snapshot) - clockToleranceMs
  if (ms > nowMs) return 'its time is in the future'
  const { receivedAtMs } = snapshot
  if (receivedAtMs !== null && ms > receivedAtMs) {
    return 'its time is later than its arrival in the repository'
  }
  return undefined
}

interface WithLatestBefore {
  readonly snapshot: RetentionSnapshot
  /** The latest time among the snapshots that arrived before this one and at their own time; without any, `-Infinity`. */
  readonly latestBeforeMs: number
}

function withLatestBefore(snapshots: readonly RetentionSnapshot[]): WithLatestBefore[] {
  const inOrder = snapshots.toSorted((a, b) => arrivalMs(a) - arrivalMs(b))
  let latestMs = -Infinity
  let waitingMs = -Infinity
  let waitingArrivalMs = -Infinity
  return inOrder.map((snapshot) => {
    // What arrived in the same millisecond did not arrive earlier.
    if (arrivalMs(snapshot) > waitingArrivalMs) latestMs = Math.max(latestMs, waitingMs)
    const latestBeforeMs = latestMs
    waitingArrivalMs = arrivalMs(snapshot)
    if (isWitness(snapshot)) waitingMs = Math.max(waitingMs, finishedMs(snapshot))
    return { snapshot, latestBeforeMs }
  })
}

function arrivalMs({ receivedAtMs }: RetentionSnapshot): number {
  return receivedAtMs ?? -Infinity
}

function isWitness(snapshot: RetentionSnapshot): boolean {
  return (
    arrivalMs(snapshot) - finishedMs(snapshot) < deliveryMsMax && snapshot.receivedAtMs !== null
  )
}
