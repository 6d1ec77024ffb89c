/** The buffer itself when it is long enough, else a new one of that length: for memory that is used again and again. Nothing is copied. */
export function withRoom(buffer: Buffer, bytes: number): Buffer {
  return buffer.length >= bytes ? buffer : Buffer.allocUnsafeSlow(bytes)
}
