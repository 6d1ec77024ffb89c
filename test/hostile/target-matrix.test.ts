import { execFileSync, spawnSync } from 'node:child_process'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { modes } from '../support/forge/forge.ts'
import type { RawEntry } from '../support/forge/raw-page.ts'
import { childScript } from '../support/built-engine.ts'
import { isRoot, mountTmpfs } from '../support/scratch.ts'
import { contentOfVictim, hostileWorld, type HostileWorld } from './hostile-world.ts'

const entryKinds = ['file', 'large', 'directory', 'symlink', 'fifo', 'hardlink'] as const
type EntryKind = (typeof entryKinds)[number]

function entriesOf({ forge }: HostileWorld, kind: EntryKind): RawEntry[] {
  const group = { flags: 1, inode: 9 }
  switch (kind) {
    case 'file':
      return [forge.fileEntry('x', 'restored', { mode: 0o100644 })]
    case 'large':
      return [forge.fileEntry('x', Buffer.alloc(1_100_000, 'r'), { mode: 0o100644 })]
    case 'directory':
      return [
        forge.directoryEntry('x', forge.directory([forge.fileEntry('secret', 'restored')]), {
          mode: 0o040755,
        }),
      ]
    case 'symlink':
      return [forge.linkEntry('x', 'nowhere')]
    case 'fifo':
      return [{ name: 'x', mode: modes.fifo }]
    default:
      // The first name is `a`, what is in the way is in place of the second.
      return [forge.fileEntry('a', 'restored', group), forge.fileEntry('x', 'restored', group)]
  }
}

type Obstacle = (world: HostileWorld, path: string) => void

const obstacles: Readonly<Record<string, Obstacle>> = {
  'a link to a file': ({ victim }, path) => symlinkSync(join(victim, 'secret'), path),
  'a link to a folder': ({ victim }, path) => symlinkSync(victim, path),
  'a link to nothing': ({ victim }, path) => symlinkSync(join(victim, 'new'), path),
  'a fifo': (_world, path) => void execFileSync('mkfifo', [path]),
  'a hard link to a file of somebody else': ({ victim }, path) =>
    linkSync(join(victim, 'secret'), path),
  'a folder that is not empty': (_world, path) => {
    mkdirSync(path)
    writeFileSync(join(path, 'kept'), 'kept')
  },
  'a socket': (_world, path) =>
    void execFileSync('python3', [
      '-c',
      'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])',
      path,
    ]),
}
const rootObstacles: Readonly<Record<string, Obstacle>> = {
  'a device': (_world, path) => void execFileSync('mknod', [path, 'c', '1', '3']),
  'a file system that is mounted': (_world, path) => {
    mkdirSync(path)
    mountTmpfs(path, 'size=1m')
    writeFileSync(join(path, 'kept'), 'kept')
  },
}

const matrix = Object.entries({ ...obstacles, ...(isRoot ? rootObstacles : {}) }).flatMap(
  ([what, make]) => entryKinds.map((kind) => ({ what, make, kind })),
)

describe('what stands in the target', () => {
  it.each(matrix)(
    'is replaced or refused, and nothing goes through it: $what where a $kind goes',
    async ({ what, make, kind }) => {
      const world = await hostileWorld()
      const { target } = world
      mkdirSync(target)
      const path = join(target, 'x')
      make(world, path)
      if (what.startsWith('a hard link')) expect(statSync(path).nlink).toBe(2)
      const id = world.forge.snapshot(world.forge.directory(entriesOf(world, kind)))
      const { result, messages } = await world.restore(id)
      expect(contentOfVictim(world)).toBe('the secret')
      expect(readdirSync(world.victim).sort()).toEqual(['inner', 'secret'])
      expect(readFileSync(join(world.victim, 'inner', 'file'), 'latin1')).toBe('inner')
      const after = lstatSync(path)
      const stands = what.startsWith('a folder') || what.startsWith('a file system')
      if (stands && kind !== 'directory') {
        expect(result.errors).toBe(1)
        expect(readFileSync(join(path, 'kept'), 'latin1')).toBe('kept')
      } else if (kind === 'directory' && !stands) {
        // Only a person removes what is in the way of a folder.
        expect(result.errors).toBeGreaterThan(0)
        expect(after.isDirectory()).toBe(false)
      } else if (what.startsWith('a file system')) {
        expect(messages.join()).toContain('another file system is mounted there')
        expect(readdirSync(path)).toEqual(['kept'])
      } else {
        expect(messages).toEqual([])
        expect(result.errors).toBe(0)
      }
      if (result.errors === 0 && kind !== 'directory') {
        expect(after.isFile()).toBe(kind === 'file' || kind === 'large' || kind === 'hardlink')
        expect(after.isSymbolicLink()).toBe(kind === 'symlink')
        expect(after.isFIFO()).toBe(kind === 'fifo')
        if (kind === 'hardlink') expect(after.nlink).toBe(2)
      }
    },
  )

  it.runIf(isRoot && isImmutable())('is told of when nobody may change it', async () => {
    const world = await hostileWorld()
    mkdirSync(world.target)
    const path = join(world.target, 'x')
    writeFileSync(path, 'immutable')
    execFileSync('chattr', ['+i', path])
    onTestFinished(() => void spawnSync('chattr', ['-i', path]))
    for (const kind of ['file', 'large', 'symlink', 'fifo', 'hardlink'] as const) {
      const id = world.forge.snapshot(world.forge.directory(entriesOf(world, kind)))
      const { result } = await world.restore(id)
      expect(result.errors).toBe(1)
      expect(readFileSync(path, 'latin1')).toBe('immutable')
    }
    execFileSync('chattr', ['-i', path])
  })
})

