import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { exportTo, md5Of, python } from '../support/archives.ts'
import { flipBit } from '../support/damage.ts'
import {
  byteName,
  directory,
  file,
  hardLink,
  makeTree,
  sparseFile,
  special,
  symlink,
  type Tree,
} from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { codeOf, newRepository, save, type TestRepository } from '../support/repositories.ts'
import { scanTree, treeDifferences, type ScannedEntry } from '../support/scan-tree.ts'
import { fastFolder, isRoot, mountTmpfs, scratchFolder } from '../support/scratch.ts'

const long = 'n'.repeat(255)
const xattrs = { 'user.origin': 'x=1', 'user.bytes': Buffer.from([0, 255, 10]) }

/** What bsdtar reads in another way than POSIX and GNU tar: parts of seconds before 1970, and `%` in the name of an attribute. */
const rarities: Tree = {
  old: file('before 1970', { mtime: [-86_400, 500_000_000] }),
  percent: file('%', { mtime: [1_600_000_000, 5], xattrs: { 'user.100%=': 'whole' } }),
}

/** All that an archive has to keep. Files have sub-second times, as files do. */
function everything(): Tree {
  const mtime = [1_600_000_000, 123_456_789] as const
  return {
    'plain.txt': file('plain', { mode: 0o640, mtime: [1_500_000_000, 0] }),
    empty: file('', { mtime }),
    'big.bin': file(randomBytesOf(1, 3_000_000), { mtime }),
    program: file('#!/bin/sh', { mode: 0o4755, mtime }),
    holes: sparseFile(2_000_000, [[1_000_000, Buffer.from('in the middle')]], { mtime }),
    [byteName('größe')]: file('utf-8', { mtime }),
    '\xff\xfe raw': file('not utf-8', { mtime }),
    'new\nline': file('n', { mtime }),
    older: file('before 1970', { mtime: [-86_400, 0] }),
    [long]: directory(
      { [long]: file('long', { mtime }), [`${long.slice(1)}\xff`]: file('raw') },
      { mtime },
    ),
    'empty folder': directory({}, { mode: 0o1777, mtime }),
    data: directory(
      {
        a: file('a', { mtime, ...(isRoot && { uid: 1234, gid: 3_000_000 }) }),
        sub: directory({ deep: file('deep', { mtime }) }, { mode: 0o700, mtime }),
        zlast: file('z', { mtime, xattrs }),
      },
      { mtime },
    ),
    link: symlink('data/a', { mtime }),
    'far link': symlink('x/'.repeat(150), { mtime }),
    outside: symlink('/etc/passwd', { mtime }),
    another: hardLink('data/a'),
    pipe: special('fifo', [0, 0], { mtime, mode: 0o600 }),
    ...(isRoot && { null: special('character', [1, 3], { mtime, mode: 0o666 }) }),
  }
}

interface World {
  readonly source: string
  readonly folder: string
  readonly store: TestRepository
  readonly repository: Repository
  readonly snapshot: Snapshot
}

async function worldOf(tree: Tree): Promise<World> {
  const source = scratchFolder(fastFolder)
  makeTree(source, tree)
  const store = await newRepository()
  const repository = await store.open()
  const { snapshot } = await save(repository, source)
  return { source, folder: scratchFolder(fastFolder), store, repository, snapshot }
}

/** What neither tar nor its readers keep: where holes were. */
const never: readonly (keyof ScannedEntry)[] = ['ranges']

