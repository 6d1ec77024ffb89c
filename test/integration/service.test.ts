import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { loadConfig } from '../../src/config/load-config.ts'
import type { HoldfastEvent } from '../../src/foundation/progress-event.ts'
import { listBackupRecords } from '../../src/monitoring/records/backup-records.ts'
import { initRepository } from '../../src/repository/init-repository.ts'
import { openRepository } from '../../src/repository/open-repository.ts'
import { createBackup } from '../../src/service/create-backup.ts'
import { Daemon } from '../../src/service/daemon/daemon.ts'
import { deleteBackup, deleteFailedRun } from '../../src/service/delete-backup.ts'
import { runDrill } from '../../src/service/drill/run-drill.ts'
import { listAccess } from '../../src/service/list-access.ts'
import { listRestores } from '../../src/service/list-restores.ts'
import { restoreBackup } from '../../src/service/restore-backup.ts'
import { runCleanup } from '../../src/service/run-cleanup.ts'
import { nothingNeeded, runSchedule } from '../../src/service/schedule/run-schedule.ts'
import type { ServiceContext } from '../../src/service/service-context.ts'
import { scratchFolder } from '../support/scratch.ts'

interface Project {
  readonly folder: string
  readonly context: ServiceContext
  readonly events: HoldfastEvent[]
}

const actor = { via: 'library', user: 'tester' } as const

async function newProject(backup = '', holdfast = ''): Promise<Project> {
  const folder = scratchFolder()
  mkdirSync(join(folder, 'data/index'), { recursive: true })
  writeFileSync(join(folder, 'data/index/a.txt'), 'content of a')
  writeFileSync(join(folder, 'data/index/big.bin'), Buffer.alloc(200_000, 7))
  const file = join(folder, 'config.yml')
  writeFileSync(
    file,
    `api:\n  backup:\n    paths: {index: data/index/, config: config.yml}\n${backup}holdfast:\n  access_log: access/log.jsonl\n${holdfast}`,
  )
  const location = join(folder, 'repo')
  await initRepository({ location })
  const repository = await openRepository({ location })
  onTestFinished(() => repository.close())
  const events: HoldfastEvent[] = []
  const context: ServiceContext = {
    repository,
    configuration: loadConfig(file),
    actor,
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
  }
  return { folder, context, events }
}

const manual = { trigger: 'manual' } as const

function failures({ context }: Project): string[] {
  return listBackupRecords(context.repository)
    .filter(({ status }) => status === 'failed')
    .map(({ description }) => description)
}

describe('createBackup', () => {
  it('saves, verifies, runs the hooks with facts, and leaves a record of neither failure', async () => {
    const project = await newProject(
      '',
      `  hooks: {before: "sh -c 'echo $HOLDFAST_TYPE >> hooks'", after: "sh -c 'echo $HOLDFAST_BACKUP_ID >> hooks'"}\n`,
    )
    const result = await createBackup(project.context, { type: 'full', ...manual })
    expect(result).toMatchObject({ isVerified: true, unreadable: 0 })
    const backupId = result.snapshot?.backupId ?? ''
    expect(readFileSync(join(project.folder, 'hooks'), 'utf8')).toBe(`full\n${backupId}\n`)
    expect(failures(project)).toEqual([])
  })

  it('takes a missing path for a notice, and records a run of which none is there', async () => {
    const project = await newProject()
    rmSync(join(project.folder, 'data'), { recursive: true })
    const saved = await createBackup(project.context, { type: 'full', ...manual })
    expect(saved).toMatchObject({ unreadable: 0, missing: 1 })
    expect(project.events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        message: expect.stringContaining('missing') as string,
      }),
    )
    await expect(createBackup(project.context, { type: 'index', ...manual })).rejects.toMatchObject(
      {
        code: 'PATH_NOT_FOUND',
      },
    )
    const [failed] = failures(project)
    expect(failed).toContain('Failed: Cannot save')
    const record = listBackupRecords(project.context.repository).find(
      ({ status }) => status === 'failed',
    )
    expect(await deleteFailedRun(project.context, record?.backup_id ?? '')).toBe(true)
    expect(failures(project)).toEqual([])
  })

  it('records what a hook refuses, and runs the one for failures', async () => {
    const project = await newProject(
      '',
      `  hooks: {before: "sh -c 'echo because; exit 4'", failed: "sh -c 'echo $HOLDFAST_ERROR > failed'"}\n`,
    )
    await expect(createBackup(project.context, { type: 'full', ...manual })).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      remedy: expect.stringContaining('because') as string,
    })
    expect(failures(project)[0]).toContain('it ended with 4')
    expect(readFileSync(join(project.folder, 'failed'), 'utf8')).toContain('hook "before" failed')
  })

  it('records an interruption with its reason', async () => {
    const project = await newProject('', '  hooks: {before: "sleep 30"}\n')
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('told to stop')), 300)
    const context = { ...project.context, signal: controller.signal }
    await expect(createBackup(context, { type: 'full', ...manual })).rejects.toThrow('told to stop')
    expect(failures(project)).toHaveLength(1)
  })

  it('refuses when it is switched off, and records nothing', async () => {
    const project = await newProject('    enabled: false\n')
    const refused = { code: 'BACKUP_DISABLED' }
    await expect(createBackup(project.context, { type: 'full', ...manual })).rejects.toMatchObject(
      refused,
    )
    await expect(runSchedule(project.context)).rejects.toMatchObject(refused)
    expect(failures(project)).toEqual([])
  })
})

