import { dataShardsMax, parityShardsMax } from '../../format/parity/coding-matrix.ts'
import { decodeJournalRecord, encodeJournalRecord } from '../../format/manifest/journal-record.ts'
import { createCompressor } from '../../format/compression/zstd.ts'
import { sealSmallObject, type SmallObjectSource } from '../../format/object/small-object.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { JournalRecord } from '../../model/journal-record.ts'
import type { ParitySetting } from '../../model/parity-setting.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Repository } from '../repository.ts'

/** @throws {HoldfastError} `USAGE` */
export function checkParitySetting({ dataPacks, parityPacks }: ParitySetting): void {
  if (isBetween(dataPacks, dataShardsMax) && isBetween(parityPacks, parityShardsMax)) return
  throw new HoldfastError(
    'USAGE',
    `Cannot use parity ${dataPacks}+${parityPacks}: groups have 1 to ${dataShardsMax} packs and 1 to ${parityShardsMax} parity objects`,
    { remedy: 'Give for example 10+2: any two packs of ten can be lost' },
  )
}

/** The setting that was made last; null when parity is off. */
export function readParitySetting({ catalogue }: Repository): ParitySetting | null {
  for (const { record } of catalogue.journal.list({ kind: 'settings' })) {
    const parity = record['parity']
    if (parity === undefined) continue
    return isSetting(parity) ? parity : null
  }
  return null
}

/**
 * Makes the setting, durably: a record in the journal, because `config` never changes.
 *
 * @throws {HoldfastError} `USAGE` for a setting that is out of bounds
 */
export async function writeParitySetting(
  repository: Repository,
  parity: ParitySetting | null,
): Promise<void> {
  if (parity) checkParitySetting(parity)
  const newest = repository.catalogue.journal.list({ kind: 'settings', limit: 1 })[0]
  // The newest record counts, also when an earlier one came from a clock that runs fast.
  const atMs = Math.max(Date.now(), (newest?.record.atMs ?? 0) + 1)
  const plaintext = encodeParitySetting(parity, atMs)
  const { id, bytes } = repository.seal('journal', plaintext)
  await repository.storage.put(`journal/${id}`, bytes)
  const record = decodeJournalRecord(plaintext)
  if (record) repository.catalogue.journal.add(id, record)
}

/** Makes the setting of a repository that nobody has opened yet. */
export async function storeFirstParitySetting(
  storage: Storage,
  parity: ParitySetting,
  keys: Pick<SmallObjectSource, 'repositoryId' | 'sealed' | 'frameRootKey'>,
): Promise<void> {
  const { id, bytes } = sealSmallObject({
    ...keys,
    type: 'journal',
    plaintext: encodeParitySetting(parity, Date.now()),
    compressor: createCompressor(1),
  })
  await storage.put(`journal/${id}`, bytes)
}

function encodeParitySetting(parity: ParitySetting | null, atMs: number): Buffer {
  const record: JournalRecord = { version: 1, kind: 'settings', atMs, parity }
  return encodeJournalRecord(record)
}

function isSetting(value: unknown): value is ParitySetting {
  if (typeof value !== 'object' || value === null) return false
  const { dataPacks, parityPacks } = value as Partial<Record<string, unknown>>
  return isBetween(dataPacks, dataShardsMax) && isBetween(parityPacks, parityShardsMax)
}

function isBetween(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most
}
