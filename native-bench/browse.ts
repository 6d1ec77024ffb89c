/**
 * Measures what is asked over many snapshots, in a repository of 1,000 nights and 1,000,000 paths that it makes first (some minutes):
 * `npm run bench:browse [-- SNAPSHOTS PROJECTS FOLDERS FILES]`. Every line is the best and the worst of five calls; the first call, which
 * finds nothing in memory, is told by itself. Behind it stands the processor time of the first call and the least of the others, which other
 * work on the machine lengthens least.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { diffSnapshots } from '../src/operations/browse/diff-snapshots.ts'
import { fileHistory } from '../src/operations/browse/file-history.ts'
import { findPaths } from '../src/operations/browse/find-paths.ts'
import { listDirectory } from '../src/operations/browse/list-directory.ts'
import { deletionStatistics } from '../src/operations/statistics/deletion-statistics.ts'
import { repositoryStatistics } from '../src/operations/statistics/repository-statistics.ts'
import { initRepository } from '../src/repository/init-repository.ts'
import { listSnapshots } from '../src/repository/list-snapshots.ts'
import { openRepository } from '../src/repository/open-repository.ts'
import type { Repository } from '../src/repository/repository.ts'
import { resolveSnapshot } from '../src/repository/resolve-snapshot.ts'
import { nameOf, SnapshotHistory } from './datasets/snapshot-history.ts'

const rounds = 5

async function main(): Promise<void> {
  const numbers = process.argv.slice(2).map(Number)
  const [snapshots = 1000, projects = 100, folders = 100, files = 100] = numbers
  const shape = { snapshots, projects, folders, files, changedFolders: 8, grownFolders: 2 }
  const folder = process.env['HOLDFAST_BENCH_BROWSE'] ?? mkdtempSync(join(tmpdir(), 'browse-'))
  const location = join(folder, 'repository')
  try {
    if (!isThere(location)) await build(location, shape)
    const started = performance.now()
    const repository = await openRepository({ location })
    tell('open the repository', [performance.now() - started])
    try {
      measure(repository)
    } finally {
      await repository.close()
    }
  } finally {
    if (process.env['HOLDFAST_BENCH_BROWSE'] === undefined) {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function isThere(location: string): boolean {
  return statSync(join(location, 'config'), { throwIfNoEntry: false }) !== undefined
}

async function build(
  location: string,
  shape: ConstructorParameters<typeof SnapshotHistory>[1],
): Promise<void> {
  const started = performance.now()
  await initRepository({ location })
  const repository = await openRepository({ location })
  const history = new SnapshotHistory(repository, shape)
  await history.save((night) => {
    if (night % 100 === 0) console.error(`night ${night}`)
  })
  await repository.close()
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  const catalogue = (statSync(join(location, 'catalogue.db')).size / 1e6).toFixed(0)
  console.log(`${shape.snapshots} snapshots, ${history.paths} paths in the newest one`)
  console.log(`made in ${seconds} s, catalogue ${catalogue} MB\n`)
}

function measure(repository: Repository): void {
  const latest = resolveSnapshot(repository, 'latest')
  const before = resolveSnapshot(repository, 'latest~1')
  const oldest = resolveSnapshot(repository, `latest~${repository.catalogue.snapshots.count() - 1}`)
  const find = (pattern: string, options = {}) => {
    const { matches, isComplete } = findPaths(repository, { pattern, ...options })
    return `${matches} paths${isComplete ? '' : ', not all looked at'}`
  }
  const name = nameOf(3, 4, 5)
  time(`find ${name}`, () => find(name))
  time('find a part of a few names (0005-a1)', () => find('0005-a1'))
  time('find one file in each of 100 folders', () => find('/project-0003/*/0005-*'))
  time('find *-a1*.log', () => find('*-a1*.log'))
  time('find *.log (an eighth of all)', () => find('*.log'))
  time('find *.log among files only', () => find('*.log', { kinds: ['file'] }))
  time('find directories (*00*)', () => find('*00*', { kinds: ['directory'] }))
  time('find a path that is not there', () => find('no such file'))
  time('find with capitals ignored', () => find('0005-A1', { ignoreCase: true }))
  time('find *.LOG with capitals ignored', () => find('*.LOG', { ignoreCase: true }))
  time('find in one snapshot', () => find('0005-a1', { snapshotIds: [latest.id] }))
  const path = Buffer.from(`project-0003/folder-0004/${name}`)
  time('history of a file', () => `${fileHistory(repository, path).length} versions`)
  time('diff of neighbours', () => `${count(diffSnapshots(repository, before, latest))} changes`)
  time('diff of oldest and newest', () => {
    return `${count(diffSnapshots(repository, oldest, latest))} changes`
  })
  time('list all snapshots', () => `${listSnapshots(repository).length} snapshots`)
  time('list a directory', () => {
    const items = listDirectory(repository, latest, Buffer.from('project-0003')).items
    return `${items.length} entries`
  })
  time('statistics', () => `${repositoryStatistics(repository).totals.blobs} blobs`)
  time('what a deletion frees', () => {
    return `${deletionStatistics(repository, [oldest.id, latest.id]).freedBytes} bytes`
  })
}

function count(items: Iterable<unknown>): number {
  let number = 0
  for (const item of items) if (item !== undefined) number += 1
  return number
}

function time(what: string, work: () => string): void {
  const times: number[] = []
  const processor: number[] = []
  let result = ''
  for (let round = 0; round <= rounds; round++) {
    const used = process.cpuUsage()
    const started = performance.now()
    result = work()
    times.push(performance.now() - started)
    const { user, system } = process.cpuUsage(used)
    processor.push((user + system) / 1000)
  }
  const [first, ...others] = processor.map((ms) => ms.toFixed(0))
  tell(what, times, `processor ${first}, ${Math.min(...others.map(Number))} ms  ${result}`)
}

function tell(what: string, [first, ...others]: readonly number[], result = ''): void {
  const range =
    others.length === 0
      ? ''
      : `  ${Math.min(...others).toFixed(1)}–${Math.max(...others).toFixed(1)}`
  console.log(`${what.padEnd(42)} first ${first.toFixed(1).padStart(8)} ms${range}  ${result}`)
}

await main()
