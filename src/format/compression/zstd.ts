import binding from 'zstd-napi/binding.js'
import { DamageError } from '../../foundation/errors.ts'
import { codecs } from '../encryption/frame-descriptor.ts'
import type { Codec } from '../encryption/frame-descriptor.ts'
import { readZstdHeader } from './zstd-header.ts'

export interface CompressionResult {
  readonly codec: Codec
  /**
   * Length of the payload. With codec 0 the payload is the plaintext itself and the target holds
   * nothing of use.
   */
  readonly bytes: number
}

export interface Compressor {
  /**
   * Compresses into a buffer that the caller uses again.
   *
   * Text of which zstd saves less than three per cent is better stored: that is cheaper to read.
   *
   * @param target At least `compressBound(plain.length)` bytes; must not overlap `plain`.
   * @throws {RangeError} when the target is too short.
   */
  compress(plain: Uint8Array, target: Uint8Array): CompressionResult
}

export interface Decompressor {
  /**
   * Expands one zstd frame that must hold exactly `plainBytes` bytes.
   *
   * @param plainBytes Must have been checked against the limits of the format: so much is
   * allocated.
   * @param target Where to write, at least `plainBytes` long; a new buffer when missing.
   * @returns A view of `target`, or the new buffer.
   * @throws {DamageError} `OBJECT_DAMAGED` for anything else than one whole frame without
   * dictionary, of that length and with a window of at most 2^27. The target then holds nothing of
   * use.
   */
  decompress(payload: Uint8Array, plainBytes: number, target?: Uint8Array): Uint8Array
}

/** A result longer than this part of the plaintext is not worth decompressing. */
const usefulRatio = 0.97
const levelMin = -7
const levelMax = 22

/** Longest zstd frame for a plaintext, in bytes. */
export function compressBound(plainBytes: number): number {
  return binding.compressBound(plainBytes)
}

/**
 * Makes a compressor with one native context; each worker thread has its own.
 *
 * @param level zstd's level, -7 to 22.
 * @throws {RangeError} when the level is out of bounds.
 */
export function createCompressor(level: number): Compressor {
  if (!Number.isInteger(level) || level < levelMin || level > levelMax) {
    throw new RangeError(`A zstd level is a whole number from ${levelMin} to ${levelMax}`)
  }
  const context = new binding.CCtx()
  context.setParameter(binding.CParameter.compressionLevel, level)
  context.setParameter(binding.CParameter.contentSizeFlag, 1)
  // The frame's own tag and the blobs' ids guard the bytes; a third checksum would only cost time.
  context.setParameter(binding.CParameter.checksumFlag, 0)
  return {
    compress(plain, target) {
      if (plain.length === 0) return { codec: codecs.stored, bytes: 0 }
      if (target.length < binding.compressBound(plain.length)) {
        throw new RangeError('The target of a compression is shorter than compressBound()')
      }
      const bytes = context.compress2(target, plain)
      if (bytes >= plain.length * usefulRatio) return { codec: codecs.stored, bytes: plain.length }
      return { codec: codecs.zstd, bytes }
    },
  }
}

/** Makes a decompressor with one native context; each worker thread has its own. */
export function createDecompressor(): Decompressor {
  const context = new binding.DCtx()
  return {
    decompress(payload, plainBytes, target) {
      checkZstdFrame(payload, plainBytes)
      const room = target?.subarray(0, plainBytes) ?? Buffer.allocUnsafe(plainBytes)
      if (room.length < plainBytes) throw new RangeError('The target is shorter than the plaintext')
      const written = decompressInto(context, room, payload)
      if (written !== plainBytes) {
        throw new DamageError(`Cannot decompress: ${written} bytes instead of ${plainBytes}`)
      }
      return room
    },
  }
}

function decompressInto(context: binding.DCtx, room: Uint8Array, payload: Uint8Array): number {
  try {
    return context.decompress(room, payload)
  } catch (cause) {
    throw new DamageError(`Cannot decompress: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * Refuses before anything is allocated or expanded. zstd's one-pass call checks neither the window
 * nor that there is only one frame, and would expand a dictionary frame without its dictionary.
 */
function checkZstdFrame(payload: Uint8Array, plainBytes: number): void {
  const header = readZstdHeader(payload)
  if (header.contentBytes !== undefined && header.contentBytes !== plainBytes) {
    throw new DamageError(
      `Cannot decompress: the frame announces ${header.contentBytes} bytes, not ${plainBytes}`,
    )
  }
  const frameBytes = measureFrame(payload)
  if (frameBytes !== payload.length) {
    throw new DamageError(
      `Cannot decompress: its frame ends after ${frameBytes} of ${payload.length} bytes`,
    )
  }
}

function measureFrame(payload: Uint8Array): number {
  try {
    return binding.findFrameCompressedSize(payload)
  } catch (cause) {
    throw new DamageError(`Cannot decompress: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
