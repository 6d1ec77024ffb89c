import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { HoldfastError } from '../../../../src/foundation/errors.ts'
import { scratchFolder } from '../../../support/scratch.ts'
import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { listed, snapshot } from '../stand-in-samples.ts'

/** A project with a configuration, archives and a history. */
function project(): string {
  const folder = scratchFolder()
  writeFileSync(join(folder, 'config.yml'), 'api:\n  backup:\n    enabled: true\n')
  mkdirSync(join(folder, 'backups'))
  mkdirSync(join(folder, 'logs'))
  writeFileSync(join(folder, 'logs/backup_history.jsonl'), '')
  return folder
}

describe('holdfast export', () => {
  it('writes to the places of the project', async () => {
    const workingFolder = project()
    const { status, out, given } = await run(['export', 'latest'], { workingFolder })
    expect(status).toBe(0)
    expect(given('exportSnapshot')).toMatchObject({
      snapshot: { id: snapshot.id },
      folder: join(workingFolder, 'backups'),
      historyFile: join(workingFolder, 'logs/backup_history.jsonl'),
      projectFolder: workingFolder,
      overwrite: false,
      actor: { via: 'command' },
    })
    expect(given('writeJournal')).toMatchObject({ kind: 'access', action: 'export', result: 'ok' })
    expect(out).toContain('backup_1790000000.tar.gz: 4,015 files, 1.4 GiB in 4.8 MiB, 9.0 s')
  })

  it('takes another folder, with the history there where there is no project', async () => {
    const workingFolder = scratchFolder()
    const { given } = await run(['export', 'latest', '--output', 'there', '--level', '9'], {
      workingFolder,
    })
    expect(given('exportSnapshot')).toMatchObject({
      folder: join(workingFolder, 'there'),
      historyFile: join(workingFolder, 'there/backup_history.jsonl'),
      level: 9,
    })
    const without = await run(['export', 'latest', '--no-history'], { workingFolder })
    expect(without.given('exportSnapshot')).not.toHaveProperty('historyFile')
    const named = await run(['export', 'latest', '--history', 'h'], { workingFolder })
    expect(named.given('exportSnapshot')).toMatchObject({ historyFile: join(workingFolder, 'h') })
  })

  it('gives a line of JSON for each', async () => {
    const [line] = (await run(['export', 'latest', '--json'])).json()
    expect(line).toMatchObject({
      message_type: 'exported',
      backup_id: 'backup_1790000000',
      outcome: 'written',
      archive_bytes: 5_000_000,
      files: 4015,
    })
  })

  it('goes on after one that cannot be exported, and says so', async () => {
    let calls = 0
    const fine = createStandIn().library
    const standIn = createStandIn({
      listSnapshots: async () => [listed, listed],
      exportSnapshot: async (repository, options) => {
        calls += 1
        if (calls === 1) throw new HoldfastError('OBJECT_DAMAGED', 'Cannot export "a": damaged')
        return fine.exportSnapshot(repository, options)
      },
    })
    const { status, out, err } = await run(['export', '--all'], { standIn })
    expect(status).toBe(20)
    expect(calls).toBe(2)
    expect(err).toContain('failed: backup_1790000000: Cannot export "a": damaged')
    expect(out).toContain('Exported ')
  })

  it.each([[['export']], [['export', '--all', 'latest']], [['export', 'latest', '--level', '0']]])(
    'refuses %j',
    async (argv) => {
      expect((await run(argv)).status).toBe(2)
    },
  )
})

describe('holdfast import', () => {
  it('finds the history beside the archives and shows what came of them', async () => {
    const workingFolder = project()
    const { status, out, given } = await run(['import', 'backups'], {
      workingFolder,
      environment: { TZ: 'UTC' },
    })
    expect(status).toBe(0)
    expect(given('importArchives')).toMatchObject({
      paths: [join(workingFolder, 'backups')],
      historyFile: join(workingFolder, 'logs/backup_history.jsonl'),
      base: workingFolder,
      dryRun: false,
    })
    expect(out).toContain('backup_1790000000')
    expect(out).toContain('imported, verified')
    expect(out).toContain('Imported 1 archive, 0 there already, 0 refused')
    expect(out).toContain('1 failed run put on record')
    expect(out).toContain('2 backups of the history were deleted before')
    expect(out).toContain('without an archive: backup_1780000000')
    expect(out).toContain('cannot be read: 7')
  })

  it('hands bounds and places over', async () => {
    const workingFolder = scratchFolder()
    const argv = [
      'import',
      '-n',
      '--no-history',
      '--base',
      'p',
      '--max-size',
      '2G',
      '--max-entries',
      '9',
      'x.tar',
    ]
    const { given } = await run(argv, { workingFolder })
    const options = given('importArchives')
    expect(options).toMatchObject({
      paths: [join(workingFolder, 'x.tar')],
      base: join(workingFolder, 'p'),
      dryRun: true,
      bytesMax: 2 ** 31,
      entriesMax: 9,
    })
    expect(options).not.toHaveProperty('historyFile')
  })

  it('ends with status 3 when one was refused, and gives JSON', async () => {
    const fine = createStandIn().library
    const standIn = createStandIn({
      importArchives: async (repository, options) => {
        const result = await fine.importArchives(repository, options)
        const archives = result.archives.map((archive) => ({
          ...archive,
          outcome: 'refused' as const,
          message: 'it was cut off',
        }))
        return { ...result, archives }
      },
    })
    const { status, json } = await run(['import', 'x.tar', '--json'], { standIn })
    expect(status).toBe(3)
    expect(json()).toMatchObject([
      { message_type: 'import', outcome: 'refused', message: 'it was cut off' },
      { message_type: 'summary', imported: 0, refused: 1, expired: 2, broken_lines: [7] },
    ])
  })
})
