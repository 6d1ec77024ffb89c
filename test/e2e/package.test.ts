import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { libraryExample } from './readme.ts'
import { checkout, workspace, type Workspace } from './workspace.ts'

const installTimeoutMs = 10 * 60_000

/** npm as a user would run it: without what the npm around this test has put into the environment. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !/^(?:npm_|HOLDFAST_)/i.test(name))
  const own = Object.fromEntries(names.map((name) => [name, process.env[name]]))
  const nodeFolder = dirname(dirname(process.execPath))
  // As in the Makefile: headers that lie beside Node need not be fetched.
  if (!existsSync(join(nodeFolder, 'include/node/node_api.h'))) return own
  return { ...own, npm_config_nodedir: nodeFolder }
}

interface PackedPackage {
  readonly filename: string
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

/** What was built before the tests, packed; building again would take it away from tests that run beside this one. */
function pack(space: Workspace): PackedPackage {
  const argv = ['pack', '--ignore-scripts', '--json', '--pack-destination', space.folder]
  const options = { cwd: checkout, env: npmEnvironment(), encoding: 'utf8', stdio: 'pipe' } as const
  const [packed] = JSON.parse(execFileSync('npm', argv, options)) as PackedPackage[]
  return packed
}

/**
 * The compiled parts of dependencies, out of the checkout: the same versions were installed there with their scripts, right before the tests, and
 * to compile them once more takes as long as a third of all tests.
 */
function takeCompiled(modules: string): void {
  for (const file of [
    'better-sqlite3/build/Release/better_sqlite3.node',
    'zstd-napi/build/Release/binding.node',
  ]) {
    const [name] = file.split('/')
    const versions = [modules, join(checkout, 'node_modules')].map((folder) => {
      const { version } = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as {
        version: string
      }
      return version
    })
    expect(versions[0]).toBe(versions[1])
    mkdirSync(dirname(join(modules, file)), { recursive: true })
    copyFileSync(join(checkout, 'node_modules', file), join(modules, file))
  }
}

describe('the package', () => {
  it('holds what is needed to install and run it, and nothing else', () => {
    const { files } = pack(workspace())
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/cli/main.js',
        'dist/format/chunker/kernel.wasm',
        'dist/format/parity/kernel.wasm',
        'dist/index.d.ts',
        'dist/index.js',
        'dist/server/dashboard/index.html',
        'dist/server/dashboard/index.html.br',
        'docs/FORMAT.md',
        'package.json',
        'src/filesystem/posix/binding.gyp',
        'src/filesystem/posix/posix.c',
      ]),
    )
    const allowed =
      /^(?:LICENSE|README\.md|package\.json|docs\/FORMAT\.md|dist\/.*\.(?:js|d\.ts|wasm)|dist\/server\/dashboard\/(?:index\.html|assets\/[a-z]+-[A-Z0-9]{8}\.(?:js|css|svg))(?:\.br|\.gz)?|src\/filesystem\/posix\/[a-z-]+\.(?:c|h|gyp))$/
    expect(paths.filter((path) => !allowed.test(path))).toEqual([])
    expect(files.find(({ path }) => path === 'dist/cli/main.js')?.mode).toBe(0o755)
    const sources = readdirSync(join(checkout, 'src/filesystem/posix'))
    for (const source of sources.filter((name) => /\.[ch]$/.test(name))) {
      expect(paths).toContain(`src/filesystem/posix/${source}`)
    }
  })

  it(
    'installs into an empty folder and works there, as a command and as a library',
    async () => {
      const space = workspace()
      const { filename } = pack(space)
      const folder = dirname(space.write('empty/package.json', '{ "private": true }'))
      const options = { cwd: folder, env: npmEnvironment() }
      const npm = async (...argv: string[]): Promise<unknown> =>
        await promisify(execFile)('npm', argv, { ...options, timeout: installTimeoutMs })
      const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
      await npm('install', '--ignore-scripts', ...quiet, `../${filename}`)
      const modules = join(folder, 'node_modules')
      takeCompiled(modules)
      // Its own script compiles what is its own.
      await npm('rebuild', ...quiet, 'holdfast')

      for (const name of ['typescript', 'tsx', 'vitest', 'assemblyscript']) {
        expect(existsSync(join(modules, name))).toBe(false)
      }
      space.write('empty/project/data/index', 'some data')
      space.write('empty/project/config.yml', 'a: 1\n')
      const holdfast = (...words: string[]): string =>
        execFileSync(join(modules, '.bin/holdfast'), ['--repo', 'own', ...words], {
          ...options,
          encoding: 'utf8',
        })
      holdfast('init')
      holdfast('snapshot', 'project')
      expect(holdfast('verify', '--all')).toContain('no damage')
      holdfast('restore', `latest:${join(folder, 'project').slice(1)}`, '--target', 'out')
      expect(compareTrees(join(folder, 'project'), join(folder, 'out')).differences).toEqual([])

      space.write('empty/example.mjs', libraryExample())
      const env = { ...options.env, HOME: space.at('home') }
      execFileSync(process.execPath, ['example.mjs'], { cwd: folder, env })
      const restored = join(folder, 'restored/project')
      expect(compareTrees(join(folder, 'project'), restored).differences).toEqual([])
    },
    installTimeoutMs + 60_000,
  )
})

describe('the checkout', () => {
  it('runs the command by npx, also from a folder in it', () => {
    const argv = ['--no-install', 'holdfast', 'version']
    const options = {
      cwd: join(checkout, 'docs'),
      env: npmEnvironment(),
      encoding: 'utf8',
    } as const
    expect(execFileSync('npx', argv, { ...options, stdio: 'pipe' })).toMatch(/^holdfast \d/)
  })
})

describe('package-lock.json', () => {
  interface LockEntry {
    readonly resolved?: string
    readonly link?: boolean
    readonly optionalDependencies?: Readonly<Record<string, string>>
  }

  const text = readFileSync(join(checkout, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockEntry>> }

  it('names no place to download from, so that every registry serves it', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual(
      [],
    )
  })

  // What npm leaves out, `npm ci` misses on other machines: run `node .ci/complete-lock.js`.
  it('has an entry for the packages of every platform', () => {
    const names = Object.values(packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    )
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([])
  })
})
