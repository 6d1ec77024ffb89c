import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { HoldfastError } from '../../../../src/foundation/errors.ts'
import { run, type RunResult } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { snapshot, statistics } from '../stand-in-samples.ts'

let project: string
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'holdfast-project-'))
  writeFileSync(
    join(project, 'config.yml'),
    `api:
  backup:
    paths:
      index: data/index/
      config: config.yml
      logs: [logs, more]
holdfast:
  exclude: "*.tmp"
  exclude_files: excludes
  tags: [nightly]
  host: configured
`,
  )
  writeFileSync(join(project, 'excludes'), '# comment\n\n*.log\r\n!keep.log\n')
})
afterAll(() => rmSync(project, { recursive: true }))

function inProject(...argv: string[]): Promise<RunResult> {
  return run(argv, { workingFolder: project })
}

function pathsOf(result: RunResult): string[] {
  return (result.given('snapshot')['paths'] as Buffer[]).map(String)
}

describe('holdfast snapshot PATH', () => {
  it.each(['snapshot', 'backup', 'create'])('is also %s', async (name) => {
    const result = await run([name, 'a', '/b/../c'], { workingFolder: '/work' })
    expect(result.status).toBe(0)
    expect(pathsOf(result)).toEqual(['/work/a', '/c'])
    expect(result.given('snapshot')).not.toHaveProperty('base')
  })

  it('hands every option over', async () => {
    const argv = ['snapshot', '/a', '--type', 'index', '--description', 'x', '--host', 'h']
    argv.push('--tag', 'a,b', '--tag', 'c', '-e', '*.o', '--exclude', 'build', '--exclude-caches')
    argv.push('--exclude-if-present', '.nobackup', '--exclude-larger-than', '1.5M', '-x')
    argv.push('--read-all', '--parent', '1a2b', '--exclude-file', join(project, 'excludes'))
    expect((await run(argv)).given('snapshot')).toMatchObject({
      type: 'index',
      description: 'x',
      hostname: 'h',
      tags: ['a', 'b', 'c'],
      excludes: ['*.o', 'build', '*.log', '!keep.log'],
      excludeCaches: true,
      excludeIfPresent: ['.nobackup'],
      excludeLargerThanBytes: 1.5 * 1024 * 1024,
      oneFileSystem: true,
      readAll: true,
      dryRun: false,
      parent: snapshot,
    })
  })

  it('leaves type, host and parent to the library when they are not given', async () => {
    const given = (await run(['snapshot', '/a'])).given('snapshot')
    for (const name of ['type', 'hostname', 'parent', 'stdin'])
      expect(given).not.toHaveProperty(name)
    expect(given['readAll']).toBe(false)
  })

  it('reads everything for a full backup', async () => {
    expect((await run(['snapshot', '/a', '--type', 'full'])).given('snapshot')['readAll']).toBe(
      true,
    )
  })

  it('does not use the exclude rules of a config.yml that lies about', async () => {
    expect((await inProject('snapshot', 'x')).given('snapshot')['excludes']).toEqual([])
  })

  it('saves standard input under a name', async () => {
    const result = await run(['backup', '--stdin', '--stdin-filename', 'shop.sql'])
    expect(result.given('snapshot')).toMatchObject({ paths: [], stdin: { name: 'shop.sql' } })
  })

  it('stops at an exclude file that cannot be read', async () => {
    const result = await run(['snapshot', '/a', '--exclude-file', '/no/such/file'])
    expect(result.status).toBe(1)
    expect(result.err).toContain('Cannot read exclude file "/no/such/file"')
    expect(result.calls).toEqual([])
  })

  it('sums up in text', async () => {
    const { out } = await run(['snapshot', '/a'])
    expect(out).toBe(
      `Saved snapshot 1a2b3c4d as backup_1790000000
  files        12 new, 3 changed, 4,000 unchanged, 1.4 GiB in all
  directories  12
  added        12.3 MiB, stored as 4.5 MiB
  took         4.0 s, 358 MiB/s
`,
    )
  })

  it('sums up in one JSON line with the names of restic', async () => {
    const result = await run(['snapshot', '/a', '--json'])
    expect(result.json()).toEqual([
      expect.objectContaining({
        message_type: 'summary',
        files_new: 12,
        files_changed: 3,
        files_unmodified: 4000,
        data_added: 12_900_000,
        data_added_packed: 4_700_000,
        total_files_processed: 4015,
        total_bytes_processed: 1_500_000_000,
        total_duration: 4,
        snapshot_id: snapshot.id,
        backup_id: 'backup_1790000000',
        dry_run: false,
      }),
    ])
  })

  it('says nothing with --quiet', async () => {
    expect(await run(['-q', 'snapshot', '/a'])).toMatchObject({ out: '', err: '', status: 0 })
  })

  it('names no snapshot after a dry run', async () => {
    const result = await run(['snapshot', '/a', '--dry-run', '--json'])
    expect(result.json()[0]).toMatchObject({ dry_run: true })
    expect(result.json()[0]).not.toHaveProperty('snapshot_id')
    expect((await run(['snapshot', '/a', '-n'])).out).toContain('nothing was stored')
  })

  it('reports unreadable files one by one and gives status 3', async () => {
    const standIn = createStandIn({
      async snapshot(_, { onEvent }) {
        onEvent({ type: 'unreadable', path: Buffer.from('/a/x\ny'), message: 'EACCES' })
        onEvent({ type: 'unreadable', path: Buffer.from([0x2f, 0xff]), message: 'EIO' })
        onEvent({ type: 'notice', path: Buffer.from('/s'), message: 'socket' })
        return { snapshot, statistics, unreadable: 2, durationMs: 1 }
      },
    })
    const text = await run(['snapshot', '/a'], { standIn })
    expect(text.status).toBe(3)
    expect(text.err).toBe(
      'unreadable: /a/x\\ny: EACCES\nunreadable: /\\xff: EIO\nnote: /s: socket\n',
    )
    const json = await run(['snapshot', '/a', '--json'], { standIn })
    expect(json.status).toBe(3)
    const lines = json.err.trim().split('\n')
    expect(JSON.parse(lines[0])).toEqual({
      message_type: 'error',
      error: { message: 'EACCES' },
      during: 'snapshot',
      item: '/a/x\ny',
    })
    expect(JSON.parse(lines[1])).toMatchObject({ item: '/\ufffd', item_b64: 'L/8=' })
  })

  it('gives no second chance to a failed run', async () => {
    const fault = new HoldfastError('PATH_NOT_FOUND', 'Cannot save "/a"')
    const standIn = createStandIn({ snapshot: () => Promise.reject(fault) })
    expect((await run(['snapshot', '/a'], { standIn })).status).toBe(1)
    expect(standIn.openCount).toBe(0)
  })
})

