/**
 * Measures whole commands on a repository whose catalogue is large, which it makes first (some minutes at full size):
 * `npm run bench:scale [-- CHUNKS FILES]`, by default 20,000,000 chunks and 10,000,000 files in an encrypted repository, and beside them a
 * folder of 1,000 files that is really there and really saved. Needs about 8 GB in `$HOLDFAST_BENCH_SCALE`, by default a new folder under
 * /var/tmp that is removed at the end; one that is named is kept and used again.
 *
 * With `--rebuild` two rows more are measured, which take minutes: the catalogue made of all objects, for a new machine and by `repair`.
 * With `--prune` what a prune marks and plans is measured, too. With `--few` rows are measured twice instead of five times, and with `--parts`
 * only look-ups, catching up and what the other options ask for.
 *
 * Index objects, pages of directories, snapshots and catalogue are real and come in through the code that any others come in through. Only
 * the contents of the 20,000,000 chunks are not there: their packs are files without blocks, which nothing that is measured reads.
 */
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { initRepository } from '../src/repository/init-repository.ts'
import { openRepository, type OpenOptions } from '../src/repository/open-repository.ts'
import type { Repository } from '../src/repository/repository.ts'
import {
  largeFileName,
  saveLargeSnapshot,
  writeDataIndexes,
  writeOneIndex,
} from './datasets/large-catalogue.ts'
import type { LargeShape } from './datasets/large-catalogue.ts'
import { measureCommand, type CommandCost } from './harness/measure-command.ts'
import { measureLookUps } from './scale/measure-look-ups.ts'
import { baseEnvironment, benchPassphrase } from './tools/environment.ts'

const mainPath = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const isShort = process.argv.includes('--few')
const rounds = isShort ? 2 : 5
const liveFiles = 1000
const liveFileBytes = 8192

interface Site {
  readonly folder: string
  readonly repository: string
  readonly cache: string
  readonly live: string
}

