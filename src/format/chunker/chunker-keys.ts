import { HoldfastError } from '../../foundation/errors.ts'
import { keyedStream } from '../hashing/portable-hasher.ts'
import { Sieve, sieveWindowBytes } from './sieve.ts'
import type { SieveKeys } from './sieve.ts'

/** The secret numbers of a chunker, drawn from its 32-byte secret. */
export interface ChunkerKeys {
  readonly sieve: SieveKeys
  /** Sixteen numbers of 32 bits, added to the words of the verdict's window. */
  readonly verdictAddends: Uint32Array
  /** Odd, 64 bits. */
  readonly verdictMultiplier: bigint
}

export const chunkerSecretBytes = 32
const streamName = 'holdfast v1 chunker keys'
const verdictAddendCount = 16
const multiplierOffset = 64
const sieveOffset = 72
const sieveKeysBytes = 12
/** One draw fails with the chance 0.22, all of them with 10^-42. */
const sieveDrawCount = 64

/**
 * Draws the keys from the keyed BLAKE3 stream of a secret.
 *
 * Sieve keys that would let a run of one byte value through are drawn again: each byte of such a
 * run would need the verdict, at a tenth of the speed, and a run of zeros must not depend on luck.
 *
 * @param secret 32 bytes.
 * @throws {RangeError} for another length.
 */
export function deriveChunkerKeys(secret: Uint8Array): ChunkerKeys {
  if (secret.length !== chunkerSecretBytes) {
    throw new RangeError(`Chunker secret of ${secret.length} bytes: takes ${chunkerSecretBytes}`)
  }
  const stream = keyedStream(secret, streamName, sieveOffset + sieveDrawCount * sieveKeysBytes)
  return {
    sieve: drawSieveKeys(stream),
    verdictAddends: Uint32Array.from({ length: verdictAddendCount }, (_, index) =>
      stream.readUInt32LE(index * 4),
    ),
    verdictMultiplier: stream.readBigUInt64LE(multiplierOffset) | 1n,
  }
}

function drawSieveKeys(stream: Buffer): SieveKeys {
  for (let draw = 0; draw < sieveDrawCount; draw++) {
    const offset = sieveOffset + draw * sieveKeysBytes
    const multiplier = (index: number): number => stream.readUInt16LE(offset + 4 + index * 2) | 1
    const keys: SieveKeys = {
      addLow: stream.readUInt16LE(offset),
      addHigh: stream.readUInt16LE(offset + 2),
      multipliers: [multiplier(0), multiplier(1), multiplier(2), multiplier(3)],
    }
    if (!letsAnyRunThrough(keys)) return keys
  }
  throw new HoldfastError('INTERNAL', 'Cannot draw chunker keys: every draw lets a run through')
}

function letsAnyRunThrough(keys: SieveKeys): boolean {
  const sieve = new Sieve(keys)
  const run = new Uint8Array(sieveWindowBytes)
  for (let value = 0; value < 256; value++) {
    run.fill(value)
    sieve.warmUp(run, run.length)
    if (sieve.passes(run, run.length)) return true
  }
  return false
}

/**
 * Writes the keys as the WebAssembly kernel expects them at address 0: in the order of the stream.
 */
export function writeChunkerKeys(target: DataView, keys: ChunkerKeys): void {
  keys.verdictAddends.forEach((key, index) => target.setUint32(index * 4, key, true))
  target.setBigUint64(multiplierOffset, keys.verdictMultiplier, true)
  const { addLow, addHigh, multipliers } = keys.sieve
  for (const [index, key] of [addLow, addHigh, ...multipliers].entries()) {
    target.setUint16(sieveOffset + index * 2, key, true)
  }
}
