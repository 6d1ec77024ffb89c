import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { listBackupRecords } from '../../src/monitoring/records/backup-records.ts'
import {
  archiveOf,
  exportTo,
  importFrom,
  md5Of,
  member,
  python,
  writeHistory,
} from '../support/archives.ts'
import { engine } from '../support/built-engine.ts'
import {
  directory,
  file,
  hardLink,
  makeTree,
  sparseFile,
  special,
  symlink,
} from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  contentOf,
  findings,
  namesIn,
  newRepository,
  pathsOf,
  restoreDifferences,
  save,
} from '../support/repositories.ts'
import { fastFolder, isRoot, scratchFolder } from '../support/scratch.ts'

async function emptyRepository(): Promise<Repository> {
  return await (await newRepository()).open()
}

function only(repository: Repository): Snapshot {
  const snapshots = engine.listSnapshots(repository)
  expect(snapshots).toHaveLength(1)
  return engine.resolveSnapshot(repository, snapshots[0].id)
}

/** As the documented system made them: every file under its base name, in the order of the list. */
const flatten = `
import sys, tarfile, os
with tarfile.open(sys.argv[1], 'w:gz') as t:
    for path in sys.argv[2:]: t.add(path, arcname=os.path.basename(path))
`

function oldArchive(folder: string, id: number, files: readonly string[]): string {
  const archive = join(folder, `backups/backup_${id}.tar.gz`)
  mkdirSync(join(folder, 'backups'), { recursive: true })
  python(flatten, archive, ...files.map((path) => join(folder, path)))
  return archive
}

function oldRecord(id: number, fields: object): object {
  return {
    type: 'backup',
    backup_id: `backup_${id}`,
    backup_type: 'full',
    created_at: id + 0.25,
    size_bytes: 1,
    file_count: 1,
    checksum: '',
    status: 'created',
    description: '',
    files: null,
    metadata: { backup_path: `backups/backup_${id}.tar.gz`, compression: true },
    ...fields,
  }
}

describe('export, import, export', () => {
  it('gives the same snapshot and the same archive', async () => {
    const source = scratchFolder(fastFolder)
    const mtime = [1_600_000_000, 123_456_789] as const
    makeTree(source, {
      data: directory({
        'big.bin': file(randomBytesOf(1, 12_000_000), { mtime, xattrs: { 'user.a': 'b' } }),
        holes: sparseFile(3_000_000, [[2_000_000, Buffer.from('x')]], { mtime }),
        '\xff raw': file('r', { mtime }),
        [`${'long'.repeat(60)}\xff`]: file('l', { mtime }),
        link: symlink('big.bin', { mtime }),
        deep: directory({ deeper: directory({ file: file('f', { mtime }) }, { mtime }) }),
      }),
      another: hardLink('data/big.bin'),
      pipe: special('fifo', [0, 0], { mtime }),
      ...(isRoot && { null: special('character', [1, 3], { mtime }) }),
    })
    const folder = scratchFolder(fastFolder)
    const first = await emptyRepository()
    const options = {
      type: 'index',
      description: 'before',
      tags: ['t'],
      excludes: ['*.tmp'],
    } as const
    const { snapshot } = await save(first, source, {
      ...options,
      paths: [join(source, 'data'), join(source, 'another'), join(source, 'pipe')],
    })
    const exported = await exportTo(first, snapshot, folder)

    const second = await emptyRepository()
    const result = await importFrom(second, [join(folder, 'backups')], { base: source })
    expect(result.archives).toMatchObject([{ outcome: 'imported', backupId: snapshot.backupId }])
    const imported = only(second)
    for (const key of [
      'backupId',
      'type',
      'startedAtMs',
      'endedAtMs',
      'description',
      'tags',
      'hostname',
      'username',
      'paths',
      'base',
      'excludes',
    ] as const) {
      expect(imported[key], key).toEqual(snapshot[key])
    }
    for (const key of ['files', 'directories', 'others', 'bytes'] as const) {
      expect(imported.statistics[key], key).toBe(snapshot.statistics[key])
    }
    expect(imported.recordedAtMs).toBeNull()
    expect(await findings(second)).toEqual([])
    const again = await exportTo(second, imported, join(folder, 'again'))
    expect(again.checksum).toBe(exported.checksum)
    // What the source has beside the paths that were saved.
    const differences = await restoreDifferences(second, imported, source, ['ranges'])
    expect(differences.filter((text) => !text.startsWith('null'))).toEqual([])
  })

  it('is stable without history, and deduplicates against what is there', async () => {
    const source = scratchFolder(fastFolder)
    makeTree(source, { 'big.bin': file(randomBytesOf(2, 2_000_000)) })
    const first = await emptyRepository()
    const { snapshot } = await save(first, source)
    const folder = scratchFolder(fastFolder)
    const { archive } = await exportTo(first, snapshot, folder)
    const copy = join(folder, 'renamed.tar.gz')
    copyFileSync(archive, copy)
    expect((await importFrom(first, [copy])).archives[0].outcome).toBe('present')
    const second = await emptyRepository()
    // Backups are named by the second in which they began, and one of the same name would be taken for the same.
    while (`backup_${Math.floor(Date.now() / 1000)}` === snapshot.backupId) await sleep(20)
    await save(second, source)
    expect((await importFrom(second, [copy])).archives[0]).toMatchObject({
      outcome: 'imported',
      backupId: snapshot.backupId,
    })
    const imported = engine.resolveSnapshot(second, snapshot.backupId)
    expect(imported.statistics.dataBlobsAdded).toBe(0)
  })
})