describe('holdfast create', () => {
  it('takes all configured paths and rules, relative to the file', async () => {
    const result = await inProject('create', '--type', 'full', '--tag', 'extra', '-e', 'more')
    expect(pathsOf(result)).toEqual(
      ['data/index', 'config.yml', 'logs', 'more'].map((path) => join(project, path)),
    )
    expect(result.given('snapshot')).toMatchObject({
      base: project,
      type: 'full',
      readAll: true,
      tags: ['nightly', 'extra'],
      hostname: 'configured',
      excludes: ['*.tmp', '*.log', '!keep.log', 'more'],
    })
  })

  it('works from a folder below the project and with --config from anywhere', async () => {
    const argv = ['create', '--type', 'config', '--config', join(project, 'config.yml')]
    expect(pathsOf(await run(argv))).toEqual([join(project, 'config.yml')])
  })

  it('trusts unchanged files for an incremental backup', async () => {
    const result = await inProject('create', '--type', 'incremental')
    expect(pathsOf(result)).toHaveLength(4)
    expect(result.given('snapshot')['readAll']).toBe(false)
  })

  it('takes one path group for index and config, and names the key of a missing one', async () => {
    expect(pathsOf(await inProject('create', '--type', 'index'))).toEqual([
      join(project, 'data/index'),
    ])
    const { status, err } = await inProject('create', '--type', 'cache')
    expect(status).toBe(2)
    expect(err).toContain('api.backup.paths.cache')
  })

  it('lets the command line override the configured host', async () => {
    expect((await inProject('create', '--host', 'h')).given('snapshot')['hostname']).toBe('h')
  })

  it('verifies the new backup, and gives status 20 when it is damaged', async () => {
    const good = await inProject('create')
    expect(good.given('verify')['snapshots']).toEqual([snapshot])
    expect(good.out).toContain('verified     yes')
    const path = Buffer.from('data/x')
    const damaged = [{ message: 'hash differs', snapshotId: snapshot.id, path, offsetBytes: 4096 }]
    const standIn = createStandIn({
      verify: async () => ({ snapshots: 1, blobs: 1, bytes: 1, damaged, durationMs: 1 }),
    })
    const bad = await run(['create'], { workingFolder: project, standIn })
    expect(bad.status).toBe(20)
    expect(bad.err).toBe('damaged: 1a2b3c4d:data/x - hash differs (from byte 4,096 on)\n')
  })

  it('does not verify a dry run or a snapshot of named paths', async () => {
    for (const argv of [
      ['create', '-n'],
      ['create', 'x'],
    ]) {
      expect((await inProject(...argv)).calls.map(({ name }) => name)).not.toContain('verify')
    }
  })

  it('says what is missing without a config.yml, and without its section', async () => {
    const none = await run(['create'])
    expect(none.status).toBe(2)
    expect(none.err).toContain('no PATH is given and there is no config.yml')
    const file = join(project, 'foreign.yml')
    writeFileSync(file, 'server: 1\n')
    const foreign = await run(['create', '--config', file])
    expect(foreign.err).toContain('has no section api.backup')
  })

  it('names the line of a malformed config.yml', async () => {
    const file = join(project, 'wrong.yml')
    writeFileSync(file, 'api:\n  backup:\n    enabled: sometimes\n')
    const { status, err, calls } = await run(['create', '--config', file])
    expect(status).toBe(2)
    expect(err).toContain(`"${file}", line 3: api.backup.enabled is "sometimes"`)
    expect(calls).toEqual([])
  })

  it('saves below the root when a configured path lies outside of the project', async () => {
    const file = join(project, 'outside.yml')
    writeFileSync(file, 'api:\n  backup:\n    paths:\n      index: /var/lib/index\n')
    const result = await run(['create', '--config', file])
    expect(pathsOf(result)).toEqual(['/var/lib/index'])
    expect(result.given('snapshot')).not.toHaveProperty('base')
  })
})
