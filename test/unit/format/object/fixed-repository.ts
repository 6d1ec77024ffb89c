import { deriveRepositoryKeys } from '../../../../src/format/encryption/repository-keys.ts'
import type { RepositoryKeys } from '../../../../src/format/encryption/repository-keys.ts'

/** Bytes that count up from `first`: easy to write down for another reader. */
export function countingBytes(length: number, first = 0): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (first + index) & 0xff))
}

export const masterSecret: Buffer = countingBytes(32)
export const keys: RepositoryKeys = deriveRepositoryKeys(masterSecret)
export const frameRootKey: Uint8Array = keys.frameRootKey
export const repositoryId: Buffer = countingBytes(16, 0xa0)
export const salt: Buffer = countingBytes(32, 0x40)
