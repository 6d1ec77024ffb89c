import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Repository, Snapshot } from '../../../src/index.ts'
import { engine } from '../../support/built-engine.ts'
import { scanTree, treeDifferences } from '../../support/scan-tree.ts'

/** The user who swaps; the target is his, the restore is root's. */
const attackerUid = 4242
/** Folders of the tree that have a link beside them to be swapped with, and links in these. */
const folderCount = 4

export interface RaceOptions {
  /** Empty; repository, target and victim are made in it. */
  readonly folder: string
  readonly filesPerFolder: number
  readonly isRoot: boolean
  readonly isOver: (swaps: { restores: number }) => boolean
  readonly violation: (message: string) => void
}

export interface RaceResult {
  readonly swaps: number
  readonly restores: number
  readonly filesRestored: number
  readonly refused: number
  /** Writes by path that the same attacker led out, and how many were tried: proof that the attack works. */
  readonly escapedByPath: number
}

/**
 * Restores over and over into a folder of a user who exchanges its folders for links to somebody else's, and looks whether anything of
 * the latter changed.
 */
export async function raceRestore(options: RaceOptions): Promise<RaceResult> {
  const { folder, violation } = options
  const swapper = join(folder, 'swapper')
  execFileSync('gcc', ['-O2', '-o', swapper, join(import.meta.dirname, 'swapper.c')])
  const repository = await makeRepository(options)
  const target = join(folder, 'world', 'target')
  const victim = join(folder, 'world', 'victim')
  fillVictim(victim, options)
  makeTarget(target, victim, options)
  const before = scanTree(victim)
  const attack = startSwapping(swapper, target, options)
  let restores = 0
  let filesRestored = 0
  let refused = 0
  try {
    while (!options.isOver({ restores })) {
      const result = await restoreOnce(repository, restores, target)
      restores += 1
      filesRestored += result.filesRestored
      refused += result.errors
      const changes = treeDifferences(before, scanTree(victim))
      if (changes.length > 0) {
        violation(`restore ${restores} changed what is not in its target: ${changes.join('; ')}`)
        break
      }
    }
  } finally {
    await repository.repository.close()
  }
  const escapedByPath = writeByPath(target, victim)
  const swaps = await attack.stop()
  return { swaps, restores, filesRestored, refused, escapedByPath }
}

interface RaceRepository {
  readonly repository: Repository
  readonly snapshots: readonly Snapshot[]
}

/** Two snapshots whose files all differ, so that each restore writes everything. */
async function makeRepository({ folder, filesPerFolder }: RaceOptions): Promise<RaceRepository> {
  const location = join(folder, 'repository')
  await engine.initRepository({ location })
  const repository = await engine.openRepository({ location })
  const snapshots: Snapshot[] = []
  for (const content of ['one', 'two']) {
    const source = join(folder, `source-${content}`)
    forEachFolder(source, (place, index) => {
      for (let file = 0; file < filesPerFolder; file++) {
        writeFileSync(join(place, `f${file}`), `${content} ${index} ${file}`, { mode: 0o666 })
      }
      writeFileSync(join(place, 'large'), Buffer.alloc(1_100_000, content))
      symlinkSync(content, join(place, 'link'))
      execFileSync('mkfifo', [join(place, `fifo-${content}`)])
      chmodSync(place, 0o777)
    })
    const { snapshot } = await engine.snapshot(repository, { paths: [source], base: source })
    if (snapshot) snapshots.push(snapshot)
  }
  return { repository, snapshots }
}

/** `d0` … and a folder `s` in each. */
function forEachFolder(root: string, make: (place: string, index: number) => void): void {
  for (let index = 0; index < folderCount; index++) {
    const upper = join(root, `d${index}`)
    mkdirSync(join(upper, 's'), { recursive: true })
    make(upper, index)
    make(join(upper, 's'), index)
  }
}

/** Has all names that the tree has, each worth taking. */
function fillVictim(victim: string, { filesPerFolder }: RaceOptions): void {
  for (const place of [victim, join(victim, 's')]) {
    mkdirSync(place, { recursive: true })
    for (let file = 0; file < filesPerFolder; file++) {
      writeFileSync(join(place, `f${file}`), 'of somebody else', { mode: 0o600 })
    }
    writeFileSync(join(place, 'large'), 'of somebody else', { mode: 0o600 })
    symlinkSync('of somebody else', join(place, 'link'))
    writeFileSync(join(place, 'kept'), 'must not be deleted', { mode: 0o400 })
  }
}

function makeTarget(target: string, victim: string, { isRoot }: RaceOptions): void {
  const give = (path: string): void => {
    if (isRoot) chownSync(path, attackerUid, attackerUid)
  }
  mkdirSync(join(target, 'evil'), { recursive: true })
  forEachFolder(target, (place, index) => {
    const name = place.endsWith('/s') ? `s${index}` : `d${index}`
    symlinkSync(name.startsWith('s') ? join(victim, 's') : victim, join(target, 'evil', name))
    give(place)
  })
  for (const path of [target, join(target, 'evil')]) give(path)
}

function startSwapping(
  program: string,
  target: string,
  { isRoot }: RaceOptions,
): { stop: () => Promise<number> } {
  const pairs = Array.from({ length: folderCount }, (_, index) => [
    `d${index}`,
    `evil/d${index}`,
    // The folder is the real one only half of the time; the other half this call fails.
    `d${index}/s`,
    `evil/s${index}`,
  ]).flat()
  const child = spawn(program, [isRoot ? String(attackerUid) : '0', ...pairs], {
    // What lies above the target is closed to him.
    cwd: target,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) =>
      status === 0 ? resolve(Number(out)) : reject(new Error(`the swapper ended with ${status}`)),
    )
  })
  return {
    stop: () => {
      child.stdin.end()
      return ended
    },
  }
}

async function restoreOnce(
  { repository, snapshots }: RaceRepository,
  turn: number,
  target: string,
): Promise<{ filesRestored: number; errors: number }> {
  return engine.restore(repository, {
    snapshot: snapshots[turn % 2],
    target: Buffer.from(target),
    // Not every time: it removes the links that are swapped in, and then the attack has to be set up again.
    delete: false,
    excludes: turn % 3 === 2 ? ['*.none'] : [],
    untrusted: turn % 5 === 4,
    overwrite: turn % 4 === 3 ? 'if-newer' : 'always',
  })
}

/** What a program does that writes by path. Returns how often it went astray. */
function writeByPath(target: string, victim: string): number {
  const deadline = performance.now() + 5000
  let escaped = 0
  while (escaped === 0 && performance.now() < deadline) {
    for (let index = 0; index < folderCount; index++) {
      try {
        writeFileSync(join(target, `d${index}`, 'astray'), 'x')
      } catch {
        // It is being exchanged.
      }
    }
    if (existsSync(join(victim, 'astray'))) escaped += 1
    for (const place of readdirSync(target)) rmSync(join(target, place, 'astray'), { force: true })
  }
  return escaped
}