describe('a folder of the documented system', () => {
  /** Two backups, a deleted one, a failed one, and what a history has seen in years. */
  function oldWorld(): { folder: string; history: string } {
    const folder = scratchFolder(fastFolder)
    makeTree(folder, {
      data: directory({
        index: directory({ 'faiss.index': file('vectors'), 'meta.json': file('{}') }),
      }),
      logs: directory({ 'app.log': file('log'), cache: directory({ 'c1.json': file('cached') }) }),
      'config.yml': file('api:\n'),
    })
    // The full backup of the guide has logs/cache/ twice: by itself, and in logs/.
    const files = [
      'data/index/faiss.index',
      'data/index/meta.json',
      'logs/cache/c1.json',
      'config.yml',
      'logs/app.log',
      'logs/cache/c1.json',
    ]
    const full = oldArchive(folder, 1_700_000_000, files)
    const index = oldArchive(folder, 1_700_100_000, files.slice(0, 2))
    const history = join(folder, 'logs/backup_history.jsonl')
    writeHistory(history, [
      oldRecord(1_700_000_000, { status: 'created', files, checksum: md5Of(full) }),
      '{"type":"backup","backup_id":"backup_17',
      oldRecord(1_690_000_000, { status: 'expired' }),
      oldRecord(1_690_500_000, { status: 'created' }),
      { type: 'restore', restore_id: 'restore_1', backup_id: 'backup_1700000000' },
      oldRecord(1_695_000_000, { status: 'failed', description: 'Failed: disk full' }),
      oldRecord(1_700_000_000, {
        status: 'verified',
        description: 'nightly',
        files,
        checksum: md5Of(full),
        new_field: { anything: [1] },
      }),
      oldRecord(1_700_100_000, {
        backup_type: 'index',
        files: files.slice(0, 2),
        checksum: md5Of(index),
      }),
    ])
    return { folder, history }
  }

  it('comes in with paths, dates, types, descriptions and status', async () => {
    const { folder, history } = oldWorld()
    const repository = await emptyRepository()
    const result = await importFrom(repository, [join(folder, 'backups')], {
      historyFile: history,
      base: folder,
    })
    expect(result.archives.map(({ outcome, isVerified }) => [outcome, isVerified])).toEqual([
      ['imported', true],
      ['imported', false],
    ])
    expect(result).toMatchObject({
      failuresRecorded: 1,
      expired: 1,
      missing: ['backup_1690500000'],
      brokenLines: [2],
    })
    const full = engine.resolveSnapshot(repository, 'backup_1700000000')
    expect(full).toMatchObject({
      type: 'full',
      startedAtMs: 1_700_000_000_250,
      description: 'nightly',
      base: folder,
    })
    expect(full.statistics).toMatchObject({ files: 5, directories: 4, bytes: 7 + 2 + 6 + 5 + 3 })
    expect(pathsOf(repository, full)).toEqual([
      'config.yml',
      'data',
      'data/index',
      'data/index/faiss.index',
      'data/index/meta.json',
      'logs',
      'logs/app.log',
      'logs/cache',
      'logs/cache/c1.json',
    ])
    expect((await contentOf(repository, full, 'logs/cache/c1.json')).toString()).toBe('cached')
    const records = listBackupRecords(repository)
    expect(records.map((record) => [record.backup_id, record.status])).toEqual([
      ['backup_1695000000', 'failed'],
      ['backup_1700000000', 'verified'],
      ['backup_1700100000', 'created'],
    ])
    expect(records[0]).toMatchObject({
      created_at: 1_695_000_000.25,
      description: 'Failed: disk full',
    })
    expect(await findings(repository)).toEqual([])
  })

  it('is imported once', async () => {
    const { folder, history } = oldWorld()
    const repository = await emptyRepository()
    const again = (): ReturnType<typeof importFrom> =>
      importFrom(repository, [join(folder, 'backups')], { historyFile: history })
    await again()
    const second = await again()
    expect(second.archives.map(({ outcome }) => outcome)).toEqual(['present', 'present'])
    expect(second.failuresRecorded).toBe(0)
    expect(engine.listSnapshots(repository)).toHaveLength(2)
  })

  it('is only looked at on a dry run', async () => {
    const { folder, history } = oldWorld()
    const store = await newRepository()
    const repository = await store.open()
    const result = await importFrom(repository, [join(folder, 'backups')], {
      historyFile: history,
      dryRun: true,
    })
    expect(result.archives.map(({ outcome, files }) => [outcome, files])).toEqual([
      ['imported', 5],
      ['imported', 2],
    ])
    for (const room of ['packs', 'snapshots', 'journal']) {
      expect(namesIn(store.location, room)).toEqual([])
    }
  })

  it('goes without a history by the name of the archive', async () => {
    const { folder } = oldWorld()
    const repository = await emptyRepository()
    await importFrom(repository, [join(folder, 'backups/backup_1700100000.tar.gz')])
    expect(only(repository)).toMatchObject({
      backupId: 'backup_1700100000',
      type: 'full',
      startedAtMs: 1_700_100_000_000,
    })
  })

  it('counts with its own dates when a policy is applied', async () => {
    const { folder, history } = oldWorld()
    const repository = await emptyRepository()
    await importFrom(repository, [join(folder, 'backups')], { historyFile: history })
    const { groups } = await engine.forgetByPolicy(repository, {
      policy: { keep: { daily: 1 } } as never,
      groupBy: new Set(),
      isSelected: () => true,
      trustTimes: false,
      mayRemoveAll: false,
      dryRun: true,
    } as never)
    const times = groups.flatMap(({ decisions }) => decisions.map(({ timeMs }) => timeMs))
    expect(times).toEqual([1_700_100_000_250, 1_700_000_000_250])
  })
})

