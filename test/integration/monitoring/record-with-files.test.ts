import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import type { SnapshotId } from '../../../src/model/ids.ts'
import type * as RecordModule from '../../../src/monitoring/records/backup-record-with-files.ts'
import { engine, engineModule } from '../../support/built-engine.ts'
import { newRepository } from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

const { backupRecordWithFiles, listedFilesMax } = await engineModule<typeof RecordModule>(
  'monitoring/records/backup-record-with-files',
)

describe('the record of one backup', () => {
  it('lists files and links relative to the project, and null when there are too many', async () => {
    const project = scratchFolder(fastFolder)
    mkdirSync(join(project, 'data/index'), { recursive: true })
    writeFileSync(join(project, 'data/index/b.bin'), 'b')
    writeFileSync(join(project, 'data/a.txt'), 'a')
    symlinkSync('a.txt', join(project, 'data/link'))
    const repository = await (await newRepository()).open()
    const save = async (): Promise<SnapshotId> => {
      const paths = [Buffer.from(join(project, 'data'))]
      const { snapshot } = await engine.snapshot(repository, { paths, base: project })
      if (snapshot === null) throw new Error('No snapshot')
      return snapshot.id
    }
    const record = backupRecordWithFiles(repository, await save())
    expect(record?.files).toEqual(['data/a.txt', 'data/index/b.bin', 'data/link'])
    expect(record).toMatchObject({ status: 'created', file_count: 2, size_bytes: 2 })
    mkdirSync(join(project, 'data/many'))
    for (let number = 0; number < listedFilesMax; number++) {
      writeFileSync(join(project, 'data/many', `${number}`), '')
    }
    const many = backupRecordWithFiles(repository, await save())
    expect(many).toMatchObject({ files: null, file_count: listedFilesMax + 2 })
    expect(backupRecordWithFiles(repository, 'ab'.repeat(32) as SnapshotId)).toBeUndefined()
  })
})