describe('an exported archive', () => {
  const readers: [string, (archive: string, target: string) => void, (keyof ScannedEntry)[]][] = [
    [
      'GNU tar',
      (archive, target) => {
        const options = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-owner']
        execFileSync('tar', [...options, '-xpzf', archive, '-C', target], { stdio: 'pipe' })
      },
      [],
    ],
    [
      'bsdtar',
      (archive, target) => {
        // In the C locale names are bytes to it.
        const env = { ...process.env, LC_ALL: 'C' }
        execFileSync('bsdtar', ['-xpf', archive, '-C', target], { env, stdio: 'pipe' })
      },
      [],
    ],
    [
      "Python's tarfile",
      (archive, target) => {
        python(
          'import sys,tarfile\nwith tarfile.open(sys.argv[1]) as t: t.extractall(sys.argv[2], numeric_owner=True)',
          archive,
          target,
        )
      },
      // It knows no extended attributes, and its times are floating-point numbers.
      ['xattrs', 'mtime'],
    ],
  ]

  it.each(readers)('is restored exactly by %s', async (name, unpack, ignored) => {
    const tree = name === 'bsdtar' ? everything() : { ...everything(), ...rarities }
    const { source, folder, repository, snapshot } = await worldOf(tree)
    const { archive } = await exportTo(repository, snapshot, folder)
    const target = join(folder, 'unpacked')
    mkdirSync(target)
    unpack(archive, target)
    const all = [...never, ...ignored]
    expect(treeDifferences(scanTree(source), scanTree(target), all)).toEqual([])
  })

  it('has a name, a checksum, a line and a record that agree', async () => {
    const { folder, repository, snapshot } = await worldOf({ data: directory({ a: file('abc') }) })
    const result = await exportTo(repository, snapshot, folder)
    const archive = join(folder, 'backups', `${snapshot.backupId}.tar.gz`)
    expect(result).toMatchObject({ outcome: 'written', archive, files: 1, bytes: 3 })
    expect(result.checksum).toBe(md5Of(archive))
    expect(result.archiveBytes).toBe(statSync(archive).size)
    expect(statSync(archive).mode & 0o777).toBe(0o600)
    const line = readFileSync(join(folder, 'logs/backup_history.jsonl'), 'utf8')
    expect(line.endsWith('}\n')).toBe(true)
    expect(JSON.parse(line)).toMatchObject({
      type: 'backup',
      backup_id: snapshot.backupId,
      backup_type: 'full',
      created_at: snapshot.startedAtMs / 1000,
      size_bytes: 3,
      file_count: 1,
      checksum: result.checksum,
      status: 'created',
      description: '',
      files: ['data/a'],
      metadata: { backup_path: `backups/${snapshot.backupId}.tar.gz`, compression: true },
    })
    const { journal } = repository.catalogue
    expect(journal.list({ kind: 'export' })[0].record).toMatchObject({
      snapshotId: snapshot.id,
      archive: `backups/${snapshot.backupId}.tar.gz`,
      checksum: result.checksum,
      files: 1,
      bytes: 3,
      actor: { user: 'tester' },
    })
  })

  it('is the same again, whatever the number of threads', async () => {
    const { folder, repository, snapshot } = await worldOf(everything())
    const one = await exportTo(repository, snapshot, join(folder, '1'), { threads: 1 })
    const four = await exportTo(repository, snapshot, join(folder, '4'), { threads: 4 })
    expect(four.checksum).toBe(one.checksum)
  })

  it('ends at a record of 10 KiB, in one gzip member', async () => {
    const { folder, repository, snapshot } = await worldOf(everything())
    const { archive } = await exportTo(repository, snapshot, folder)
    execFileSync('gzip', ['-t', archive])
    expect(gunzipSync(readFileSync(archive)).length % 10_240).toBe(0)
  })
})

describe('an archive that is there', () => {
  it('is left alone when it is what was exported', async () => {
    const { folder, repository, snapshot } = await worldOf({ a: file('a') })
    const { archive } = await exportTo(repository, snapshot, folder)
    const { mtimeMs } = statSync(archive)
    expect((await exportTo(repository, snapshot, folder)).outcome).toBe('present')
    expect(statSync(archive).mtimeMs).toBe(mtimeMs)
    expect(
      readFileSync(join(folder, 'logs/backup_history.jsonl'), 'utf8').match(/\n/g),
    ).toHaveLength(1)
  })

  it('gets its line and record when a crash kept them back', async () => {
    const { folder, repository, snapshot } = await worldOf({ a: file('a') })
    const first = await exportTo(repository, snapshot, folder, { projectFolder: '/elsewhere' })
    writeFileSync(join(folder, 'logs/backup_history.jsonl'), '')
    const second = await exportTo(repository, snapshot, folder)
    expect(second).toMatchObject({ outcome: 'present', checksum: first.checksum })
    expect(readFileSync(join(folder, 'logs/backup_history.jsonl'), 'utf8')).toContain(
      first.checksum,
    )
  })

  it('is not replaced when it is another one, unless that is asked for', async () => {
    const { folder, repository, snapshot } = await worldOf({ a: file('a') })
    const archive = join(folder, 'backups', `${snapshot.backupId}.tar.gz`)
    mkdirSync(join(folder, 'backups'))
    writeFileSync(archive, 'precious')
    expect(await codeOf(exportTo(repository, snapshot, folder))).toBe('TARGET_UNWRITABLE')
    expect(readFileSync(archive, 'utf8')).toBe('precious')
    expect(readdirSync(join(folder, 'backups'))).toHaveLength(1)
    await exportTo(repository, snapshot, folder, { overwrite: true })
    expect(md5Of(archive)).not.toBe('')
    execFileSync('gzip', ['-t', archive])
  })
})

