import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import { fullToken, makeProject, startTestServer } from '../../support/test-server.ts'

const client = join(import.meta.dirname, '../../support/old-client.py')

type Answers = Record<string, [number, Record<string, unknown>]>

describe('a client of the documented system', () => {
  it('works unchanged: every endpoint, its arguments in body or query, its messages word for word', async () => {
    const roots = scratchFolder(fastFolder)
    const server = await startTestServer({
      config: `api:
  backup:
    paths: { index: data/index/, cache: logs/cache/, config: config.yml, logs: logs/ }
holdfast: { server: { restore_roots: [${roots}] } }
`,
    })
    const target = join(roots, 'back')
    const url = `http://cron:${fullToken}@127.0.0.1:${server.port}`
    const { stdout } = await promisify(execFile)('python3', [client, url, target])
    const answers = JSON.parse(stdout) as Answers
    expect(answers['empty']).toMatchObject([
      200,
      { total_backups: 0, success_rate: 0, newest_backup: null },
    ])
    const backup = answers['create'][1]['backup'] as Record<string, unknown>
    expect(answers['create'][0]).toBe(200)
    expect(answers['create'][1]['message']).toBe(`Backup created: ${String(backup['backup_id'])}`)
    expect(backup).toMatchObject({
      backup_id: expect.stringMatching(/^backup_\d+$/) as string,
      backup_type: 'full',
      created_at: expect.any(Number) as number,
      size_bytes: expect.any(Number) as number,
      file_count: 4,
      checksum: '',
      status: 'verified',
      description: 'before upgrade',
      metadata: { backup_path: null, compression: true },
    })
    expect((backup['files'] as string[]).sort()).toEqual([
      'config.yml',
      'data/index/names.txt',
      'data/index/vectors.bin',
      'logs/cache/entry',
    ])
    expect(answers['index']).toMatchObject([
      200,
      { backup: { backup_type: 'index', description: 'by query' } },
    ])
    const listed = answers['list'][1]['backups'] as Record<string, unknown>[]
    expect(listed.map(({ backup_type: type }) => type)).toEqual(['full', 'index'])
    expect(answers['list_index'][1]['backups']).toHaveLength(1)
    expect(answers['status']).toMatchObject([
      200,
      {
        total_backups: 2,
        successful_backups: 2,
        failed_backups: 0,
        success_rate: 1,
        type_breakdown: { full: 1, index: 1 },
        recent_backups_7d: 2,
      },
    ])
    const restored = answers['restore'][1]['restore'] as Record<string, unknown>
    expect(answers['restore'][1]['message']).toBe(
      `Restore completed: ${String(restored['restore_id'])}`,
    )
    expect(restored).toMatchObject({
      restore_id: expect.stringMatching(/^restore_\d+$/) as string,
      backup_id: backup['backup_id'],
      restored_at: expect.any(Number) as number,
      status: 'success',
      error_message: '',
      verification_passed: true,
    })
    expect(restored['restored_files']).toHaveLength(4)
    expect(readFileSync(join(target, 'data/index/names.txt'), 'utf8')).toBe('one\ntwo\n')
    expect(answers['restore_refused']).toMatchObject([
      403,
      { error: expect.stringContaining('not below') as string },
    ])
    expect(existsSync('/etc/holdfast-test')).toBe(false)
    expect(answers['restore_missing']).toMatchObject([404, { error: 'Backup not found' }])
    expect(answers['schedule']).toEqual([
      200,
      { message: 'No backup needed at this time', backup: null },
    ])
    expect(answers['cleanup']).toEqual([
      200,
      { message: 'Cleaned up 0 old backups', deleted_count: 0 },
    ])
    const index = (answers['index'][1]['backup'] as Record<string, unknown>)['backup_id']
    expect(answers['delete']).toEqual([
      200,
      { message: `Backup deleted: ${String(index)}`, status: 'success' },
    ])
    expect(answers['delete_again']).toMatchObject([404, { error: 'Backup not found' }])
    expect(answers['wrong_type']).toMatchObject([
      400,
      { error: expect.stringContaining('backup_type') as string },
    ])
    const access = (await (await server.get('/api/v1/access-log')).json()) as { items: unknown[] }
    expect(access.items).toContainEqual(
      expect.objectContaining({
        action: 'restore',
        result: 'ok',
        actor: expect.objectContaining({
          via: 'http',
          user: 'cron',
          address: '127.0.0.1',
        }) as unknown,
      }),
    )
  })

  it('is told of a backup that failed, and the failure is on record', async () => {
    const folder = makeProject()
    for (const name of ['data', 'logs', 'config.yml']) {
      if (name !== 'config.yml') rmSync(join(folder, name), { recursive: true })
    }
    const server = await startTestServer({ folder })
    const answer = await server.send('POST', '/admin/backup/create', { backup_type: 'index' })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'PATH_NOT_FOUND' })
    const { backups } = (await (await server.get('/admin/backup/list')).json()) as {
      backups: Record<string, unknown>[]
    }
    expect(backups).toMatchObject([
      { status: 'failed', description: expect.stringMatching(/^Failed: /) as string },
    ])
  })
})

describe('a restore over HTTP', () => {
  it('goes below a root that is configured, and no link leads out of it', async () => {
    const roots = scratchFolder(fastFolder)
    const outside = scratchFolder(fastFolder)
    symlinkSync(outside, join(roots, 'link'))
    symlinkSync(join(outside, 'new'), join(roots, 'dangling'))
    const server = await startTestServer({
      config: `api: { backup: { paths: { index: data/index/ } } }
holdfast: { server: { restore_roots: [${roots}] } }
`,
    })
    const made = await server.send('POST', '/admin/backup/create', {})
    const { backup } = (await made.json()) as { backup: { backup_id: string } }
    const status = async (target: string): Promise<number> => {
      const body = { backup_id: backup.backup_id, target_path: target }
      return (await server.send('POST', '/admin/backup/restore', body)).status
    }
    for (const target of [
      '/',
      '/tmp',
      outside,
      `${roots}/link`,
      `${roots}/link/deeper`,
      `${roots}/dangling`,
      `${roots}/dangling/x`,
      `${roots}/../x`,
      `${roots}-other`,
      'relative',
      '../..',
    ]) {
      expect([target, await status(target)]).toEqual([target, 403])
    }
    expect(existsSync(join(outside, 'new'))).toBe(false)
    expect(await status(`${roots}/a/b`)).toBe(200)
    expect(existsSync(`${roots}/a/b/data/index/names.txt`)).toBe(true)
    rmSync(join(server.folder, 'data'), { recursive: true })
    expect(
      (await server.send('POST', '/admin/backup/restore', { backup_id: backup.backup_id })).status,
    ).toBe(200)
    expect(existsSync(join(server.folder, 'data/index/names.txt'))).toBe(true)
  })
})
