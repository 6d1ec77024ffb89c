export type Encryption = 'none' | 'aes-256-gcm'

/** What the `config` object of a repository says (docs/FORMAT.md, section 3). */
export interface RepositoryConfig {
  readonly version: 1
  /** 32 hexadecimal digits. */
  readonly repositoryId: string
  readonly createdAtMs: number
  readonly encryption: Encryption
  readonly chunker: 'sieve-1'
  /** A power of two, 16 KiB to 2 MiB. */
  readonly chunkAverageBytes: number
  readonly compression: 'zstd'
  /** Hexadecimal master secret, only when `encryption` is `none`. */
  readonly secret?: string
}
