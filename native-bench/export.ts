/**
 * Measures `holdfast export` against `tar c | pigz` and `tar c | gzip` on the same folder, in turn (A B A B), so that a machine whose speed
 * drifts is unfair to nobody: `npm run bench:export -- FOLDER [rounds]`. The folder is saved into a scratch repository first; all archives
 * go to the disk and are synced.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { initRepository, openRepository, snapshot } from '../src/index.ts'

const root = join(import.meta.dirname, '..')
const exporter = `
import { exportSnapshot, openRepository, resolveSnapshot } from '${join(root, 'dist/index.js')}'
const [location, folder, threads] = process.argv.slice(1)
const repository = await openRepository({ location })
await exportSnapshot(repository, {
  snapshot: resolveSnapshot(repository, 'latest'), folder, threads: Number(threads),
  overwrite: true, actor: { via: 'library', user: 'bench' },
})
await repository.close()
`

interface Timing {
  readonly seconds: number
  readonly archiveBytes: number
  readonly peakBytes: number
}

interface Contest {
  readonly name: string
  readonly threads: number
  readonly compressor: string
}

async function main(): Promise<void> {
  const [given, rounds = '5'] = process.argv.slice(2)
  const source = resolve(given ?? join(root, 'node_modules'))
  const work = mkdtempSync(join(process.env['HOLDFAST_BENCH_DIR'] ?? tmpdir(), 'holdfast-export-'))
  try {
    const location = join(work, 'repository')
    await initRepository({ location })
    const repository = await openRepository({ location })
    const { statistics } = await snapshot(repository, { paths: [source], base: source })
    await repository.close()
    const { files, bytes } = statistics
    console.log(`${files} files, ${(bytes / 1e6).toFixed(0)} MB, ${availableParallelism()} threads`)
    const contests: Contest[] = [
      { name: 'pigz', threads: availableParallelism(), compressor: 'pigz' },
      { name: 'gzip', threads: 1, compressor: 'gzip' },
    ]
    for (const contest of contests) compare(contest, { source, work, bytes }, Number(rounds))
  } finally {
    rmSync(work, { recursive: true })
  }
}

interface Place {
  readonly source: string
  readonly work: string
  readonly bytes: number
}

function compare({ name, threads, compressor }: Contest, place: Place, rounds: number): void {
  const { source, work, bytes } = place
  const ratios: number[] = []
  const ours: Timing[] = []
  const theirs: Timing[] = []
  // The first round warms caches and does not count.
  for (let round = 0; round <= rounds; round++) {
    const archive = join(work, `${name}.tar.gz`)
    const pipe = `tar -C "$1" --format=posix -c . | ${compressor} > "$2" && sync "$2"`
    const other = time(['sh', '-c', pipe, 'sh', source, archive], archive)
    const folder = join(work, 'backups')
    const node = [process.execPath, '--input-type=module', '-e', exporter, '--']
    const own = time([...node, join(work, 'repository'), folder, String(threads)], folder)
    rmSync(archive)
    rmSync(folder, { recursive: true })
    if (round === 0) continue
    ours.push(own)
    theirs.push(other)
    ratios.push(other.seconds / own.seconds)
  }
  const speed = (timings: readonly Timing[]): string =>
    `${(bytes / 1e6 / median(timings.map(({ seconds }) => seconds))).toFixed(1)} MB/s`
  const size = (timings: readonly Timing[]): string =>
    `${(median(timings.map(({ archiveBytes }) => archiveBytes)) / 1e6).toFixed(1)} MB`
  const peak = Math.max(...ours.map(({ peakBytes }) => peakBytes))
  console.log(
    `${name}: tar c | ${compressor} ${speed(theirs)} (${size(theirs)}), export ${speed(ours)} (${size(ours)}), ` +
      `speed ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}), peak ${(peak / 1e6).toFixed(0)} MB`,
  )
}

/** Wall time of a process, start-up included, and its peak memory. */
function time(argv: readonly string[], product: string): Timing {
  const startedMs = performance.now()
  const measured = ['/usr/bin/env', 'python3', join(import.meta.dirname, 'harness/peak-memory.py')]
  const run = spawnSync(measured[0], [...measured.slice(1), ...argv], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`${argv[0]} failed: ${run.stderr}`)
  const seconds = (performance.now() - startedMs) / 1000
  const path = product.endsWith('.gz') ? product : onlyArchive(product)
  const kilobytes = Number(run.stdout.trim().split('\n').at(-1))
  return { seconds, archiveBytes: statSync(path).size, peakBytes: kilobytes * 1024 }
}

function onlyArchive(folder: string): string {
  const found = spawnSync('ls', [folder], { encoding: 'utf8' }).stdout.trim()
  return join(folder, found)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[sorted.length >> 1]
}

await main()
