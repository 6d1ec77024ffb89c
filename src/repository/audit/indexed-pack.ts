import { createFrameSealer, type FrameSealer } from '../../format/encryption/frame-sealer.ts'
import { encodeObjectHeader } from '../../format/object/object-header.ts'
import { decodePackTrailer, type PackTrailer } from '../../format/pack/pack-trailer.ts'
import type { RepositoryContext } from '../repository-context.ts'

/** What an index object says of a pack; it survives structured cloning. */
export interface IndexedEnds {
  /** 32 bytes. */
  readonly salt: Uint8Array
  /** Plaintext of the trailer. */
  readonly trailer: Uint8Array
}

/** What is needed to read a pack's segments. */
export interface UsablePack {
  readonly trailer: PackTrailer
  readonly opener: Pick<FrameSealer, 'open'>
}

/**
 * Opens a pack whose own header, trailer or footer is lost: its header can be formed from the salt, and index objects hold a copy of the
 * trailer. What it says is proved or refuted by the tags of the segments.
 *
 * @throws {DamageError} when the copy is no trailer
 */
export function openIndexedPack(context: RepositoryContext, ends: IndexedEnds): UsablePack {
  const header = encodeObjectHeader({
    type: 'pack',
    sealed: context.sealed,
    repositoryId: Buffer.from(context.repositoryId),
    salt: Buffer.from(ends.salt),
  })
  return {
    trailer: decodePackTrailer(Buffer.from(ends.trailer)),
    opener: createFrameSealer({ frameRootKey: context.keys.frameRootKey, header }),
  }
}