describe('nothing half stays', () => {
  it('when a pack is damaged', async () => {
    const { folder, store, repository, snapshot } = await worldOf({
      a: file(randomBytesOf(2, 500_000)),
    })
    const packs = join(store.location, 'packs')
    for (const name of readdirSync(packs)) {
      chmodSync(join(packs, name), 0o600)
      flipBit(join(packs, name), 8 * 3000)
    }
    expect(await codeOf(exportTo(repository, snapshot, folder))).toBe('OBJECT_DAMAGED')
    expect(readdirSync(join(folder, 'backups'))).toEqual([])
    expect(readdirSync(folder)).toEqual(['backups'])
  })

  it('when it is interrupted', async () => {
    const { folder, repository, snapshot } = await worldOf({
      a: file(randomBytesOf(3, 20_000_000)),
    })
    const stop = new AbortController()
    const work = exportTo(repository, snapshot, folder, {
      signal: stop.signal,
      onEvent: () => stop.abort(new Error('enough')),
    })
    await expect(work).rejects.toThrow('enough')
    expect(readdirSync(join(folder, 'backups'))).toEqual([])
  })

  it.runIf(isRoot)('when the disk is full', async () => {
    const { folder, repository, snapshot } = await worldOf({
      a: file(randomBytesOf(4, 6_000_000)),
    })
    const backups = join(folder, 'backups')
    mkdirSync(backups)
    mountTmpfs(backups, 'size=2m')
    const work = exportTo(repository, snapshot, folder)
    await expect(work).rejects.toThrow('there is no space left')
    expect(readdirSync(backups)).toEqual([])
    expect(readdirSync(folder)).not.toContain('logs')
  })
})

describe('the history', () => {
  it('is rid of a line that a crash cut off, and keeps whole ones', async () => {
    const { folder, repository, snapshot } = await worldOf({ a: file('a') })
    const history = join(folder, 'logs/backup_history.jsonl')
    mkdirSync(join(folder, 'logs'))
    writeFileSync(history, '{"type":"restore"}\n')
    appendFileSync(history, `{"type":"backup","files":["${'x'.repeat(200_000)}`)
    await exportTo(repository, snapshot, folder)
    const lines = readFileSync(history, 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe('{"type":"restore"}')
    expect((JSON.parse(lines[1]) as { backup_id: string }).backup_id).toBe(snapshot.backupId)
  })

  it('keeps a last line that lacks only its end', async () => {
    const { folder, repository, snapshot } = await worldOf({ a: file('a') })
    const history = join(folder, 'logs/backup_history.jsonl')
    mkdirSync(join(folder, 'logs'))
    writeFileSync(history, '{"type":"restore"}')
    await exportTo(repository, snapshot, folder)
    const lines = readFileSync(history, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      'restore',
      'backup',
    ])
  })

  it('takes lines of several exports at once', async () => {
    const { folder, repository, snapshot } = await worldOf({ a: file('a') })
    await Promise.all(
      [1, 2, 3, 4].map((number) =>
        exportTo(repository, snapshot, folder, { folder: join(folder, String(number)) }),
      ),
    )
    const lines = readFileSync(join(folder, 'logs/backup_history.jsonl'), 'utf8').split('\n')
    expect(lines).toHaveLength(5)
  })
})
