import type { Repository } from '../../repository/repository.ts'
import type { OwnedBytes, OwnerTable } from './owner-table.ts'

interface KeptTable {
  readonly snapshotIds: OwnerTable['snapshotIds']
  readonly folders: readonly [path: string | null, bytes: number][]
  /** Bits as hexadecimal digits. */
  readonly owned: readonly [owners: string, blobs: number, bytes: number, storedBytes: number][]
}

/** Beyond, computing it again is as good as reading it. */
const ownedMax = 50_000

/** What was kept for exactly this state. */
export function keptTable({ catalogue }: Repository, key: string): OwnerTable | undefined {
  const value = catalogue.statisticsCache.read(key)
  if (value === undefined) return undefined
  const kept = parse(value)
  return kept && { ...kept, ...unpack(kept), isComplete: true }
}

/** A result with losses is not kept: what is lost may come back without any change of names. */
export function keepTable({ catalogue }: Repository, key: string, table: OwnerTable): void {
  if (!table.isComplete || table.owned.length > ownedMax) return
  const kept: KeptTable = {
    snapshotIds: table.snapshotIds,
    folders: table.folders.map(({ path, bytes }) => [path?.toString('latin1') ?? null, bytes]),
    owned: table.owned.map(({ owners, blobs, bytes, storedBytes }) => [
      Buffer.from(owners.buffer, owners.byteOffset, owners.byteLength).toString('hex'),
      blobs,
      bytes,
      storedBytes,
    ]),
  }
  try {
    catalogue.statisticsCache.write(key, Buffer.from(JSON.stringify(kept)))
  } catch {
    // A catalogue that cannot be written to: the statistics are right all the same.
  }
}

function parse(value: Buffer): KeptTable | undefined {
  try {
    return JSON.parse(value.toString()) as KeptTable
  } catch {
    return undefined
  }
}

function unpack(kept: KeptTable): Pick<OwnerTable, 'folders' | 'owned'> {
  return {
    folders: kept.folders.map(([path, bytes]) => ({
      path: path === null ? null : Buffer.from(path, 'latin1'),
      bytes,
    })),
    owned: kept.owned.map(([owners, blobs, bytes, storedBytes]): OwnedBytes => {
      const words = Buffer.from(owners, 'hex')
      return { owners: new Uint32Array(Uint8Array.from(words).buffer), blobs, bytes, storedBytes }
    }),
  }
}
