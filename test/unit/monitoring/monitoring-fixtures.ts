import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'

import type { BackupRecord, BackupRecordMetadata } from '../../../src/model/backup-record.ts'
import type { AlertThresholds } from '../../../src/monitoring/alerts/alert.ts'
import { initRepository } from '../../../src/repository/init-repository.ts'
import { openRepository } from '../../../src/repository/open-repository.ts'
import type { Repository } from '../../../src/repository/repository.ts'

export const hourMs: number = 60 * 60_000
export const dayMs: number = 24 * hourMs
/** Noon in summer, so that hours around it are of one day in every time zone near. */
export const nowMs: number = Date.UTC(2026, 6, 15, 12)

export const thresholds: AlertThresholds = {
  noBackupHours: 48,
  failureRate: 0.1,
  backupBytes: 1024 ** 3,
  successRate: 0.9,
  windowDays: 30,
  verificationDays: 30,
}

/** A backup that was made some hours ago and is verified. */
export function backup(
  hoursAgo: number,
  changes: Partial<Omit<BackupRecord, 'metadata'>> = {},
  metadata: Partial<BackupRecordMetadata> = {},
): BackupRecord {
  const createdAt = (nowMs - hoursAgo * hourMs) / 1000
  return {
    backup_id: `backup_${Math.floor(createdAt)}`,
    backup_type: 'full',
    created_at: createdAt,
    size_bytes: 1_000_000,
    file_count: 10,
    checksum: '',
    status: 'verified',
    description: '',
    files: null,
    ...changes,
    metadata: {
      backup_path: null,
      compression: true,
      snapshot_id: 'ab'.repeat(32),
      ended_at: createdAt + 60,
      recorded_at: createdAt,
      verified_at: createdAt + 90,
      data_bytes_added: 200_000,
      stored_bytes_added: 100_000,
      ...metadata,
    },
  }
}

/** A run that made nothing. */
export function failure(hoursAgo: number, changes: Partial<BackupRecord> = {}): BackupRecord {
  return backup(
    hoursAgo,
    {
      status: 'failed',
      size_bytes: 0,
      file_count: 0,
      description: 'Failed: no space',
      ...changes,
    },
    { snapshot_id: null, verified_at: null, error: 'no space' },
  )
}

/** A real repository in memory, closed when the test ends. */
export async function memoryRepository(): Promise<Repository> {
  const location = `memory:${randomUUID()}`
  await initRepository({ location })
  const repository = await openRepository({ location })
  onTestFinished(() => repository.close())
  return repository
}
