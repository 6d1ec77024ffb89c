import { HoldfastError } from '../../../../src/foundation/errors.ts'

/**
 * Runs `read` on every prefix of `bytes` and on every copy with one bit flipped. A typed error is a
 * refusal; any other exception is thrown on.
 *
 * @returns Names of the changes that were read as if nothing had happened.
 */
export function acceptedChanges(bytes: Uint8Array, read: (changed: Buffer) => unknown): string[] {
  const accepted: string[] = []
  for (let length = 0; length < bytes.length; length++) {
    if (!isRefused(() => read(Buffer.from(bytes.subarray(0, length))))) {
      accepted.push(`cut to ${length}`)
    }
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] ^= 1 << (bit & 7)
    if (!isRefused(() => read(changed))) accepted.push(`byte ${bit >> 3} bit ${bit & 7}`)
  }
  return accepted
}

function isRefused(read: () => unknown): boolean {
  try {
    read()
    return false
  } catch (error) {
    if (error instanceof HoldfastError) return true
    throw error
  }
}

/** The error that `run` ends with. */
export function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('No error was thrown')
}