describe('base names that several files had', () => {
  function twins(): string {
    const folder = scratchFolder(fastFolder)
    makeTree(folder, {
      a: directory({ same: file('first'), other: file('o') }),
      b: directory({ same: file('second') }),
    })
    return folder
  }
  const files = ['a/same', 'a/other', 'b/same']

  it('go to their paths in order when the archive has all of them', async () => {
    const folder = twins()
    const archive = oldArchive(folder, 1_700_000_000, files)
    const history = join(folder, 'history')
    writeHistory(history, [oldRecord(1_700_000_000, { files })])
    const repository = await emptyRepository()
    await importFrom(repository, [archive], { historyFile: history })
    const snapshot = only(repository)
    expect((await contentOf(repository, snapshot, 'a/same')).toString()).toBe('first')
    expect((await contentOf(repository, snapshot, 'b/same')).toString()).toBe('second')
  })

  it('are named when some are lost, and keep the base name', async () => {
    const folder = twins()
    const archive = oldArchive(folder, 1_700_000_000, ['a/other', 'b/same'])
    const history = join(folder, 'history')
    writeHistory(history, [oldRecord(1_700_000_000, { files })])
    const repository = await emptyRepository()
    const notices: string[] = []
    await importFrom(repository, [archive], {
      historyFile: history,
      onEvent: (event) => {
        if (event.type === 'notice') notices.push(event.message)
      },
    })
    expect(pathsOf(repository, only(repository))).toEqual(['a', 'a/other', 'same'])
    expect(notices).toEqual([expect.stringContaining('"same" is one member of the archive and 2')])
  })

  it('are the last member without a record', async () => {
    const folder = twins()
    const archive = oldArchive(folder, 1_700_000_000, files)
    const repository = await emptyRepository()
    await importFrom(repository, [archive])
    const snapshot = only(repository)
    expect(pathsOf(repository, snapshot)).toEqual(['other', 'same'])
    expect((await contentOf(repository, snapshot, 'same')).toString()).toBe('second')
    expect(snapshot.statistics.files).toBe(2)
  })
})

describe('archives of other tars', () => {
  it.each([
    ['GNU', ['--format=gnu']],
    ['pax', ['--format=posix']],
    ['ustar', ['--format=ustar']],
    ['old', ['--format=v7']],
  ])('are read: %s', async (_, options) => {
    const folder = scratchFolder(fastFolder)
    const name =
      options[0] === '--format=gnu' || options[0] === '--format=posix' ? 'n'.repeat(200) : 'n'
    makeTree(folder, { tree: directory({ [name]: file('x'), l: symlink(name), e: directory({}) }) })
    const archive = join(folder, 'backup_1700000000.tar')
    const { execFileSync } = await import('node:child_process')
    execFileSync('tar', [...options, '-cf', archive, '-C', folder, './tree'])
    const repository = await emptyRepository()
    const { archives } = await importFrom(repository, [archive])
    expect(archives[0]).toMatchObject({ outcome: 'imported', message: '' })
    expect(pathsOf(repository, only(repository))).toEqual([
      'tree',
      'tree/e',
      'tree/l',
      `tree/${name}`,
    ])
  })
})

