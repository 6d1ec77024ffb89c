/** Draws of one schedule: equal seeds give equal schedules. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** In [0, below). */
  below(below: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  pick<T>(choices: readonly T[]): T
  fill(bytes: Uint8Array): void
}

/** sfc32 (Chris Doty-Humphrey, PractRand): quick, and passes the usual batteries. */
export function newRandom(seed: number): Random {
  let a = seed >>> 0
  let b = Math.floor(seed / 2 ** 32) >>> 0
  let c = 0x9e3779b9
  let counter = 1
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 15; round++) word()
  const below = (bound: number): number => Math.floor((word() / 2 ** 32) * bound)
  return {
    next: () => word() / 2 ** 32,
    below,
    chance: (probability) => word() / 2 ** 32 < probability,
    pick: (choices) => choices[below(choices.length)],
    fill: (bytes) => {
      for (let at = 0; at < bytes.length; at += 4) {
        const drawn = word()
        for (let byte = 0; byte < 4 && at + byte < bytes.length; byte++) {
          bytes[at + byte] = (drawn >>> (8 * byte)) & 0xff
        }
      }
    },
  }
}
