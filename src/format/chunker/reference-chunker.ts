import { chunkRanges } from './chunk-range.ts'
import type { Chunker } from './chunk-range.ts'
import { deriveChunkerKeys } from './chunker-keys.ts'
import type { ChunkerKeys } from './chunker-keys.ts'
import { chunkLimitsOf } from './chunker-parameters.ts'
import type { ChunkerParameters } from './chunker-parameters.ts'
import { Sieve } from './sieve.ts'

const verdictWindowBytes = 64
const verdictWordCount = 16

/**
 * Makes a chunker in plain TypeScript: the definition of where chunks end, about thirty times
 * slower than the kernel.
 *
 * @param secret 32 bytes.
 * @throws {RangeError} for an average, a secret or a capacity that is not supported.
 */
export function createReferenceChunker(
  parameters: ChunkerParameters,
  secret: Uint8Array,
  capacityBytes: number,
): Chunker {
  const limits = chunkLimitsOf(parameters)
  const keys = deriveChunkerKeys(secret)
  const sieve = new Sieve(keys.sieve)
  const memory = new Uint8Array(capacityBytes)
  return chunkRanges(memory, limits, (first, last) => {
    sieve.warmUp(memory, first)
    for (let end = first; end <= last; end++) {
      if (sieve.passes(memory, end) && isCut(memory, end, keys, limits.verdictBits)) return end
    }
    return -1
  })
}

/**
 * The second question, asked where the sieve lets through: a sum of keyed products (the NH of UMAC)
 * over the same 64 bytes, mixed so that its upper bits depend on all of it.
 */
function isCut(bytes: Uint8Array, end: number, keys: ChunkerKeys, verdictBits: number): boolean {
  const window = new DataView(bytes.buffer, bytes.byteOffset + end - verdictWindowBytes)
  const keyed = (index: number): bigint =>
    BigInt((window.getUint32(index * 4, true) + keys.verdictAddends[index]) >>> 0)
  let sum = 0n
  for (let index = 0; index < verdictWordCount; index += 2) sum += keyed(index) * keyed(index + 1)
  sum = BigInt.asUintN(64, sum)
  const mixed = BigInt.asUintN(64, (sum ^ (sum >> 32n)) * keys.verdictMultiplier)
  return mixed >> BigInt(64 - verdictBits) === 0n
}
