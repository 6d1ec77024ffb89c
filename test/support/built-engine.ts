import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Engine from '../../src/index.ts'

/**
 * The sources, compiled for the tests that start threads and child processes: compiled files start in a tenth of the time that a
 * TypeScript loader takes. `dist/` is not used, because it may be older than the sources.
 */

const root = join(import.meta.dirname, '../..')
const cacheFolder = join(root, 'node_modules/.cache/holdfast-engine')
const keptMs = 60 * 60_000
// A checkout in which `npm run build:kernel` ran before the newest kernel was added still runs all other tests.
const kernels = ['chunker', 'parity']
  .map((kernel) => `src/format/${kernel}/kernel.wasm`)
  .filter((path) => existsSync(join(root, path)))
const addon = 'src/filesystem/posix/build/Release/posix.node'

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'build' ? [] : filesBelow(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

function keyOfSources(): string {
  const hash = createHash('sha256')
  const files = [...filesBelow(join(root, 'src')), ...filesBelow(join(root, 'test/support'))]
  const binaries = [...kernels, addon].map((path) => join(root, path))
  for (const path of [...files, ...binaries].sort()) {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

function removeOld(): void {
  for (const name of readdirSync(cacheFolder)) {
    const path = join(cacheFolder, name)
    // Another run of the tests may use it at this moment.
    if (Date.now() - statSync(path).mtimeMs > keptMs) rmSync(path, { recursive: true, force: true })
  }
}

function compile(target: string): void {
  mkdirSync(cacheFolder, { recursive: true })
  removeOld()
  const folder = mkdtempSync(join(cacheFolder, 'new-'))
  // Some tests run it as another user.
  chmodSync(folder, 0o755)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: root,
        outDir: folder,
        declaration: false,
        isolatedDeclarations: false,
        sourceMap: false,
        noEmit: false,
      },
      include: [join(root, 'src'), join(root, 'test/support/children')],
      exclude: ['chunker', 'parity'].map((kernel) => join(root, `src/format/${kernel}/assembly`)),
    }),
  )
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [compiler, '-p', folder], { stdio: 'pipe' })
  } catch (error) {
    // Types are `npm run lint`'s matter; only what keeps files from being written is one here.
    if (!existsSync(join(folder, 'src/index.js'))) throw error
  }
  for (const kernel of kernels) copyFileSync(join(root, kernel), join(folder, kernel))
  mkdirSync(join(folder, 'src/filesystem/posix/build/Release'), { recursive: true })
  symlinkSync(join(root, addon), join(folder, addon))
  try {
    renameSync(folder, target)
  } catch (error) {
    // Another test file was faster.
    rmSync(folder, { recursive: true })
    if (!existsSync(target)) throw error
  }
}

function prepare(): string {
  const target = join(cacheFolder, keyOfSources())
  if (!existsSync(target)) compile(target)
  const now = new Date()
  utimesSync(target, now, now)
  return target
}

const folder = prepare()

/** A compiled module by its path below `src/`, without extension. */
export async function engineModule<Module>(path: string): Promise<Module> {
  return (await import(pathToFileURL(join(folder, 'src', `${path}.js`)).href)) as Module
}

/** Path of the compiled module `test/support/children/<name>.ts`, to be run by a child process. */
export function childScript(name: string): string {
  return join(folder, 'test/support/children', `${name}.js`)
}

/** Path of the compiled command. */
export const commandScript: string = join(folder, 'src/cli/main.js')

/** The public library. */
export const engine: typeof Engine = await engineModule<typeof Engine>('index')