async function main(): Promise<void> {
  const [chunks = 20_000_000, files = 10_000_000] = process.argv
    .slice(2)
    .filter((text) => /^\d+$/.test(text))
    .map(Number)
  const named = process.env['HOLDFAST_BENCH_SCALE']
  const folder = named === undefined ? mkdtempSync('/var/tmp/holdfast-scale-') : resolve(named)
  const site: Site = {
    folder,
    repository: join(folder, 'repository'),
    cache: join(folder, 'cache'),
    live: join(folder, 'live'),
  }
  try {
    if (!isThere(join(site.repository, 'config'))) await build(site, { chunks, files })
    await measureOpening(site)
    if (!process.argv.includes('--parts')) measure(site, { chunks, files })
    await measureLookUpsOf(site, chunks)
    await measureCatchingUp(site, chunks)
    if (process.argv.includes('--prune')) pruneDryRun(site)
    if (process.argv.includes('--rebuild')) {
      const fresh = { ...site, cache: join(folder, 'fresh-cache') }
      row(fresh, 'opening by a machine that never saw it', ['list'], { times: 1 })
      rmSync(fresh.cache, { recursive: true })
      row(site, 'catalogue anew from the objects', ['repair', 'catalogue'], { times: 1 })
    }
  } finally {
    if (named === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function open(site: Site): Promise<Repository> {
  return openRepository({
    location: site.repository,
    passphrase: benchPassphrase,
    cacheDirectory: site.cache,
  })
}

async function build(site: Site, shape: LargeShape): Promise<void> {
  mkdirSync(site.folder, { recursive: true })
  await initRepository({ location: site.repository, passphrase: benchPassphrase })
  await step('index objects written', async () => {
    const repository = await open(site)
    await writeDataIndexes(repository, shape, () => undefined)
    await repository.close()
  })
  row(site, 'first opening, which takes them in', ['list'], { times: 1 })
  await step('snapshot of all files saved', async () => {
    const repository = await open(site)
    await saveLargeSnapshot(repository, shape, () => undefined)
    await repository.close()
  })
  makeLive(site.live, 'a')
  row(site, 'backup of the live folder, the first', ['snapshot', site.live], { times: 1 })
}

/** Within a process that has loaded everything: what is left of it is the key from the passphrase, the catalogue and catching up. */
async function measureOpening(site: Site): Promise<void> {
  const first = await open(site)
  const { masterSecret, slotId } = first
  await first.close()
  const unlocked = { masterSecret: Buffer.from(masterSecret), slotId }
  const time = async (key: Partial<OpenOptions>): Promise<string> => {
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const started = performance.now()
      const options = { location: site.repository, cacheDirectory: site.cache, ...key }
      const repository = await openRepository(options)
      times.push(performance.now() - started)
      await repository.close()
    }
    return `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)} ms`
  }
  console.log(
    `opening alone, by the passphrase           ${await time({ passphrase: benchPassphrase })}`,
  )
  console.log(`opening alone, by the key                  ${await time({ unlocked })}`)
}

async function step(what: string, work: () => Promise<void>): Promise<void> {
  const started = performance.now()
  await work()
  const memory = (process.resourceUsage().maxRSS / 1024).toFixed(0)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${what.padEnd(42)} ${seconds} s, memory so far ${memory} MiB`)
}

/** Ten folders of a hundred files. @param mark makes the contents differ from those of other folders */
function makeLive(folder: string, mark: string): void {
  for (let number = 0; number < liveFiles; number++) {
    const directory = join(folder, `folder-${Math.floor(number / 100)}`)
    if (number % 100 === 0) mkdirSync(directory, { recursive: true })
    const line = `${mark} ${number} ${largeFileName(number)}\n`
    const text = line.repeat(Math.ceil(liveFileBytes / line.length))
    writeFileSync(join(directory, `file-${number}.txt`), text)
  }
}

function measure(site: Site, shape: LargeShape): void {
  tellSizes(site)
  const far = largeFileName(Math.floor(shape.files * 0.4))
  for (const isCold of [false, true]) {
    console.log(isCold ? '\ncold (files of the repository out of the cache)' : '\nwarm')
    const options = { times: isCold ? Math.min(rounds, 2) : rounds, isCold }
    row(site, 'start-up alone (--version)', ['--version'], options)
    row(site, 'list', ['list'], options)
    row(site, 'status', ['status'], options)
    row(site, 'backup, nothing changed', ['snapshot', site.live], options)
    restoreOne(site, options)
    for (let time = 0; time < options.times; time++) {
      const fresh = join(site.folder, `fresh-${process.pid}-${isCold ? 'cold' : 'warm'}-${time}`)
      makeLive(fresh, fresh)
      row(site, 'backup of 1,000 new files', ['snapshot', fresh], { ...options, times: 1 })
      rmSync(fresh, { recursive: true })
    }
    row(site, `find ${far}`, ['find', far], options)
    row(site, 'find file-77.txt', ['find', 'file-77.txt'], options)
  }
}

function restoreOne(site: Site, options: RowOptions): void {
  const target = join(site.folder, 'restored')
  const path = join(site.live, 'folder-7', 'file-777.txt')
  row(site, 'restore of one file', ['restore', `latest:${path}`, '--target', target], {
    ...options,
    before: () => rmSync(target, { recursive: true, force: true }),
  })
}

function tellSizes(site: Site): void {
  const bytes = statSync(cataloguePath(site)).size
  console.log(`catalogue ${(bytes / 1e6).toFixed(0)} MB`)
  const indexes = join(site.repository, 'index')
  const names = readdirSync(indexes)
  const indexBytes = names.reduce((sum, name) => sum + statSync(join(indexes, name)).size, 0)
  console.log(`${names.length} index objects, ${(indexBytes / 1e6).toFixed(0)} MB`)
}

function cataloguePath(site: Site): string {
  return execFileSync('find', [site.cache, '-name', 'catalogue.db'], { encoding: 'utf8' }).trim()
}

/** Ids at random, as those of new and of known chunks are; in as many threads as the program would take here. */
async function measureLookUpsOf(site: Site, chunks: number): Promise<void> {
  console.log('')
  const path = cataloguePath(site)
  for (const isPresent of [true, false]) {
    for (const isCold of [true, false]) {
      for (const threads of [1, 2]) {
        if (isCold) evict(site)
        else execFileSync('cat', [path], { stdio: ['ignore', 'ignore', 'inherit'] })
        const count = isCold ? 20_000 : 100_000
        const { clock, cpu } = await measureLookUps({ path, chunks, count, isPresent }, threads)
        const what = `${isPresent ? 'known' : 'unknown'} blobs, ${threads} threads, ${isCold ? 'cold' : 'warm'}`
        const figures = `${clock.toFixed(1)} µs each, ${cpu.toFixed(1)} µs of a processor`
        console.log(`look-up, ${what.padEnd(33)} ${figures}`)
      }
    }
  }
}

/** What others stored is taken in by the next opening; and dropped by it, when a prune has replaced what named it. */
async function measureCatchingUp(site: Site, chunks: number): Promise<void> {
  console.log('')
  for (const [what, count] of [
    ['of 100 chunks', 100],
    ['of 8,192 chunks', 8192],
  ] as const) {
    const repository = await open(site)
    const { name, packs } = await writeOneIndex(repository, chunks * 2, count)
    await repository.close()
    row(site, `list, an index object ${what} came`, ['list'], { times: 1, isCold: true })
    for (const gone of [name, ...packs]) rmSync(join(site.repository, gone))
    row(site, `list, it went`, ['list'], { times: 1 })
  }
}

function pruneDryRun(site: Site): void {
  const script = fileURLToPath(new URL('./scale/prune-dry-run.ts', import.meta.url))
  const command = {
    argv: [process.execPath, '--import', 'tsx', script, site.repository, site.cache],
    environment: baseEnvironment(site.folder),
    workingFolder: process.cwd(),
  }
  const reportPath = join(site.folder, 'prune')
  const options = { isCold: false, warmFolders: ['/dev/null'], reportPath }
  tell('prune, dry run (marks and plans)', [measureCommand(command, options)])
  console.log(readFileSync(`${reportPath}.log`, 'utf8').trim())
}

interface RowOptions {
  readonly times: number
  readonly isCold?: boolean
  readonly before?: () => void
}

function row(site: Site, what: string, argv: readonly string[], options: RowOptions): void {
  const costs: CommandCost[] = []
  for (let time = 0; time < options.times; time++) {
    options.before?.()
    execFileSync('sync')
    if (options.isCold === true) evict(site)
    const command = {
      argv: [process.execPath, mainPath, ...argv, '--repo', site.repository],
      environment: {
        ...baseEnvironment(site.folder),
        HOLDFAST_PASSPHRASE: benchPassphrase,
        HOLDFAST_CACHE_DIR: site.cache,
      },
      workingFolder: site.folder,
    }
    const reportPath = join(site.folder, 'last-command')
    costs.push(measureCommand(command, { isCold: false, warmFolders: ['/dev/null'], reportPath }))
  }
  tell(what, costs)
}

/** Takes what may lie in the kernel's cache out of it; names and inodes stay. Other programs on the machine feel nothing. */
function evict({ repository, cache, live }: Site): void {
  const script = `
import os, sys
for top in sys.argv[1:]:
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if os.stat(path).st_blocks > 0:
                file = os.open(path, os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)
`
  execFileSync('python3', ['-c', script, repository, cache, live])
}

function tell(what: string, costs: readonly CommandCost[]): void {
  const range = (figure: (cost: CommandCost) => number, digits: number): string => {
    const values = costs.map(figure)
    const [least, most] = [Math.min(...values).toFixed(digits), Math.max(...values).toFixed(digits)]
    return least === most ? least : `${least}–${most}`
  }
  const wall = range((cost) => cost.wallSeconds, 2)
  const cpu = range((cost) => cost.userSeconds + cost.systemSeconds, 2)
  const memory = range((cost) => cost.peakMemoryBytes / 1e6, 0)
  const other = range((cost) => cost.otherCpuCores, 1)
  console.log(
    `${what.padEnd(42)} wall ${wall} s  CPU ${cpu} s  memory ${memory} MB  (others ${other} cores)`,
  )
}

await main()
