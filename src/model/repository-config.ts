import type { ObjectLock } from './object-lock.ts'

export type Encryption = 'none' | 'aes-256-gcm'

/** What the `config` object of a repository says (docs/FORMAT.md, section 3). */
export interface RepositoryConfig {
  /** 2 when there is anything in it that a program of version 1 must know; else 1. */
  readonly version: 1 | 2
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
  /** Only in version 2: each object that stays is put with it. */
  readonly objectLock?: ObjectLock
}
