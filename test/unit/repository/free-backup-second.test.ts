import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

import { writeJournal } from '../../../src/repository/write-journal.ts'
import { newRepository, save } from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

it('gives no backup the name of a run that failed in the same second', async () => {
  const repository = await (await newRepository()).open()
  const folder = scratchFolder(fastFolder)
  writeFileSync(join(folder, 'file'), 'content')
  const second = Math.floor(Date.now() / 1000)
  // Whichever of these seconds the backup begins in.
  const failed = Array.from({ length: 60 }, (_, offset) => `backup_${second + offset}`)
  for (const backupId of failed) {
    await writeJournal(repository, { kind: 'failure', backupId, message: 'no source' })
  }
  const first = await save(repository, folder)
  const other = await save(repository, folder)
  const free = [`backup_${second + 60}`, `backup_${second + 61}`]
  expect([first.snapshot.backupId, other.snapshot.backupId]).toEqual(free)
})
