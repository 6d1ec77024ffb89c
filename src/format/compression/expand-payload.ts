import { codecs } from '../encryption/frame-descriptor.ts'
import type { FrameDescriptor } from '../encryption/frame-descriptor.ts'
import type { Decompressor } from './zstd.ts'

export type PayloadForm = Pick<FrameDescriptor, 'codec' | 'plainBytes'>

/**
 * Turns an opened payload into its plaintext.
 *
 * @returns With codec 0 and no target, `payload` itself; else a view of `target` or a new buffer.
 * @throws {DamageError} `OBJECT_DAMAGED` when the payload is not exactly the plaintext announced.
 */
export function expandPayload(
  decompressor: Decompressor,
  form: PayloadForm,
  payload: Uint8Array,
  target?: Uint8Array,
): Uint8Array {
  if (form.codec === codecs.zstd) {
    return decompressor.decompress(payload, form.plainBytes, target)
  }
  if (target === undefined) return payload
  const room = target.subarray(0, payload.length)
  room.set(payload, 0)
  return room
}
