import type { ObjectVersion } from '../../repository/versions.ts'

/**
 * Which versions to bring back so that every object is again what it was at a time. What has come since stays: it takes nothing away. Locks are
 * left alone, for whoever held them is gone.
 *
 * @param versions of all objects, in any order
 * @param atMs by the storage's clock
 */
export function planVersions(versions: readonly ObjectVersion[], atMs: number): ObjectVersion[] {
  const byName = new Map<string, ObjectVersion[]>()
  for (const version of versions) {
    if (version.name.startsWith('locks/')) continue
    const known = byName.get(version.name)
    if (known) known.push(version)
    else byName.set(version.name, [version])
  }
  const plan: ObjectVersion[] = []
  for (const ofName of byName.values()) {
    const then = newestUpTo(ofName, atMs)
    const now = ofName.find(({ isCurrent }) => isCurrent)
    if (then && !then.isDeletion && !isSame(then, now)) plan.push(then)
  }
  return plan
}

/** What was brought back is a new version of the same bytes. */
function isSame(one: ObjectVersion, now: ObjectVersion | undefined): boolean {
  if (now === undefined || now.isDeletion) return false
  if (now.versionId === one.versionId) return true
  return one.contentTag !== '' && now.contentTag === one.contentTag && now.bytes === one.bytes
}

/** Of two of one moment the one that is current, else the one that has bytes: nothing is lost by bringing back too much. */
function newestUpTo(versions: readonly ObjectVersion[], atMs: number): ObjectVersion | undefined {
  let newest: ObjectVersion | undefined
  for (const version of versions) {
    if (version.storedAtMs > atMs) continue
    if (!newest || isLater(version, newest)) newest = version
  }
  return newest
}

function isLater(one: ObjectVersion, other: ObjectVersion): boolean {
  if (one.storedAtMs !== other.storedAtMs) return one.storedAtMs > other.storedAtMs
  if (one.isCurrent !== other.isCurrent) return one.isCurrent
  return other.isDeletion && !one.isDeletion
}
