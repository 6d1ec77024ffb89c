import { escapeText } from '../../foundation/escape-bytes.ts'
import { humanBytes, humanCount, humanTime, jsonTime } from '../../foundation/human.ts'
import type { Column } from '../../foundation/table.ts'
import type { Restoration } from '../../service/list-restores.ts'
import type { JsonObject } from './json.ts'

export const restoreColumns: readonly Column[] = [
  { title: 'Restore', dropOrder: 2 },
  { title: 'Time' },
  { title: 'Backup' },
  { title: 'Status' },
  { title: 'Files', align: 'right', dropOrder: 3 },
  { title: 'Size', align: 'right', dropOrder: 1 },
  { title: 'Who' },
  { title: 'Target' },
]

export function restoreRow(restore: Restoration): string[] {
  return [
    escapeText(restore.restore_id),
    humanTime(restore.restored_at * 1000),
    escapeText(restore.backup_id),
    restore.status,
    humanCount(restore.files),
    humanBytes(restore.bytes),
    escapeText(restore.who),
    escapeText(restore.target),
  ]
}

export function restoreJson({ restored_at, restored_files, ...restore }: Restoration): JsonObject {
  return {
    ...restore,
    restored_at: jsonTime(restored_at * 1000),
    restored_files: [...restored_files],
  }
}
