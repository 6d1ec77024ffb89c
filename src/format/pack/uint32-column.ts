const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/**
 * Reads a column of little-endian numbers.
 *
 * @returns A view of `bytes` where alignment and processor permit, else a copy.
 */
export function readUint32Column(bytes: Uint8Array, offset: number, count: number): Uint32Array {
  const start = bytes.byteOffset + offset
  if (isLittleEndian && start % 4 === 0) return new Uint32Array(bytes.buffer, start, count)
  const view = new DataView(bytes.buffer, start, count * 4)
  const column = new Uint32Array(count)
  for (let index = 0; index < count; index++) column[index] = view.getUint32(index * 4, true)
  return column
}

/** Writes a column of little-endian numbers. @throws {RangeError} when one does not fit 32 bits. */
export function writeUint32Column(
  values: ArrayLike<number>,
  target: Buffer,
  targetOffset: number,
): void {
  for (let index = 0; index < values.length; index++) {
    target.writeUInt32LE(values[index], targetOffset + index * 4)
  }
}
