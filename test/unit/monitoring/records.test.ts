import { describe, expect, it } from 'vitest'

import { listBackupRecords } from '../../../src/monitoring/records/backup-records.ts'
import { listRestoreRecords } from '../../../src/monitoring/records/restore-records.ts'
import { writeJournal } from '../../../src/repository/write-journal.ts'
import { snapshotOf } from '../catalogue/catalogue-fixtures.ts'
import { memoryRepository } from './monitoring-fixtures.ts'

const startedAtMs = 1_790_000_000_250

describe('backup records', () => {
  it('take a snapshot that came after its lease was over for a failed run, until it is verified', async () => {
    const repository = await memoryRepository()
    const leaseId = 'ab'.repeat(16)
    const late = snapshotOf('a', { leaseId })
    repository.catalogue.snapshots.add(late, 2000)
    const statuses = (): string[] => listBackupRecords(repository).map(({ status }) => status)
    expect(statuses()).toEqual(['created'])
    await writeJournal(repository, { kind: 'revocation', leaseId, storageAtMs: 2000 })
    expect(statuses()).toEqual(['failed'])
    await writeJournal(repository, { kind: 'verification', snapshotId: late.id, result: 'ok' })
    expect(statuses()).toEqual(['verified'])
  })

  it('are made of snapshots, what the journal says of them, and failed runs', async () => {
    const repository = await memoryRepository()
    const first = snapshotOf('a', { startedAtMs, backupId: 'backup_1790000000' })
    const second = snapshotOf('b', { startedAtMs: startedAtMs + 5_000, type: 'index' })
    for (const snapshot of [first, second]) repository.catalogue.snapshots.add(snapshot)
    for (const [archive, checksum] of [
      ['old.tar.gz', 'aa'],
      ['backups/backup_1790000000.tar.gz', 'bb'],
    ]) {
      await writeJournal(repository, { kind: 'export', snapshotId: first.id, archive, checksum })
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await writeJournal(repository, { kind: 'verification', snapshotId: first.id, result: 'ok' })
    await writeJournal(repository, {
      kind: 'verification',
      snapshotId: second.id,
      result: 'damaged',
    })
    await writeJournal(repository, {
      kind: 'failure',
      backupId: 'backup_1790000002',
      type: 'config',
      description: 'nightly',
      startedAtMs: startedAtMs + 2_000,
      endedAtMs: startedAtMs + 3_000,
      message: 'nothing to save',
      actor: { via: 'daemon', user: 'root', hostname: 'web1' },
    })
    const records = listBackupRecords(repository)
    expect(records).toMatchObject([
      {
        backup_id: 'backup_1790000000',
        created_at: 1_790_000_000.25,
        status: 'verified',
        checksum: 'bb',
        files: null,
        metadata: { backup_path: 'backups/backup_1790000000.tar.gz', snapshot_id: first.id },
      },
      {
        backup_id: 'backup_1790000002',
        backup_type: 'config',
        status: 'failed',
        description: 'Failed: nothing to save',
        metadata: { snapshot_id: null, hostname: 'web1', run_description: 'nightly' },
      },
      { backup_type: 'index', status: 'failed', checksum: '', metadata: { backup_path: null } },
    ])
  })

  it('tell of deleted ones when asked, and not of one that was brought back', async () => {
    const repository = await memoryRepository()
    const back = snapshotOf('back', { startedAtMs })
    repository.catalogue.snapshots.add(back)
    const gone = snapshotOf('gone', { startedAtMs: startedAtMs + 1_000, type: 'cache' })
    for (const { id, backupId, type, startedAtMs: at, statistics } of [back, gone, gone]) {
      await writeJournal(repository, {
        kind: 'deletion',
        snapshotId: id,
        backupId,
        type,
        startedAtMs: at,
        statistics: { files: statistics.files, bytes: statistics.bytes },
        description: 'old',
      })
    }
    await writeJournal(repository, { kind: 'deletion', snapshotId: gone.id })
    await writeJournal(repository, { kind: 'failure', backupId: 'backup_1', message: 'x' })
    await writeJournal(repository, { kind: 'deletion', backupId: 'backup_1' })
    expect(listBackupRecords(repository).map(({ status }) => status)).toEqual(['created'])
    const all = listBackupRecords(repository, { includeDeleted: true })
    expect(all.map(({ backup_id, status }) => [backup_id, status])).toEqual([
      ['backup_back', 'created'],
      ['backup_gone', 'expired'],
      ['backup_1', 'expired'],
    ])
    expect(all[1]).toMatchObject({ backup_type: 'cache', description: 'old' })
  })

  it('keep what an import says of the original', async () => {
    const repository = await memoryRepository()
    const snapshot = snapshotOf('a', { startedAtMs })
    repository.catalogue.snapshots.add(snapshot)
    await writeJournal(repository, {
      kind: 'import',
      snapshotId: snapshot.id,
      archive: 'backups/x.tar.gz',
      checksum: 'cc',
      record: { status: 'verified' },
    })
    expect(listBackupRecords(repository)[0]).toMatchObject({
      status: 'verified',
      checksum: 'cc',
      metadata: { backup_path: 'backups/x.tar.gz', verified_at: null },
    })
  })

  it('take a journal that says nonsense for what it is', async () => {
    const repository = await memoryRepository()
    await writeJournal(repository, {
      kind: 'failure',
      backupId: 7,
      type: 'strange',
      startedAtMs: 'x',
      message: ['no'],
    })
    await writeJournal(repository, { kind: 'deletion', snapshotId: 'none', startedAtMs: null })
    await writeJournal(repository, { kind: 'restoration', paths: [1, 'a'], result: 4 })
    expect(listBackupRecords(repository, { includeDeleted: true })).toMatchObject([
      { backup_type: 'full', status: 'failed', description: 'Failed: ' },
    ])
    expect(listRestoreRecords(repository)).toMatchObject([
      { status: 'failed', restored_files: ['a'] },
    ])
  })
})

describe('restore records', () => {
  it('give old ones an id of their own', async () => {
    const repository = await memoryRepository()
    await writeJournal(repository, {
      kind: 'restoration',
      backupId: 'backup_1',
      result: 'success',
      startedAtMs: 5_000,
      restoreId: 'restore_5',
      paths: ['data/a'],
      message: '',
    })
    for (const result of ['partial', 'failed']) {
      await writeJournal(repository, {
        kind: 'restoration',
        backupId: 'backup_1',
        result,
        startedAtMs: 5_500,
        message: 'why',
      })
    }
    const records = listRestoreRecords(repository)
    expect(new Set(records.map(({ restore_id }) => restore_id))).toEqual(
      new Set(['restore_5', 'restore_6', 'restore_7']),
    )
    expect(records.find(({ restore_id }) => restore_id === 'restore_5')).toEqual({
      restore_id: 'restore_5',
      backup_id: 'backup_1',
      restored_at: 5,
      status: 'success',
      restored_files: ['data/a'],
      error_message: '',
      verification_passed: true,
    })
    expect(records.map(({ status }) => status).sort()).toEqual(['failed', 'partial', 'success'])
  })
})
