import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { mutantFault, mutate, type Mutant } from './mutant.ts'

const addonFolder = 'src/filesystem/posix'
/** What is built and not in the list of the version control. */
const builtPaths = [
  `${addonFolder}/build`,
  'src/format/chunker/kernel.wasm',
  'src/format/parity/kernel.wasm',
]

/** A copy of the checkout whose files can be changed while others work in the checkout itself. */
export interface WorkCopy {
  readonly root: string
  /** @throws {RangeError} when the mutant's text does not occur exactly once */
  apply(mutant: Mutant): void
  restore(mutant: Mutant): void
}

/** Copies what is under version control, changed or not; `node_modules` is shared. */
export function makeWorkCopy(checkout: string, root: string): WorkCopy {
  mkdirSync(root, { recursive: true })
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const tracked = execFileSync('git', ['-C', checkout, ...list], { encoding: 'utf8' })
  for (const path of [...tracked.split('\0'), ...builtPaths]) {
    if (path === '' || !existsSync(join(checkout, path))) continue
    mkdirSync(dirname(join(root, path)), { recursive: true })
    // With its time: `make` and the cache of compiled engines go by it.
    cpSync(join(checkout, path), join(root, path), { recursive: true, preserveTimestamps: true })
  }
  symlinkSync(join(checkout, 'node_modules'), join(root, 'node_modules'))
  // The checkout may move on while the copy stays as it is.
  const originals = new Map<string, { source: string; modifiedAt: Date }>()
  const originalOf = (file: string): { source: string; modifiedAt: Date } => {
    const path = join(root, file)
    let original = originals.get(file)
    if (!original) {
      original = { source: readFileSync(path, 'utf8'), modifiedAt: statSync(path).mtime }
      originals.set(file, original)
    }
    return original
  }
  const write = (path: string, text: string): void => {
    writeFileSync(join(root, path), text)
    if (path.endsWith('.c')) buildAddon(root)
  }
  return {
    root,
    apply: (mutant) => {
      const { source } = originalOf(mutant.file)
      const fault = mutantFault(mutant, source)
      if (fault !== undefined) throw new RangeError(fault)
      write(mutant.file, mutate(mutant, source))
    },
    restore: ({ file }) => {
      const { source, modifiedAt } = originalOf(file)
      write(file, source)
      // The engine that was compiled of the unchanged sources is found again by their times.
      if (!file.endsWith('.c')) utimesSync(join(root, file), modifiedAt, modifiedAt)
    },
  }
}

/** What another folder has built names files relative to that one, so the first time all of it is built. */
const builtRoots = new Set<string>()

function buildAddon(root: string): void {
  if (!builtRoots.has(root)) {
    execFileSync('npm', ['run', '--silent', 'build:addon'], { cwd: root, stdio: 'pipe' })
    builtRoots.add(root)
    return
  }
  execFileSync('make', ['-s', '-C', join(root, addonFolder, 'build'), 'BUILDTYPE=Release'], {
    stdio: 'pipe',
  })
}
