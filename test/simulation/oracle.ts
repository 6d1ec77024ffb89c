import { sealedIndexes } from './sim-repository.ts'
import type { SimProcess, WorldTime } from './sim-process.ts'
import type { SimObject, SimObjects, StorageWatcher } from './sim-storage.ts'
import type { Needs, Source } from './sources.ts'

/** A snapshot whose making was acknowledged. */
export interface Acknowledged {
  readonly id: string
  readonly needs: Needs
  readonly source: Source
}

/** What has to hold at any moment, whatever was done and broken off before. */
export class Oracle implements StorageWatcher {
  readonly acknowledged = new Map<string, Acknowledged>()
  /** Forgotten, and dropped by a prune after their grace: nobody may expect them back. */
  readonly expired = new Set<string>()
  /**
   * Stored by runs that somebody had taken for dead by then, and that may have been killed before they took them back. As long as they are not
   * acknowledged they need not be whole (docs/decisions/0007, point 8).
   */
  readonly late = new Set<string>()
  readonly violations: string[] = []
  /** When undeletes began that have said that they are done. */
  readonly #broughtBackMs = new Map<string, number>()
  readonly #time: WorldTime
  readonly #graceOf: (process: SimProcess) => number | undefined

  /** @param graceOf the grace that a prune was given; undefined for other processes */
  constructor(time: WorldTime, graceOf: (process: SimProcess) => number | undefined) {
    this.#time = time
    this.#graceOf = graceOf
  }

  violate(message: string): void {
    this.violations.push(message)
  }

  /** An undelete says that it is done: only who forgets the snapshot anew may drop it. */
  bringBack(id: string, sinceMs: number): void {
    this.expired.delete(id)
    this.#broughtBackMs.set(id, sinceMs)
  }

  onPut(name: string, { by }: SimObject): void {
    if (by.wasRevoked && name.startsWith('snapshots/')) {
      this.late.add(name.slice('snapshots/'.length))
    }
  }

  onGone(name: string, object: SimObject, by: SimProcess, objects: SimObjects): void {
    const slash = name.indexOf('/')
    const folder = name.slice(0, slash)
    const id = name.slice(slash + 1)
    if (folder === 'locks' && object.by !== by) object.by.wasRevoked = true
    if (folder === 'forgotten' && !objects.objects.has(`snapshots/${id}`)) {
      const ageMs = this.#time.nowMs - object.modifiedAtMs
      const graceMs = this.#graceOf(by)
      if ((this.#broughtBackMs.get(id) ?? -Infinity) > object.modifiedAtMs) {
        this.violate(`${short(id)} was dropped by process ${by.id} although it was brought back`)
      }
      if (graceMs !== undefined && ageMs >= graceMs) this.expired.add(id)
      else this.violate(`${short(id)} was dropped by process ${by.id} after ${ageMs} ms`)
    }
    // One that a prune has dropped may be put by an undelete that was stopped, which then takes it back.
    if (!this.acknowledged.has(id) || this.expired.has(id)) return
    if (folder === 'snapshots' && !objects.objects.has(`forgotten/${id}`)) {
      this.violate(`${short(id)} was removed by process ${by.id} and is not among the forgotten`)
    }
  }

  /** A backup says that it is done: all of it is durable. */
  acknowledge(snapshot: Acknowledged, objects: SimObjects): void {
    this.acknowledged.set(snapshot.id, snapshot)
    const object =
      objects.objects.get(`snapshots/${snapshot.id}`) ??
      objects.objects.get(`forgotten/${snapshot.id}`)
    // A policy may have chosen it before it was told to whoever made it.
    if (!object && this.expired.has(snapshot.id)) return
    if (!object?.isDurable) {
      this.violate(`${short(snapshot.id)} was acknowledged and is not durable`)
      return
    }
    const lost = countMissing(snapshot.needs, readableBlobs(objects, true))
    if (lost > 0) {
      this.violate(`${short(snapshot.id)} was acknowledged and misses ${lost} durable blobs`)
    }
  }

  /** Every acknowledged snapshot is there as long as it has to be, and everything that is there is whole. */
  check(objects: SimObjects, moment: string): void {
    if (this.acknowledged.size === 0) return
    const readable = readableBlobs(objects, false)
    for (const { id, needs } of this.acknowledged.values()) {
      const isThere =
        objects.objects.has(`snapshots/${id}`) || objects.objects.has(`forgotten/${id}`)
      if (!isThere) {
        if (!this.expired.has(id)) this.violate(`${short(id)} is gone (${moment})`)
        continue
      }
      const lost = countMissing(needs, readable)
      if (lost > 0) {
        this.violate(`${short(id)} misses ${lost} of ${needs.size} blobs (${moment})`)
      }
    }
  }
}

export function short(id: string): string {
  return id.slice(0, 8)
}

function countMissing(needs: Needs, readable: ReadonlySet<string>): number {
  let missing = 0
  for (const need of needs) if (!readable.has(need)) missing += 1
  return missing
}

/** Blobs that an index object names in a pack that is there. */
export function readableBlobs(objects: SimObjects, durableOnly: boolean): Set<string> {
  const readable = new Set<string>()
  for (const [name, object] of objects.objects) {
    if (!name.startsWith('index/') || (durableOnly && !object.isDurable)) continue
    for (const [packId, blobs] of sealedIndexes.get(name) ?? []) {
      const pack = objects.objects.get(`packs/${packId}`)
      if (!pack || (durableOnly && !pack.isDurable)) continue
      for (const blob of blobs) readable.add(blob)
    }
  }
  return readable
}
