import { randomBytes } from 'node:crypto'
import type { PutGuard } from '../storage.ts'

/** Puts under one name, at once. @returns how many the store took; `refused` when it does no conditional puts */
export type RacePuts = (key: string, bodies: readonly Uint8Array[]) => Promise<number | 'refused'>

/** A store that lets two win now and then is found in a few rounds (Swift's let up to 16 of 16). */
const rounds = 6
const racers = 16
/** Long enough that the store has them in work at the same time. */
const bodyBytes = 64 * 1024

/**
 * Finds out what a conditional put of a store is worth: documentation and a single try do not tell (radosgw's are atomic in a bucket without
 * versions and guard nothing in one with them).
 *
 * @param remove takes away what was put
 */
export async function probePuts(
  prefix: string,
  race: RacePuts,
  remove: (key: string) => Promise<void>,
): Promise<PutGuard> {
  for (let round = 0; round < rounds; round++) {
    const key = `${prefix}probe-${randomBytes(16).toString('hex')}`
    try {
      const bodies = Array.from({ length: racers }, () => randomBytes(bodyBytes))
      const winners = await race(key, bodies)
      if (winners === 'refused') return 'refused'
      if (winners > 1) {
        // One after the other: does it look at the condition at all?
        const late = await race(key, [randomBytes(16)])
        return late === 0 ? 'weak' : 'ignored'
      }
    } finally {
      await remove(key)
    }
  }
  return 'atomic'
}
