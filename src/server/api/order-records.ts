import type { BackupRecord } from '../../model/backup-record.ts'

export const recordOrders = ['started_at', 'type', 'bytes', 'exclusive_bytes'] as const

export interface RecordOrder {
  readonly by: (typeof recordOrders)[number]
  readonly isDescending: boolean
  /** By the snapshot's id. */
  exclusiveBytes(): ReadonlyMap<string, number>
}

/**
 * Backups in another order. A run that made none has neither size nor bytes of its own and comes last, whichever way round; among equals the
 * order stays as it was.
 */
export function orderRecords(
  records: readonly BackupRecord[],
  { by, isDescending, exclusiveBytes }: RecordOrder,
): BackupRecord[] {
  const exclusive = by === 'exclusive_bytes' ? exclusiveBytes() : undefined
  const keyOf = (record: BackupRecord): string | number | undefined => {
    const { snapshot_id: id } = record.metadata
    if (by === 'started_at') return record.created_at
    if (by === 'type') return record.backup_type
    if (typeof id !== 'string') return undefined
    return exclusive ? exclusive.get(id) : record.size_bytes
  }
  const keyed = records.map((record) => ({ record, key: keyOf(record) }))
  const known = keyed.filter(({ key }) => key !== undefined)
  const unknown = keyed.filter(({ key }) => key === undefined)
  const sign = isDescending ? -1 : 1
  known.sort((left, right) => sign * compare(left.key ?? 0, right.key ?? 0))
  return [...known, ...unknown].map(({ record }) => record)
}

function compare(left: string | number, right: string | number): number {
  return left < right ? -1 : left > right ? 1 : 0
}
