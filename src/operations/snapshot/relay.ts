import { idBytes } from '../../model/ids.ts'
import type { ReadableFile } from './large-file.ts'

/** A piece of a large file for a worker to read and store. */
export interface PieceRequest {
  readonly number: number
  readonly file: ReadableFile
  /** Where it begins: the end of the piece before it. */
  readonly position: number
  /** Ids of what the file held in a parent snapshot that is trusted, 32 bytes each. */
  readonly former: Uint8Array
}

/** Told as soon as a piece is cut: the next one can be read while this one is stored. */
export interface PieceCut {
  readonly number: number
  readonly end: number
  readonly isLast: boolean
  /** 0, or why the piece could not be read; then it is the last one. */
  readonly errno: number
}

const referenceBytes = 8 + idBytes

/** References of a piece: the lengths of all of them, `f64` each, then their ids. */
export interface PieceReferences {
  readonly lengths: Float64Array
  readonly ids: Uint8Array
}

export function newPieceReferences(
  count: number,
): PieceReferences & { bytes: Uint8Array<ArrayBuffer> } {
  const bytes = new Uint8Array(count * referenceBytes)
  return { bytes, ...readPieceReferences(bytes) }
}

export function readPieceReferences({ buffer, byteOffset, length }: Uint8Array): PieceReferences {
  const count = length / referenceBytes
  return {
    lengths: new Float64Array(buffer, byteOffset, count),
    ids: new Uint8Array(buffer, byteOffset + count * 8, count * idBytes),
  }
}