describe('restoreBackup', () => {
  it('goes where the documented --target says, and is on record with who did it', async () => {
    const project = await newProject()
    const { snapshot } = await createBackup(project.context, { type: 'index', ...manual })
    if (snapshot === null) throw new Error('no snapshot')
    const target = join(project.folder, 'data/index')
    rmSync(target, { recursive: true })
    const result = await restoreBackup(project.context, { snapshot, target: Buffer.from(target) })
    expect(readdirSync(target).toSorted()).toEqual(['a.txt', 'big.bin'])
    expect(result.restoreId).toMatch(/^restore_\d+$/)
    const again = await restoreBackup(project.context, { snapshot, target: Buffer.from(target) })
    expect(again.restoreId).not.toBe(result.restoreId)
    expect(listRestores(project.context.repository)[0]).toMatchObject({
      restore_id: result.restoreId,
      status: 'success',
      who: 'tester',
      restored_files: ['data/index/a.txt', 'data/index/big.bin'],
    })
    const log = join(project.folder, 'access/log.jsonl')
    expect(statSync(log).mode & 0o777).toBe(0o600)
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    expect(JSON.parse(lines[0])).toMatchObject({ action: 'restore', result: 'ok', user: 'tester' })
  })

  it('refuses what is not verified, unless it is wanted all the same', async () => {
    const project = await newProject('    verification: false\n')
    const { snapshot } = await createBackup(project.context, { type: 'full', ...manual })
    if (snapshot === null) throw new Error('no snapshot')
    const target = Buffer.from(scratchFolder())
    const request = { snapshot, target, mustBeVerified: true }
    await expect(restoreBackup(project.context, request)).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
    })
    expect(listRestores(project.context.repository)).toEqual([])
    const options = { action: 'restore', result: 'refused', limit: 10 }
    expect(listAccess(project.context.repository, options)).toHaveLength(1)
    expect((await restoreBackup(project.context, { ...request, verify: false })).errors).toBe(0)
  })

  it('never puts an older access log in the place of the live one, nor deletes it', async () => {
    const project = await newProject('', '  exclude: [nothing]\n')
    const log = join(project.folder, 'access/log.jsonl')
    const configured = project.context.configuration
    if (configured?.backup === undefined) throw new Error('no configuration')
    const paths = { index: ['data/index/'], logs: ['access'] }
    const configuration = { ...configured, backup: { ...configured.backup, paths } }
    const context = { ...project.context, configuration }
    mkdirSync(join(project.folder, 'access'))
    const without = await createBackup(context, { type: 'full', ...manual })
    writeFileSync(log, 'old\n')
    writeFileSync(join(project.folder, 'access/other.log'), 'old')
    const withLog = await createBackup(context, { type: 'full', ...manual })
    if (without.snapshot === null || withLog.snapshot === null) throw new Error('no snapshot')
    writeFileSync(log, 'old\nnew\n')
    writeFileSync(join(project.folder, 'access/other.log'), 'new')

    await restoreBackup(context, { snapshot: withLog.snapshot })
    expect(readFileSync(join(project.folder, 'access/other.log'), 'utf8')).toBe('old')
    const afterFirst = readFileSync(log, 'utf8')
    expect(afterFirst).toMatch(/^old\nnew\n\{.*"action":"restore".*\}\n$/)
    const folder = Buffer.from(join(project.folder, 'access'))
    await restoreBackup(context, { snapshot: withLog.snapshot, target: folder, delete: true })
    const path = Buffer.from('access/log.jsonl')
    await restoreBackup(context, { snapshot: withLog.snapshot, path })
    await restoreBackup(context, { snapshot: without.snapshot, delete: true })
    expect(readdirSync(join(project.folder, 'access'))).toEqual(['log.jsonl'])
    const lines = readFileSync(log, 'utf8')
    expect(lines.startsWith(afterFirst)).toBe(true)
    expect(lines.trimEnd().split('\n')).toHaveLength(6)

    // Elsewhere, and where there is none, it is a file like every other.
    const elsewhere = scratchFolder()
    await restoreBackup(context, { snapshot: withLog.snapshot, target: Buffer.from(elsewhere) })
    expect(readFileSync(join(elsewhere, 'access/log.jsonl'), 'utf8')).toBe('old\n')
    rmSync(log)
    await restoreBackup(context, { snapshot: withLog.snapshot })
    expect(readFileSync(log, 'utf8')).toMatch(/^old\n\{.*\}\n$/)
  })

  it('does its work also where the access log cannot be written', async () => {
    const project = await newProject()
    writeFileSync(join(project.folder, 'access'), 'a file')
    const { snapshot } = await createBackup(project.context, { type: 'full', ...manual })
    if (snapshot === null) throw new Error('no snapshot')
    const target = Buffer.from(scratchFolder())
    expect((await restoreBackup(project.context, { snapshot, target })).errors).toBe(0)
    expect(project.events.map(({ type }) => type)).toContain('notice')
  })
})

