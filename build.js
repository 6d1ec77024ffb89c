/*
 * Bundles the program into `dist/`, where it starts faster: a snapshot loads 17 files instead of 260 (docs/decisions/0014).
 * Packages stay outside, and what is loaded late in the sources is loaded late here.
 */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const root = fileURLToPath(new URL('.', import.meta.url))
const target = join(root, 'dist')

/** What is started or imported by its path, each at the same path below `dist/`. */
const entries = [
  'cli/main',
  'index',
  'operations/copy/copy-worker',
  'operations/prune/repack-worker',
  'operations/restore/restore-worker',
  'operations/snapshot/snapshot-worker',
  'repository/audit/pack-audit-worker',
  'server/jobs/job-process',
  'storage/s3/s3-thread-entry',
]

/** Files that are read and not executed. */
const kernels = ['format/chunker/kernel.wasm', 'format/parity/kernel.wasm']

/**
 * Chunks that are made on purpose, by the paths below `src/`. The first that wants a module has it, and takes along whatever that imports,
 * except what is loaded late. Everything else is divided by who needs it.
 */
const layers = {
  // All that `holdfast version` needs.
  start: /^foundation\/(?:program|installed-files)\.ts$/,
  // What options and configuration both read values with goes along: the command line would else take it away from jobs. So does the rule for
  // ranges that are asked for at once, which the thread for a store goes by, and who says before what it will cost.
  base: /^(?:foundation|model)\/|^config\/(?:read-rate|read-size|resolve-location)\.ts$|^storage\/s3\/(?:merge-ranges|spans)\.ts$/,
  unlock: /^repository\/unlock-repository\.ts$/,
  // All that a thread needs, and the commands, too.
  worker: /-worker\.ts$/,
  engine:
    /^(?:repository\/open-repository\.ts$|operations\/(?:copy|prune|restore|snapshot|verify)\/)/,
  service: /^service\/[a-z-]+\.ts$/,
  command: /^cli\/(?!main\.ts$)/,
}

await build({
  cwd: root,
  input: Object.fromEntries(entries.map((path) => [path, `./src/${path}.ts`])),
  platform: 'node',
  external: /^[^./]/,
  transform: { target: 'node20' },
  checks: { ineffectiveDynamicImport: false },
  output: {
    dir: target,
    cleanDir: true,
    entryFileNames: '[name].js',
    // One folder below `dist/`, as foundation/installed-files.ts expects.
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: {
      groups: Object.entries(layers).map(([name, pattern]) => ({
        name,
        test: (path) => pattern.test(relative(join(root, 'src'), path)),
      })),
    },
    // Two classes of one name would otherwise be told apart in error messages.
    keepNames: true,
    comments: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
})

for (const path of kernels) {
  mkdirSync(dirname(join(target, path)), { recursive: true })
  copyFileSync(join(root, 'src', path), join(target, path))
}
chmodSync(join(target, 'cli/main.js'), 0o755)
