import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { compareTrees } from '../../../native-bench/compare-trees.ts'
import { verbs } from '../../../src/cli/verbs.ts'
import { checkout, until, workspace, type Finished, type Workspace } from '../../e2e/workspace.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import { startCeph } from '../engines/ceph.ts'
import type { Engine } from '../engines/engine.ts'
import { placeIn, type S3Place } from '../support/s3-repository.ts'

/* Every verb of the command, on a project whose config.yml names a bucket and the keys to it, as the documented system's users have it. */

let ceph: Engine
const places: S3Place[] = []

beforeAll(async () => {
  ceph = await startCeph()
  for (const _ of [1, 2, 3]) places.push(await placeIn(ceph.access))
})
afterAll(async () => {
  await ceph.remove()
})

/** A project with its repository in a bucket: nothing but config.yml says where, and how to get there. */
function project(more = ''): Workspace & { readonly place: S3Place } {
  const place = places.pop()!
  const space = workspace({ HOLDFAST_REPOSITORY: '' })
  space.write('data/index/vectors', randomBytesOf(3, 1_500_000))
  space.write('data/index/table.json', JSON.stringify({ rows: 3 }))
  space.write('cache/entry', 'cached')
  chmodSync(space.write('pass', 'correct horse\n'), 0o600)
  chmodSync(space.write('s3.key', `${place.access.secretAccessKey}\n`), 0o600)
  space.write(
    'config.yml',
    `repository: ${place.location}\n` +
      'api:\n  backup:\n    paths: { index: data/index, cache: cache, config: config.yml }\n    verification: true\n' +
      `holdfast:\n  passphrase_file: pass\n  s3:\n    access_key_id: ${place.access.accessKeyId}\n` +
      `    secret_access_key_file: s3.key\n${more}`,
  )
  return { ...space, place }
}

interface Step {
  readonly argv: readonly string[]
  readonly status?: number
  /** What would not be so if the command had not worked. */
  readonly holds?: (result: Finished, space: Workspace) => void
}

const has =
  (...texts: string[]) =>
  ({ stdout }: Finished): void => {
    for (const text of texts) expect.soft(stdout).toContain(text)
  }

const steps: readonly Step[] = [
  { argv: ['status'], status: 10 },
  { argv: ['init'] },
  { argv: ['create', '--type', 'full', '--description', 'the first'] },
  {
    argv: ['schedule'],
    holds: has('No backup needed'),
  },
  {
    argv: ['create', '--type', 'incremental', '--json'],
    holds: (result) => expect(result.line('summary')).toMatchObject({ files_unmodified: 4 }),
  },
  { argv: ['list'], holds: has('full', 'incremental', 'the first') },
  { argv: ['ls', 'latest:data/index'], holds: has('vectors') },
  { argv: ['find', 'table.*'], holds: has('data/index/table.json') },
  { argv: ['history', 'data/index/table.json'], holds: has('table.json') },
  { argv: ['diff', 'latest~1', 'latest'] },
  { argv: ['dump', 'latest:data/index/table.json'], holds: has('{"rows":3}') },
  { argv: ['cat', 'config'], holds: has('"version"') },
  { argv: ['cat', 'snapshot', 'latest'], holds: has('incremental') },
  {
    argv: ['restore', 'latest', '--target', 'restored', '--yes'],
    holds: (_, space) =>
      expect(compareTrees(space.at('data'), space.at('restored/data')).differences).toEqual([]),
  },
  { argv: ['verify', 'latest'] },
  { argv: ['verify', '--all'], holds: has('no damage') },
  { argv: ['check', '--read-data-subset', '50%'], holds: has('No damage') },
  { argv: ['stats'] },
  { argv: ['stats', '--json'] },
  { argv: ['status', '--json'], holds: ({ stdout }) => expect(stdout).toContain('"packs"') },
  { argv: ['drill'], holds: has('files') },
  { argv: ['doctor'], holds: has('opens, its catalogue is up to date') },
  { argv: ['log'], holds: has('restore', 'ok') },
  { argv: ['report'], holds: has('Backups') },
  {
    argv: ['export', 'latest'],
    holds: (_, space) => {
      const [name = ''] = readdirSync(space.at('backups'))
      expect(name).toMatch(/^backup_\d+\.tar\.gz$/)
      expect(readFileSync(space.at('logs/backup_history.jsonl'), 'utf8')).toContain(
        name.slice(0, 17),
      )
      execFileSync('tar', ['-xzf', space.at('backups', name), '-C', space.at('home')])
      expect(compareTrees(space.at('data'), space.at('home/data')).differences).toEqual([])
    },
  },
  { argv: ['import', 'backups', '--history', 'logs/backup_history.jsonl'], holds: has('present') },
  { argv: ['key', 'add', '--new-passphrase-file', 'second', '--label', 'spare'] },
  { argv: ['key', 'list'], holds: has('spare') },
  { argv: ['list', '--passphrase-file', 'second'], holds: has('the first') },
  { argv: ['key', 'change', '--passphrase-file', 'second', '--new-passphrase-file', 'third'] },
  { argv: ['list', '--passphrase-file', 'second'], status: 12 },
  { argv: ['list', '--passphrase-file', 'third'], holds: has('the first') },
  { argv: ['parity', 'set', '4+1'] },
  { argv: ['parity', 'update'] },
  { argv: ['parity', 'status'] },
  { argv: ['repair', 'catalogue'] },
  { argv: ['repair', 'packs', '--read-data'], holds: has('Nothing to repair') },
  { argv: ['repair', 'snapshots'] },
  { argv: ['delete', 'latest', '--yes'] },
  { argv: ['list', '--forgotten'], holds: has('incremental') },
  {
    argv: ['list', '--forgotten', '--json'],
    holds: (result) => expect(result.json()).toHaveLength(1),
  },
  { argv: ['cleanup', '--dry-run'] },
  { argv: ['cleanup'] },
  { argv: ['forget', '--keep-last', '5', '--dry-run'] },
  { argv: ['prune'] },
  { argv: ['version'] },
  { argv: ['completion', 'bash'], holds: has('holdfast') },
]

