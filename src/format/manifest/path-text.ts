import { isUtf8 } from 'node:buffer'
import type { PathText } from '../../model/snapshot.ts'

/** A path as snapshots hold it: text where its bytes are UTF-8, else Base64. */
export function encodePathText(bytes: Uint8Array): PathText {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return isUtf8(buffer) ? buffer.toString('utf8') : { base64: buffer.toString('base64') }
}

/** The bytes of a path as snapshots hold it. */
export function decodePathText(path: PathText): Buffer {
  return typeof path === 'string' ? Buffer.from(path, 'utf8') : Buffer.from(path.base64, 'base64')
}
