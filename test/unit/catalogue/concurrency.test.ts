import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { BlobLookup } from '../../../src/catalogue/blob-lookup.ts'
import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import { CatalogueError } from '../../../src/catalogue/errors.ts'
import { findLockHolder } from '../../../src/catalogue/lock-holder.ts'
import { childScript } from '../../support/built-engine.ts'
import { dataPack, idOf, objectIdOf } from './catalogue-fixtures.ts'

const fixture = join(import.meta.dirname, 'concurrency.fixture.ts')
let folder: string
let path: string
let children: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-catalogue-'))
  path = join(folder, 'catalogue.db')
  children = []
})

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
  rmSync(folder, { recursive: true })
})

interface Writer {
  readonly child: ChildProcess
  /** Names of the commits that were acknowledged so far. */
  readonly acknowledged: () => string[]
  readonly ended: Promise<unknown[]>
}

function startWriter(name: string, count: number): Writer {
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, path, name, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let output = ''
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString()
  })
  // Only whole lines: a killed process may leave half of one.
  const acknowledged = (): string[] => output.split('\n').slice(0, -1)
  return { child, acknowledged, ended: once(child, 'close') }
}

function expectAllThere(names: readonly string[]): void {
  const catalogue = openCatalogue(path)
  expect(catalogue.check()).toEqual([])
  const journal = catalogue.objectIds('journal')
  const indexes = catalogue.objectIds('index')
  for (const name of names) {
    expect(journal.has(objectIdOf(name)), name).toBe(true)
    expect(indexes.has(objectIdOf(name)), name).toBe(true)
    expect(catalogue.blobs.has(idOf(`${name} 49`)), name).toBe(true)
  }
  // Each transaction is there as a whole or not at all.
  expect(journal).toEqual(indexes)
  expect(catalogue.blobs.count()).toBe(50 * indexes.size)
  catalogue.close()
}