describe('every command on a project in a bucket', () => {
  it('does what it does on a folder', () => {
    const space = project()
    mkdirSync(space.at('home'))
    for (const [name, text] of [
      ['second', 'another one'],
      ['third', 'yet another'],
    ]) {
      chmodSync(space.write(name, `${text}\n`), 0o600)
    }
    for (const { argv, status = 0, holds } of steps) {
      const result = space.run(argv)
      expect.soft(result.status, `${argv.join(' ')}: ${result.stderr}`).toBe(status)
      holds?.(result, space)
    }
    const forgotten = space.done(['list', '--forgotten', '--json']).json() as { id: string }[]
    space.done(['undelete', forgotten[0].id])
    expect(space.done(['list', '--json']).json()).toHaveLength(2)
    const keys = space.done(['key', 'list', '--json']).json() as { id: string; label: string }[]
    space.done(['key', 'remove', keys.find(({ label }) => label === 'spare')!.id])
    expect(space.run(['list', '--passphrase-file', 'third']).status).toBe(12)
    // Nobody keeps it locked.
    space.done(['check', '--read-data'])

    // Those that are run elsewhere, below or in other files.
    const elsewhere = ['daemon', 'serve', 'copy', 'snapshot']
    const run = new Set([...steps.map(({ argv }) => argv[0]), ...elsewhere, 'undelete'])
    expect(verbs.map(({ name }) => name).filter((name) => !run.has(name))).toEqual([])
  })

  it('runs from make and a crontab, with the keys of config.yml and nothing of a shell', () => {
    const space = project()
    symlinkSync(`${checkout}/dist`, space.at('dist'))
    const done = (target: string): string =>
      execFileSync('make', ['-f', `${checkout}/Makefile`, '-o', 'dist/cli/main.js', target], {
        cwd: space.folder,
        env: { PATH: process.env['PATH'], HOME: space.at('home') },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    expect(done('backup-create')).toContain('backup_')
    done('backup-create-index')
    expect(done('backup-list')).toContain('index')
    for (const target of ['backup-status', 'backup-cleanup', 'backup-report']) done(target)
    expect(done('backup-schedule')).toContain('No backup needed')
  })

  it('lets the daemon make what is due', async () => {
    const space = project()
    space.done(['init'])
    const daemon = space.start(['daemon'])
    let told = ''
    daemon.process.stdout?.on('data', (bytes: Buffer) => (told += bytes.toString()))
    await until(() => told.includes('job done'), 'a backup')
    expect(space.done(['list', '--json']).json()).toHaveLength(1)
    daemon.process.kill('SIGTERM')
    const { status, lines } = await daemon.finished
    expect(status).toBe(0)
    expect(lines.map(({ msg }) => msg)).toContain('job done')
    rmSync(space.at('data'), { recursive: true })
    space.done(['restore', 'latest', '--yes'])
    expect(readFileSync(space.at('data/index/table.json'), 'utf8')).toBe('{"rows":3}')
  })
})
