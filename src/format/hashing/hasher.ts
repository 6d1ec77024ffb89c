/** Incremental BLAKE3 with a 32-byte result. */
export interface Hasher {
  /** Forgets what was hashed and keeps the key. */
  reset(): void
  update(bytes: Uint8Array): this
  /**
   * The hash of everything since the start or the last reset, in a buffer of its own; more may be
   * added after it.
   */
  digest(): Buffer
}

export const hashBytes = 32
export const hashKeyBytes = 32
