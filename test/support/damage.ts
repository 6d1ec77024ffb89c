import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Changes one bit of a file; doing it again undoes it. */
export function flipBit(path: string, bit: number): void {
  const bytes = readFileSync(path)
  bytes[bit >> 3] ^= 1 << (bit & 7)
  writeFileSync(path, bytes)
}

export function sizeOf(location: string, name: string): number {
  return statSync(join(location, name)).size
}

/** Runs `work` with the file changed, and puts it back. */
export async function withDamage<T>(
  path: string,
  damage: (bytes: Buffer) => Buffer,
  work: () => Promise<T>,
): Promise<T> {
  const bytes = readFileSync(path)
  writeFileSync(path, damage(Buffer.from(bytes)))
  try {
    return await work()
  } finally {
    writeFileSync(path, bytes)
  }
}

export function cutTo(path: string, lengthBytes: number): void {
  truncateSync(path, lengthBytes)
}
