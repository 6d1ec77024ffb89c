import type { Damage } from '../library.ts'

/** What is lost at one path: in the newest snapshot that has it so, and in others that have exactly the same. */
export interface DamagedPath {
  readonly snapshotId: string
  readonly path: Uint8Array
  readonly message: string
  /** Where it begins; undefined when nothing is known but the path. */
  readonly offsetBytes: number | undefined
  /** Sum of all places; undefined when one of them is of unknown length. */
  readonly lengthBytes: number | undefined
  readonly places: number
  readonly fileBytes: number | undefined
  /** The newest first. */
  readonly otherSnapshots: readonly string[]
}

type Place = Damage & { readonly snapshotId: string; readonly path: Uint8Array }

/**
 * Puts the places of one path together, and the snapshots in which they are the same: a lost pack is a line for each of its files, and not for
 * each of their chunks in each snapshot.
 *
 * @param damaged in the order in which it was found, older snapshots first
 */
export function groupByPath(damaged: readonly Damage[]): DamagedPath[] {
  const files = new Map<string, Place[]>()
  for (const damage of damaged) {
    if (!isPlace(damage)) continue
    const key = `${damage.snapshotId} ${keyOf(damage.path)} ${damage.message}`
    const places = files.get(key)
    if (places) places.push(damage)
    else files.set(key, [damage])
  }
  const alike = new Map<string, Place[][]>()
  for (const places of files.values()) {
    const [{ path, message }] = places
    const spans = places.map(({ offsetBytes, lengthBytes }) => `${offsetBytes}+${lengthBytes}`)
    const key = `${keyOf(path)} ${message} ${spans.join()}`
    const same = alike.get(key)
    if (same) same.push(places)
    else alike.set(key, [places])
  }
  return Array.from(alike.values(), together)
}

/** Whether it is about a path of a snapshot, and not about an object. */
export function isPlace(damage: Damage): damage is Place {
  return damage.snapshotId !== undefined && damage.path !== undefined
}

function together(same: readonly (readonly Place[])[]): DamagedPath {
  const newestFirst = same.toReversed()
  const [{ snapshotId, path, message, fileBytes }] = newestFirst[0]
  const lengths = newestFirst[0].map(({ lengthBytes }) => lengthBytes)
  const offsets = newestFirst[0].map(({ offsetBytes }) => offsetBytes)
  return {
    snapshotId,
    path,
    message,
    offsetBytes: offsets.reduce((least, offset) => lesser(least, offset)),
    lengthBytes: lengths.reduce((sum, length) => add(sum, length)),
    places: lengths.length,
    fileBytes,
    otherSnapshots: newestFirst.slice(1).map((places) => places[0].snapshotId),
  }
}

function lesser(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.min(one, other)
}

function add(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other
}

function keyOf(path: Uint8Array): string {
  return Buffer.from(path).toString('latin1')
}