/** Not every file system has the flag. */
function isImmutable(): boolean {
  const path = `/dev/shm/holdfast-immutable-${process.pid}`
  writeFileSync(path, '')
  try {
    const set = spawnSync('chattr', ['+i', path]).status === 0
    spawnSync('chattr', ['-i', path])
    return set
  } finally {
    execFileSync('rm', ['-f', path])
  }
}

/** Containers may forbid ptrace, and not every machine has strace. */
const hasStrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
const engineUrl = join(childScript('any'), '../../../../src/index.js')
const restoreScript = `
  const engine = await import(process.argv[1])
  const repository = await engine.openRepository({ location: process.argv[2], cacheDirectory: process.argv[2] + '-cache' })
  const snapshot = engine.resolveSnapshot(repository, process.argv[3])
  const events = []
  const result = await engine.restore(repository, {
    snapshot, target: Buffer.from(process.argv[4]), onEvent: (event) => events.push(event.message ?? ''),
  })
  console.log(JSON.stringify({ ...result, events }))
  process.exit(0)`

function restoreCommand({ test, target }: HostileWorld, id: string): string[] {
  return [
    process.execPath,
    '--input-type=module',
    '-e',
    restoreScript,
    engineUrl,
    test.location,
    id,
    target,
  ]
}

describe('a system without /proc', () => {
  it.runIf(isRoot)('restores files and folders, and tells of what it cannot give', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const id = forge.snapshot(
      forge.directory([
        forge.fileEntry('file', 'x', { mode: 0o100640 }),
        forge.fileEntry('large', Buffer.alloc(1_100_000, 1), { mode: 0o100640 }),
        forge.directoryEntry('folder', forge.directory([forge.fileEntry('inner', 'y')]), {
          mode: 0o040750,
        }),
        forge.linkEntry('link', '../victim/secret'),
        { name: 'fifo', mode: (modes.fifo & ~0o777) | 0o640 },
        forge.fileEntry('linked', 'x', { flags: 1, inode: 3 }),
        forge.fileEntry('other', 'x', { flags: 1, inode: 3 }),
      ]),
    )
    const command = restoreCommand(world, id).map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    const { stdout, stderr, status } = spawnSync(
      'unshare',
      ['-m', 'sh', '-c', `umount -l /proc && exec ${command.join(' ')}`],
      { encoding: 'utf8' },
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const result = JSON.parse(stdout) as { errors: number; events: string[] }
    const { target } = world
    expect(statSync(join(target, 'file')).mode & 0o7777).toBe(0o640)
    expect(statSync(join(target, 'large')).mode & 0o7777).toBe(0o640)
    expect(statSync(join(target, 'folder')).mode & 0o7777).toBe(0o750)
    expect(lstatSync(join(target, 'link')).isSymbolicLink()).toBe(true)
    // What could not be set is an error that names the file, or it is set: never neither.
    const isSet = (lstatSync(join(target, 'fifo')).mode & 0o777) === 0o640
    const isTold = result.events.some((message) => message.includes('fifo'))
    expect(isSet || isTold).toBe(true)
    expect(result.errors === 0).toBe(isSet && statSync(join(target, 'linked')).nlink === 2)
    expect(world.harm()).toEqual([])
  })
})

/** What a file is given in a folder that nobody else can enter yet, and what it may be made with there. */
const hiddenModes = [
  { mode: 0o666, first: 0o666 },
  { mode: 0o755, first: 0o755 },
  { mode: 0o444, first: 0o444 },
  // The group is not the one of the snapshot until the owner is set.
  { mode: 0o640, first: 0o600 },
  { mode: 0o664, first: 0o644 },
  { mode: 0o604, first: 0o600 },
  { mode: 0o066, first: 0o000 },
  { mode: 0o6755, first: 0o755 },
]
const nameOf = (mode: number): string => `mode-${mode.toString(8)}`

