import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { BenchError } from '../harness/bench-error.ts'
import { removeFolder } from './live-folder.ts'
import { fractionOf } from './seeded-random.ts'

export interface SourcePackage {
  readonly name: string
  readonly version: string
}

const sourcePackageName = /^linux-source-\d+\.\d+$/

/**
 * Chooses two versions of one kernel series, the oldest and the newest that the archive holds: what
 * an application that is updated now and then looks like. With one version of each series only, two
 * series.
 *
 * @param available In ascending order within each name.
 * @throws {BenchError} When fewer than two are available.
 */
export function chooseSourcePackages(
  available: readonly SourcePackage[],
): readonly [SourcePackage, SourcePackage] {
  const seriesOf = (name: string): SourcePackage[] =>
    available.filter((source) => source.name === name)
  const longest = available
    .map((source) => seriesOf(source.name))
    .reduce((best, versions) => (versions.length > best.length ? versions : best), [])
  if (longest.length >= 2) return [longest[0], longest[longest.length - 1]]
  if (available.length >= 2) return [available[0], available[1]]
  throw new BenchError(
    'Cannot make the source tree: apt knows fewer than two versions of linux-source packages',
  )
}

/**
 * Downloads the chosen packages with apt, which checks their signatures, through the system's own
 * sources but with lists and a cache of its own below `folder`, so that neither root nor a change
 * to the system is needed.
 * @throws {BenchError} When apt does not offer enough or cannot download.
 */
export function fetchSourcePackages(
  folder: string,
  choose: (available: readonly SourcePackage[]) => readonly SourcePackage[],
): (SourcePackage & { archivePath: string })[] {
  for (const part of ['lists/partial', 'cache/archives/partial', 'download']) {
    mkdirSync(join(folder, part), { recursive: true })
  }
  const downloadFolder = join(folder, 'download')
  const apt = (tool: string, argv: readonly string[]): string => {
    const settings = [
      `Dir::State::Lists=${folder}/lists`,
      `Dir::Cache=${folder}/cache`,
      'APT::Sandbox::User=root',
    ]
    const options = settings.flatMap((setting) => ['-o', setting])
    return execFileSync(tool, [...options, ...argv], {
      cwd: downloadFolder,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
  }
  try {
    // One unreachable third-party source makes the update fail as a whole although Debian's own
    // lists have arrived.
    apt('apt-get', ['update', '-qq'])
  } catch {
    console.error('apt-get update reported a failure; going on with the lists that there are')
  }
  return choose(availableSources(apt)).map((source) => {
    if (findArchive(downloadFolder, source) === undefined) {
      apt('apt-get', ['download', '-qq', `${source.name}=${source.version}`])
    }
    const archivePath = findArchive(downloadFolder, source)
    if (archivePath === undefined)
      throw new BenchError(`Cannot find the download of ${source.name} ${source.version}`)
    return { ...source, archivePath }
  })
}

/**
 * Unpacks a linux-source package's tree into a new folder.
 *
 * A scale below 1 keeps about that share of the directories, whole, and the same ones of every
 * version.
 */
export function unpackSource(
  archivePath: string,
  target: string,
  options: { scale: number; seed: number },
): void {
  const unpackedFolder = mkdtempSync(join(dirname(target), 'unpacked-'))
  execFileSync('dpkg', ['-x', archivePath, unpackedFolder])
  const sourceFolder = join(unpackedFolder, 'usr/src')
  const tarName = readdirSync(sourceFolder).find((name) => /^linux-source-[\d.]+\.tar\./.test(name))
  if (tarName === undefined)
    throw new BenchError(`Cannot find a source archive in "${archivePath}"`)
  const tarPath = join(sourceFolder, tarName)
  mkdirSync(target)
  const extract = ['-xf', tarPath, '--strip-components=1', '-C', target]
  if (options.scale < 1) {
    const listed = execFileSync('tar', ['-tf', tarPath], { encoding: 'utf8', maxBuffer: 1 << 28 })
      .trimEnd()
      .split('\n')
    const kept = listed.filter((path) => fractionOf(folderOf(path), options.seed) < options.scale)
    execFileSync('tar', [...extract, '--no-recursion', '-T', '-'], { input: kept.join('\n') })
  } else {
    execFileSync('tar', extract)
  }
  removeFolder(unpackedFolder)
}

/**
 * The directory that decides on an entry, without the root, whose name holds the version. A
 * directory decides on itself.
 */
function folderOf(path: string): string {
  return path.slice(path.indexOf('/') + 1, path.lastIndexOf('/'))
}

function availableSources(apt: (tool: string, argv: readonly string[]) => string): SourcePackage[] {
  const found = apt('apt-cache', ['search', '--names-only', '^linux-source-[0-9]'])
  const names = found
    .split('\n')
    .map((line) => line.split(' ')[0])
    .filter((name) => sourcePackageName.test(name))
  return names.sort(byVersionNumbers).flatMap((name) => {
    const lines = apt('apt-cache', ['madison', name]).trimEnd().split('\n')
    // Newest first, and once per archive that holds it.
    const versions = new Set(lines.map((line) => line.split('|')[1]?.trim() ?? ''))
    return [...versions]
      .filter((version) => version !== '')
      .reverse()
      .map((version) => ({ name, version }))
  })
}

function byVersionNumbers(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true })
}

function findArchive(folder: string, source: SourcePackage): string | undefined {
  // apt writes an epoch's colon as %3a.
  const prefix = `${source.name}_${source.version.replaceAll(':', '%3a')}_`
  const name = readdirSync(folder).find(
    (candidate) => candidate.startsWith(prefix) && candidate.endsWith('.deb'),
  )
  return name === undefined ? undefined : join(folder, name)
}