describe('runSchedule', () => {
  it('makes the full backup, then nothing, then an incremental one', async () => {
    const { context } = await newProject()
    const first = await runSchedule(context)
    expect(first.message).toBe(`Scheduled backup created: ${first.backup?.snapshot?.backupId}`)
    expect(first.backup?.snapshot?.type).toBe('full')
    expect(first.outcomes[0].cleanup?.removed).toEqual([])
    expect(await runSchedule(context)).toMatchObject({ backup: null, message: nothingNeeded })
    const nextDay = await runSchedule(context, Date.now() + 24 * 60 * 60_000)
    expect(nextDay.backup?.snapshot?.type).toBe('incremental')
  })
})

describe('runCleanup and deleteBackup', () => {
  it('delete the oldest beyond max_backups, tell who, and can be seen as expired', async () => {
    const { context } = await newProject('    schedule: {max_backups: 2}\n')
    for (let count = 0; count < 4; count++) {
      await createBackup(context, { type: 'full', ...manual, description: `n${count}` })
    }
    const { removed } = await runCleanup(context)
    expect(removed).toHaveLength(2)
    const all = listBackupRecords(context.repository, { includeDeleted: true })
    const expired = all.filter(({ status }) => status === 'expired')
    expect(expired.map(({ description }) => description)).toEqual(['n0', 'n1'])
    expect(expired[0].file_count).toBe(3)
    const { snapshots } = context.repository.catalogue
    const kept = snapshots.get(snapshots.list()[0].id)
    if (kept === undefined) throw new Error('nothing kept')
    await deleteBackup(context, [kept])
    const actions = listAccess(context.repository, { limit: 10 }).map(({ action }) => action)
    expect(actions).toEqual(['cleanup', 'prune', 'delete'])
  })
})

describe('runDrill', () => {
  it('proves a sample, and leaves neither files nor a restore behind', async () => {
    const { context } = await newProject()
    await createBackup(context, { type: 'full', ...manual })
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('holdfast-drill-'))
    expect(await runDrill(context, { files: 2 })).toMatchObject({
      result: 'ok',
      files: 2,
      message: '',
    })
    const after = readdirSync(tmpdir()).filter((name) => name.startsWith('holdfast-drill-'))
    expect(after).toEqual(before)
    expect(listRestores(context.repository)).toEqual([])
  })

  it('fails when content is lost, and raises the alert', async () => {
    const { context, folder } = await newProject('    verification: false\n')
    await createBackup(context, { type: 'full', ...manual })
    const packs = join(folder, 'repo/packs')
    for (const name of readdirSync(packs, { recursive: true }) as string[]) {
      const path = join(packs, name)
      if (!statSync(path).isFile()) continue
      const bytes = readFileSync(path)
      for (let at = 200; at < bytes.length - 400; at += 50) bytes[at] ^= 0xff
      chmodSync(path, 0o600)
      writeFileSync(path, bytes)
    }
    await context.repository.forgetTrees()
    const drill = await runDrill(context)
    expect(drill.result).toBe('failed')
    expect(drill.message).not.toBe('')
    const alerts = context.repository.catalogue.journal.list({ kind: 'alert' })
    expect(alerts.map(({ record }) => record['rule'])).toContain('drill_failed')
  })
})

describe('the daemon', () => {
  it('does what is due as time goes by, jumps included, and stops when told', async () => {
    const { context, folder } = await newProject()
    const { configuration, repository } = context
    const controller = new AbortController()
    const lines: string[] = []
    const log = (_: object, message: string): void => {
      lines.push(message)
    }
    // Each nap is a day of sleep; a backup of today is made at the start.
    let offsetMs = 0
    let naps = 0
    const daemon = new Daemon({
      loadConfiguration: async () => configuration,
      openRepository: () => openRepository({ location: join(folder, 'repo') }),
      actor: { via: 'daemon', user: 'tester' },
      signal: controller.signal,
      log: { info: log, warn: log, error: log },
      clock: {
        nowMs: () => Date.now() + offsetMs,
        async wait() {
          naps += 1
          offsetMs += naps === 1 ? 24 * 60 * 60_000 : -24 * 60 * 60_000
          if (naps === 3) controller.abort(new Error('stop'))
        },
      },
    })
    expect(await daemon.run()).toBe(0)
    expect(lines.filter((line) => line === 'job done')).toHaveLength(2)
    expect(lines).toContain('the clock jumped or the machine slept')
    expect(lines.at(-1)).toBe('daemon stopped')
    const reopened = await openRepository({ location: repository.location })
    const types = reopened.catalogue.snapshots.list().map(({ type }) => type)
    await reopened.close()
    expect(types).toEqual(['full', 'incremental'])
  })
})