describe('several processes', () => {
  it('lose none of each other’s commits, from the making of the file on', async () => {
    const writers = ['one', 'two', 'three'].map((name) => startWriter(name, 40))
    const ends = await Promise.all(writers.map(({ ended }) => ended))
    expect(ends.map(([code]) => code)).toEqual([0, 0, 0])
    const names = writers.flatMap(({ acknowledged }) => acknowledged())
    expect(names).toHaveLength(120)
    expectAllThere(names)
  }, 30_000)

  it('open a new file at the same moment', async () => {
    const argv = [childScript('open-together'), folder, '100']
    const { stdout } = await promisify(execFile)(process.execPath, argv)
    expect(stdout).toBe('0')
  }, 60_000)

  it('keep every acknowledged commit of one that is killed while it writes', async () => {
    const all: string[] = []
    for (const [round, wanted] of [3, 11, 30].entries()) {
      const writer = startWriter(`round ${round}`, 100_000)
      while (writer.acknowledged().length < wanted) await once(writer.child.stdout!, 'data')
      writer.child.kill('SIGKILL')
      await writer.ended
      expect(writer.child.signalCode).toBe('SIGKILL')
      all.push(...writer.acknowledged())
      expectAllThere(all)
    }
  }, 30_000)

  it('report a lock that is held too long as busy, not as damage', () => {
    const holder = openCatalogue(path)
    const waiter = openCatalogue(path, { busyTimeoutMs: 50 })
    holder.transaction(() => {
      const write = (): void => waiter.writeMeta('a', 'b')
      expect(write).toThrow(CatalogueError)
      expect(write).toThrow(expect.objectContaining({ fault: 'busy', isRebuildable: false }))
    })
    waiter.writeMeta('a', 'b')
    expect(holder.readMeta('a')).toBe('b')
    waiter.close()
    holder.close()
  })

  it('name the process that holds it, and say that it is stopped', async () => {
    openCatalogue(path).close()
    const program = `const sqlite = new (require('better-sqlite3'))(process.argv[1])
      sqlite.exec('BEGIN IMMEDIATE')
      process.stdout.write('holds')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-e', program, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    await once(child.stdout, 'data')
    expect(findLockHolder(path)).toEqual({ pid: child.pid, isStopped: false })
    child.kill('SIGSTOP')
    while (findLockHolder(path)?.isStopped === false) await sleep(5)
    const waiter = openCatalogue(path, { busyTimeoutMs: 50 })
    expect(() => waiter.writeMeta('a', 'b')).toThrow(
      expect.objectContaining({
        code: 'CATALOGUE_BUSY',
        message: `Cannot write a fact in the catalogue "${path}": database is locked by process ${child.pid}, which is stopped`,
        remedy: expect.stringContaining(`kill -CONT ${child.pid}`),
        facts: expect.objectContaining({ fault: 'busy', pid: child.pid, isStopped: true }),
      }),
    )
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(findLockHolder(path)).toBeUndefined()
    waiter.writeMeta('a', 'b')
    waiter.close()
  })

  it('read one state while another writes', () => {
    const writer = openCatalogue(path)
    const reader = openCatalogue(path)
    writer.transaction(() => {
      writer.clear()
      writer.indexObjects.add(objectIdOf('i'), [dataPack('a', 10)])
      expect(reader.blobs.count()).toBe(0)
    })
    expect(reader.blobs.count()).toBe(10)
    reader.close()
    writer.close()
  })

  it('read what was there before while another builds it anew, and after one that failed', async () => {
    const writer = openCatalogue(path)
    writer.indexObjects.add(objectIdOf('i'), [dataPack('a', 10)])
    const reader = openCatalogue(path)
    await writer.rebuild(async () => {
      expect(writer.blobs.count()).toBe(0)
      await sleep(1)
      writer.indexObjects.add(objectIdOf('j'), [dataPack('b', 20)])
      expect(reader.blobs.count()).toBe(10)
    })
    expect(reader.blobs.count()).toBe(20)
    const failing = writer.rebuild(async () => {
      throw new Error('on the way')
    })
    await expect(failing).rejects.toThrow('on the way')
    expect([writer.blobs.count(), reader.blobs.count()]).toEqual([20, 20])
    reader.close()
    writer.close()
  })

  it('do not wait for a reader when they close', () => {
    const writer = openCatalogue(path)
    writer.indexObjects.add(objectIdOf('i'), [dataPack('a', 10)])
    const reader = new Database(path, { readonly: true })
    const rows = reader.prepare('SELECT * FROM blob').iterate()
    rows.next()
    const startedAtMs = performance.now()
    writer.close()
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
    rows.return?.()
    reader.close()
    const catalogue = openCatalogue(path)
    expect(catalogue.blobs.count()).toBe(10)
    catalogue.close()
  })
})

describe('BlobLookup', () => {
  it('sees what was committed before each question, over its own connection', () => {
    const catalogue = openCatalogue(path)
    const lookup = new BlobLookup(path)
    expect(lookup.hasBlob(idOf('a 0'))).toBe(false)
    catalogue.indexObjects.add(objectIdOf('i'), [dataPack('a', 10)])
    expect(lookup.hasBlob(idOf('a 0'))).toBe(true)
    expect(lookup.hasBlob(new Uint8Array(idOf('a 9')))).toBe(true)
    expect(['a 3', 'none', 'a 10'].map((seed) => lookup.hasBlob(idOf(seed)))).toEqual([
      true,
      false,
      false,
    ])
    lookup.close()
    catalogue.close()
    lookup.close()
  })

  it('refuses to make a catalogue', () => {
    expect(() => new BlobLookup(path)).toThrow(expect.objectContaining({ fault: 'missing' }))
  })

  it('works when the catalogue was closed before', () => {
    const catalogue = openCatalogue(path)
    catalogue.indexObjects.add(objectIdOf('i'), [dataPack('a', 10)])
    catalogue.close()
    const lookup = new BlobLookup(path)
    expect(lookup.hasBlob(idOf('a 0'))).toBe(true)
    lookup.close()
  })
})