describe('a damaged archive is named and skipped', () => {
  const good = archiveOf([[member({ name: 'data/a' }), 'content'.repeat(5000)]])
  const cut = good.subarray(0, good.length - 20)
  const flipped = Buffer.from(good)
  flipped[good.length - 6] ^= 1

  it.each<[string, Buffer, string]>([
    ['cut off', cut, 'it was cut off'],
    ['flipped', flipped, 'gzip is damaged'],
    ['empty', Buffer.alloc(0), 'empty'],
    ['no archive', Buffer.alloc(5000, 'x'), 'wrong checksum'],
    ['something behind', Buffer.concat([good, Buffer.from('garbage')]), 'gzip is damaged'],
  ])('%s', async (_, bytes, why) => {
    const folder = scratchFolder(fastFolder)
    writeFileSync(join(folder, 'backup_1700000001.tar.gz'), bytes)
    writeFileSync(join(folder, 'backup_1700000002.tar.gz'), good)
    const repository = await emptyRepository()
    const { archives } = await importFrom(repository, [folder])
    expect(archives.map(({ outcome }) => outcome)).toEqual(['refused', 'imported'])
    expect(archives[0].message).toContain(why)
    expect(only(repository).backupId).toBe('backup_1700000002')
    expect(await findings(repository)).toEqual([])
  })

  it('one with another MD5 than the history says', async () => {
    const folder = scratchFolder(fastFolder)
    writeFileSync(join(folder, 'backup_1700000001.tar.gz'), good)
    const history = join(folder, 'history')
    writeHistory(history, [
      oldRecord(1_700_000_001, { checksum: 'd'.repeat(32), status: 'verified' }),
    ])
    const repository = await emptyRepository()
    const { archives } = await importFrom(repository, [folder], { historyFile: history })
    expect(archives[0]).toMatchObject({ outcome: 'refused', isVerified: false })
    expect(archives[0].message).toContain('MD5')
    expect(engine.listSnapshots(repository)).toEqual([])
  })

  it('leaves nothing to be seen when it is interrupted', async () => {
    const folder = scratchFolder(fastFolder)
    writeFileSync(join(folder, 'backup_1700000001.tar.gz'), good)
    const store = await newRepository()
    const repository = await store.open()
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(importFrom(repository, [folder], { signal: stop.signal })).rejects.toThrow(
      'enough',
    )
    expect(readdirSync(join(store.location, 'snapshots'))).toEqual([])
  })
})

describe('retention after an import', () => {
  const verified = 1_700_000_000
  const limit = {
    policy: { kind: 'limit' as const, ageDaysMax: 30, countMax: 10 },
    groupBy: new Set<never>(),
    isSelected: () => true,
    trustTimes: true,
    mayRemoveAll: false,
    dryRun: true,
  }

  /** Two old full backups, of which the older one was verified, and a new one. */
  async function moved(checksumOf: (archive: string) => string): Promise<Repository> {
    const folder = scratchFolder()
    makeTree(folder, { data: directory({ a: file('content') }) })
    for (const id of [verified, verified + 86_400]) oldArchive(folder, id, ['data/a'])
    const archive = join(folder, `backups/backup_${verified}.tar.gz`)
    const historyFile = join(folder, 'backups/backup_history.jsonl')
    writeHistory(historyFile, [
      oldRecord(verified, { checksum: checksumOf(archive), status: 'verified' }),
      oldRecord(verified + 86_400, {}),
    ])
    const repository = await emptyRepository()
    await importFrom(repository, [join(folder, 'backups')], { historyFile })
    await save(repository, folder)
    return repository
  }

  async function kept(repository: Repository): Promise<string[]> {
    const { groups } = await engine.forgetByPolicy(repository, limit)
    return groups
      .flatMap(({ decisions }) => decisions)
      .filter(({ isKept, snapshot }) => isKept && snapshot.backupId.startsWith('backup_17000'))
      .map(({ snapshot }) => snapshot.backupId)
  }

  it('keeps the last full backup that came as verified, until one is proved here', async () => {
    const repository = await moved(md5Of)
    expect(await kept(repository)).toEqual([`backup_${verified}`])
    const other = engine.resolveSnapshot(repository, `backup_${verified + 86_400}`)
    await engine.verify(repository, { snapshots: [other] })
    expect(await kept(repository)).toEqual([other.backupId])
  })

  it('takes nobody at his word where no checksum says that it is the same archive', async () => {
    expect(await kept(await moved(() => ''))).toEqual([])
  })
})
