import { idBytes } from '../../model/ids.ts'
import type { ContentBatch } from './content-batch.ts'

/** A piece of a long content for a worker to read and store. */
export interface PieceRequest {
  readonly number: number
  /** Of one file. */
  readonly content: ContentBatch
  /** Where it begins: the end of the piece before it, where a chunk or a hole of the target ends. */
  readonly position: number
}

/** Told as soon as a piece is cut: the next one can be read while this one is stored. */
export interface PieceCut {
  readonly number: number
  readonly end: number
  readonly isLast: boolean
}

/** The references of a piece in the target, or why it could not be read. */
export interface PieceReply {
  readonly lengths: Float64Array<ArrayBuffer>
  /** 32 bytes each; zeros for a hole. */
  readonly ids: Uint8Array<ArrayBuffer>
  readonly lost: string | null
}

export function newPieceReply(count: number): PieceReply {
  return { lengths: new Float64Array(count), ids: new Uint8Array(count * idBytes), lost: null }
}
