import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

import type { SeededRandom } from './seeded-random.ts'

/** 768 dimensions, as of common embedding models, make one vector 3 KiB. */
const dimensions = 768
const vectorBytes: number = dimensions * Float32Array.BYTES_PER_ELEMENT
const vectorsPerWrite = 4096

/** Writes a file of unit-length-like float32 vectors, as many whole ones as fit. */
export function writeVectorIndex(path: string, random: SeededRandom, lengthBytes: number): void {
  const file = openSync(path, 'w')
  for (let left = Math.floor(lengthBytes / vectorBytes); left > 0; left -= vectorsPerWrite) {
    writeFileSync(file, vectors(random, Math.min(left, vectorsPerWrite)))
  }
  closeSync(file)
}

/**
 * Inserts vectors at random places and appends more, into a new file that replaces the index, as
 * index builders do.
 */
export function insertVectors(
  path: string,
  random: SeededRandom,
  options: { insertCount: number; appendedBytes: number },
): void {
  const contents = readFileSync(path)
  const places = Array.from({ length: options.insertCount }, () =>
    random.below(contents.length / vectorBytes),
  )
  const parts: Buffer[] = []
  let doneBytes = 0
  for (const place of places.sort((left, right) => left - right)) {
    parts.push(contents.subarray(doneBytes, place * vectorBytes), vectors(random, 1))
    doneBytes = place * vectorBytes
  }
  parts.push(contents.subarray(doneBytes))
  parts.push(
    vectors(random, Math.ceil(options.appendedBytes / vectorBytes)).subarray(
      0,
      options.appendedBytes,
    ),
  )
  const file = openSync(`${path}.new`, 'w')
  for (const part of parts) writeFileSync(file, part)
  closeSync(file)
  renameSync(`${path}.new`, path)
}

function vectors(random: SeededRandom, count: number): Buffer {
  const values = new Float32Array(count * dimensions)
  // Components of this deviation make the expected length 1.
  const deviation = 1 / Math.sqrt(dimensions)
  for (let index = 0; index < values.length; index += 1) values[index] = random.normal() * deviation
  return Buffer.from(values.buffer)
}