/** The modes with which anything was made below a target, from the output of strace, by their names. */
function createdModes(log: string, location: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of log.split('\n')) {
    if (line.includes('ENOENT') || line.includes('EEXIST') || line.includes(location)) continue
    const call =
      /"([^"]*)", .*O_CREAT.*, (0\d*)\) += \d|mk(?:dir|nod)(?:at)?\(.*?"([^"]*)", .*?(0\d{2,})(?:, makedev\(.*\))?\) += 0/.exec(
        line,
      )
    if (call) found.set(call[1] ?? call[3], Number.parseInt(call[2] ?? call[4], 8))
  }
  return found
}

describe('while it is restored', () => {
  it.skipIf(!hasStrace)('nothing is open to others before it is finished', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const open = { mode: 0o100666 }
    const hidden = hiddenModes.map(({ mode }) =>
      forge.fileEntry(nameOf(mode), 'y', { mode: 0o100000 | mode }),
    )
    hidden.sort((left, right) => (String(left.name) < String(right.name) ? -1 : 1))
    const id = forge.snapshot(
      forge.directory([
        forge.fileEntry('small', 'x', open),
        forge.fileEntry('large', Buffer.alloc(1_100_000, 1), open),
        forge.directoryEntry('folder', forge.directory(hidden), { mode: 0o040777 }),
        { name: 'fifo', mode: modes.fifo | 0o666 },
      ]),
    )
    const log = join(world.test.location, '..', 'calls')
    const calls = 'openat,open,creat,mkdir,mkdirat,mknod,mknodat'
    // The target is there, with a mode that lets others in.
    mkdirSync(world.target, { recursive: true, mode: 0o755 })
    const previous = process.umask(0)
    try {
      execFileSync(
        'strace',
        ['-f', '-qq', '-s', '200', '-o', log, '-e', `trace=${calls}`, ...restoreCommand(world, id)],
        // Nothing may rest on it.
        { env: { ...process.env, HOLDFAST_THREADS: '0' }, stdio: 'pipe' },
      )
    } finally {
      process.umask(previous)
    }
    const created = createdModes(readFileSync(log, 'utf8'), world.test.location)
    for (const { mode, first } of hiddenModes) {
      expect({ mode, first: created.get(nameOf(mode)) }).toEqual({ mode, first })
      expect(statSync(join(world.target, 'folder', nameOf(mode))).mode & 0o7777).toBe(mode)
      created.delete(nameOf(mode))
    }
    expect([...created.keys()]).toEqual(expect.arrayContaining(['small', 'folder', 'fifo']))
    for (const [name, mode] of created)
      expect({ name, open: mode & 0o077 }).toEqual({ name, open: 0 })
    expect(statSync(join(world.target, 'small')).mode & 0o777).toBe(0o666)
    expect(statSync(join(world.target, 'folder')).mode & 0o777).toBe(0o777)
  })
})

describe('a restore that was killed', () => {
  it.skipIf(!hasStrace)(
    'leaves only files that the next one sweeps, and these are private',
    async () => {
      const world = await hostileWorld()
      const { forge, target } = world
      const content = Buffer.alloc(3_000_000, 7)
      const id = forge.snapshot(
        forge.directory([
          forge.directoryEntry(
            'd',
            forge.directory(
              ['a', 'b'].map((name) => forge.fileEntry(name, content, { mode: 0o100666 })),
            ),
          ),
        ]),
      )
      let leftovers = 0
      // Before the file gets its name, and before it gets its length.
      for (const moment of ['renameat,renameat2:', 'ftruncate:']) {
        for (const call of [1, 2]) {
          const inject = `inject=${moment}signal=KILL:when=${call}`
          spawnSync(
            'strace',
            ['-f', '-qq', '-o', '/dev/null', '-e', inject, ...restoreCommand(world, id)],
            {
              env: { ...process.env, HOLDFAST_THREADS: '0' },
            },
          )
          const folder = join(target, 'd')
          for (const name of spawnSync('ls', ['-A', folder], { encoding: 'utf8' }).stdout.split(
            '\n',
          )) {
            if (!name.startsWith('.holdfast-partial-')) continue
            leftovers += 1
            // It has its own mode before its name, in a folder that nobody else may look into yet.
            expect(statSync(folder).mode & 0o077).toBe(0)
          }
        }
      }
      expect(leftovers).toBeGreaterThan(0)
      const { result } = await world.restore(id)
      expect(result.errors).toBe(0)
      expect(readdirSync(join(target, 'd')).sort()).toEqual(['a', 'b'])
      expect(world.harm()).toEqual([])
    },
  )
})
