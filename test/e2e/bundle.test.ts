import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'

import { readSourceFiles } from '../architecture/source-files.ts'
import { checkout } from './workspace.ts'

const dist = join(checkout, 'dist')

interface Loaded {
  /** Below `dist/`. */
  readonly files: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
}

/** What Node loads before the first line of a module is executed. */
function loadedBy(entry: string): Loaded {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (path: string): void => {
    if (files.has(path)) return
    files.add(path)
    const text = readFileSync(join(dist, path), 'utf8')
    for (const [, named] of text.matchAll(/^(?:import|export) (?:[^"]* from )?"([^"]+)";$/gm)) {
      if (named.startsWith('.')) visit(join(dirname(path), named))
      else if (!named.startsWith('node:')) packages.add(named)
    }
  }
  visit(entry)
  return { files, packages }
}

/** Paths that the sources give to a function of foundation/installed-files.ts. */
function pathsGivenTo(name: string): string[] {
  return readSourceFiles().flatMap(({ text }) =>
    [...text.matchAll(new RegExp(`\\b${name}\\('([^']+)'\\)`, 'g'))].map(([, path]) => path),
  )
}

function threadEntries(): string[] {
  return pathsGivenTo('threadEntry').map((path) => `${path}.js`)
}

const requestThread = 'storage/s3/s3-thread-entry.js'

describe('the build', () => {
  it('has every file that the program looks for', () => {
    const wanted = [...pathsGivenTo('programFile'), ...pathsGivenTo('builtFile')]
    expect(wanted.length).toBeGreaterThanOrEqual(4)
    expect(wanted.filter((path) => !existsSync(join(dist, path)))).toEqual([])
    const inPackage = pathsGivenTo('packageFile')
    expect(inPackage.filter((path) => !existsSync(join(checkout, path)))).toEqual([])
  })

  it('has every module that a thread starts with, which loads one chunk and nothing of the command line', async () => {
    const entries = threadEntries().filter((entry) => entry !== requestThread)
    expect(entries.length).toBeGreaterThanOrEqual(4)
    for (const entry of entries) {
      const { files, packages } = loadedBy(entry)
      expect(files).toContain('chunks/worker.js')
      expect(files.size, entry).toBeLessThanOrEqual(6)
      expect(packages).not.toContain('commander')
      // Named otherwise than it expects, it has nothing to do and ends.
      const worker = new Worker(join(dist, entry), { workerData: { holdfastWorker: 'other' } })
      expect(await once(worker, 'exit')).toEqual([0])
    }
  })

  it('loads the client for S3 in the thread that does the requests, and nowhere else', () => {
    const client = '@aws-sdk/client-s3'
    expect(threadEntries()).toContain(requestThread)
    const { files, packages } = loadedBy(requestThread)
    expect(packages).toContain(client)
    expect(packages).not.toContain('better-sqlite3')
    expect(files.size).toBeLessThanOrEqual(6)
    const others = ['cli/main.js', 'index.js', 'server/jobs/job-process.js', 'chunks/engine.js']
    for (const entry of [...others, ...threadEntries()]) {
      if (entry !== requestThread) expect(loadedBy(entry).packages, entry).not.toContain(client)
    }
  })

  it('loads nothing of an engine before a command wants it, and no package of another', () => {
    const version = loadedBy('cli/main.js')
    expect(version.files.size).toBeLessThanOrEqual(3)
    expect([...version.packages]).toEqual([])
    const commandLine = loadedBy('chunks/run-process.js')
    expect(commandLine.files.size, [...commandLine.files].join(' ')).toBeLessThanOrEqual(8)
    expect([...commandLine.packages]).toEqual(['commander'])
    const unlocking = loadedBy('chunks/unlock.js')
    expect([...unlocking.packages]).toEqual([])
    const engine = loadedBy('chunks/engine.js')
    expect(engine.files.size).toBeLessThanOrEqual(8)
    expect([...engine.packages].sort()).toEqual([
      '@noble/hashes/blake3.js',
      'better-sqlite3',
      'picomatch',
      'zstd-napi/binding.js',
    ])
    for (const entry of ['index.js', 'server/jobs/job-process.js', 'chunks/start-server.js'])
      expect(loadedBy(entry).packages, entry).not.toContain('commander')
  })

  it('has no other modules than entries and chunks', () => {
    const scripts = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.endsWith('.js') && !path.startsWith('server/dashboard/'),
    )
    // Another would be left from an earlier build, or be loaded a second time beside the chunks.
    const alone = scripts.filter((path) => !path.startsWith('chunks/'))
    const entries = [...pathsGivenTo('threadEntry'), 'cli/main', 'index', 'server/jobs/job-process']
    expect(alone.sort()).toEqual(entries.map((path) => `${path}.js`).sort())
  })
})
