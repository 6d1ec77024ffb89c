import fs, { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CheckResult, Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { cutTo, flipBit, sizeOf } from '../support/damage.ts'
import { seededRandom } from '../support/faulty-storage.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  cloneRepository,
  codeOf,
  namesIn,
  newRepository,
  objectContents,
  objectPaths,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

interface Sample {
  readonly repository: TestRepository
  readonly handle: Repository
  readonly snapshots: readonly Snapshot[]
}

/** Snapshots of different folders, each with packs of its own. */
async function sample(count: number, isEncrypted = false, folder?: string): Promise<Sample> {
  const repository = await newRepository({ isEncrypted, ...(folder && { folder }) })
  const handle = await repository.open()
  const snapshots: Snapshot[] = []
  for (let number = 0; number < count; number++) {
    const source = scratchFolder(fastFolder)
    makeTree(source, {
      random: file(randomBytesOf(`random ${number}`, 40_000)),
      folder: directory({ text: file(logLines(`text ${number}`, 300)), small: file(`s${number}`) }),
    })
    snapshots.push((await save(handle, source)).snapshot)
  }
  return { repository, handle, snapshots }
}

function damagedIds({ damagedObjects }: CheckResult): string[] {
  return damagedObjects.map(({ objectId }) => objectId ?? '').sort()
}

/** Runs `work` while `readSync` on a file of that name gives what `change` makes of it. */
async function withReads<T>(
  path: string,
  change: (turn: number, bytes: Uint8Array) => void,
  work: () => Promise<T>,
): Promise<T> {
  const { openSync, readSync, closeSync } = fs
  const watched = new Set<number>()
  let turn = 0
  fs.openSync = (...given: Parameters<typeof openSync>) => {
    const descriptor = openSync(...given)
    if (String(given[0]).endsWith(path)) watched.add(descriptor)
    return descriptor
  }
  fs.closeSync = (descriptor: number) => {
    watched.delete(descriptor)
    closeSync(descriptor)
  }
  fs.readSync = ((descriptor: number, target: Uint8Array, ...given: [number, number, number]) => {
    const count = readSync(descriptor, target, ...given)
    if (watched.has(descriptor)) change(turn++, target)
    return count
  }) as typeof readSync
  syncBuiltinESMExports()
  const restore = (): void => {
    Object.assign(fs, { openSync, readSync, closeSync })
    syncBuiltinESMExports()
  }
  onTestFinished(restore)
  try {
    return await work()
  } finally {
    restore()
  }
}

describe.each([false, true])('check (encrypted: %s)', (isEncrypted) => {
  it('finds nothing in a sound repository, and says what was never read', async () => {
    const { handle, repository } = await sample(3, isEncrypted)
    const packs = namesIn(repository.location, 'packs').length
    const structure = await engine.check(handle)
    expect(structure).toMatchObject({
      snapshots: 3,
      packs,
      damagedObjects: [],
      lostFiles: [],
      damagedSnapshots: [],
      unread: [],
      notices: [],
      packsRead: 0,
      reading: { oldestReadAtMs: null, neverReadPacks: packs },
    })
    const before = Date.now()
    const all = await engine.check(handle, { readData: { kind: 'all' } })
    expect(all).toMatchObject({ damagedObjects: [], packsRead: packs })
    expect(all.bytesRead).toBe(all.packBytes)
    expect(all.reading.neverReadPacks).toBe(0)
    expect(all.reading.oldestReadAtMs).toBeGreaterThanOrEqual(before)
  })

  it('names any file that is deleted, or the files and snapshots that are lost by it', async () => {
    const { repository, handle, snapshots } = await sample(2, isEncrypted)
    await engine.verify(handle, {})
    await handle.close()
    const [first, second] = snapshots
    for (const name of objectPaths(repository.location)) {
      const clone = cloneRepository(repository, scratchFolder(fastFolder))
      rmSync(join(clone.location, name))
      if (name === 'config' || name.startsWith('keys/')) {
        expect(await codeOf(clone.open()), name).toMatch(/REPOSITORY_NOT_FOUND|OBJECT_DAMAGED/)
        continue
      }
      const opened = await clone.open()
      const result = await engine.check(opened)
      const found = damagedIds(result)
      const paths = result.lostFiles.map(
        ({ snapshotId, path }) => `${snapshotId?.slice(0, 8)} ${path?.toString()}`,
      )
      if (name.startsWith('packs/')) {
        expect(found).toEqual([name])
        expect(new Set(result.damagedSnapshots).size).toBe(1)
        expect(paths.length).toBeGreaterThan(0)
        const owner = result.damagedSnapshots[0] === first.id ? first : second
        expect(paths.every((path) => path.startsWith(owner.id.slice(0, 8)))).toBe(true)
      } else if (name.startsWith('index/')) {
        // Nothing refers to an index object by name; the packs that it alone named are what shows.
        expect(found.every((id) => id.startsWith('packs/'))).toBe(true)
        expect(found.length).toBeGreaterThan(0)
        expect(result.damagedSnapshots).toHaveLength(1)
      } else {
        expect(found, name).toEqual([])
        expect(result.lostFiles).toEqual([])
        expect(result.snapshots).toBe(name.startsWith('snapshots/') ? 1 : 2)
      }
      await opened.close()
    }
  })
})

const oneToTwenty = Array.from({ length: 20 }, (_, index) => index + 1)

describe('check', () => {
  it.each(process.env['HOLDFAST_LONG'] === '1' ? oneToTwenty : [1, 8, 20])(
    'reports exactly %d seeded faults, and no bad pack becomes a read one',
    async (faults) => {
      const { repository, handle } = await faultySample()
      const { location } = repository
      const random = seededRandom(faults * 7919)
      const objects = objectPaths(location).filter((name) => name !== 'config')
      const chosen = new Set<string>()
      while (chosen.size < faults) chosen.add(objects[Math.floor(random() * objects.length)])
      for (const name of chosen) {
        const path = join(location, name)
        const bytes = sizeOf(location, name)
        const way = name.startsWith('packs/') ? Math.floor(random() * 4) : Math.floor(random() * 2)
        if (way === 0) flipBit(path, Math.floor(random() * bytes * 8))
        else if (way === 1) cutTo(path, Math.floor(random() * bytes))
        else if (way === 2)
          writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]))
        else rmSync(path)
      }
      const result = await engine.check(handle, { readData: { kind: 'all' } })
      expect(damagedIds(result), `seed ${faults * 7919}`).toEqual([...chosen].sort())
      const badPacks = [...chosen].filter((name) => name.startsWith('packs/')).length
      expect(result.reading.neverReadPacks).toBe(badPacks)
      // The damage is on record now, and a second check says the same.
      const again = await engine.check(handle)
      expect(damagedIds(again)).toEqual([...chosen].sort())
      expect(again.lostFiles).toEqual(result.lostFiles)
      const records = namesIn(location, 'journal').length
      await engine.check(handle)
      expect(namesIn(location, 'journal')).toHaveLength(records)
    },
  )

  it('reads the packs first that were not read for longest, and each part of n always the same ones', async () => {
    const { handle } = await sample(6)
    const { packs, packBytes } = await engine.check(handle)
    let rounds = 0
    let left = packs
    while (left > 0) {
      const { reading, packsRead } = await engine.check(handle, {
        readData: { kind: 'percent', percent: 20 },
      })
      expect(reading.neverReadPacks).toBe(left - packsRead)
      left = reading.neverReadPacks
      rounds += 1
    }
    expect(rounds).toBeGreaterThan(2)
    expect(rounds).toBeLessThanOrEqual(5)
    const [oldest] = handle.catalogue.packReads
      .list()
      .toSorted((a, b) => (a.readAtMs ?? 0) - (b.readAtMs ?? 0))
    await engine.check(handle, { readData: { kind: 'bytes', bytes: 1 } })
    const after = handle.catalogue.packReads.list().find(({ id }) => id === oldest.id)
    expect(after?.readAtMs).toBeGreaterThan(oldest.readAtMs ?? 0)
    let sum = 0
    for (let part = 1; part <= 3; part++) {
      const { bytesRead } = await engine.check(handle, { readData: { kind: 'part', part, of: 3 } })
      sum += bytesRead
    }
    expect(sum).toBe(packBytes)
  })

  it('keeps the dates of the readings when the catalogue is built anew; verify reads too', async () => {
    const { handle, snapshots } = await sample(3)
    await engine.check(handle, { readData: { kind: 'part', part: 1, of: 2 } })
    await engine.verify(handle, { snapshots: [snapshots[1]] })
    const dates = handle.catalogue.packReads.list().map(({ id, readAtMs }) => `${id} ${readAtMs}`)
    expect(new Set(dates.map((line) => line.split(' ')[1])).size).toBeGreaterThan(1)
    const dump = [...handle.catalogue.dump()]
    await engine.repairCatalogue(handle)
    expect(
      handle.catalogue.packReads.list().map(({ id, readAtMs }) => `${id} ${readAtMs}`),
    ).toEqual(dates)
    expect([...handle.catalogue.dump()]).toEqual(dump)
  })

  it('reads again before it calls a pack damaged: what is right the second time is a notice', async () => {
    const { handle, repository } = await sample(1)
    const [pack] = namesIn(repository.location, 'packs')
    const before = objectContents(repository.location).size
    const result = await withReads(
      pack,
      (turn, bytes) => {
        if (turn === 3) bytes[0] ^= 1
      },
      () => engine.check(handle, { readData: { kind: 'all' } }),
    )
    expect(result.damagedObjects).toEqual([])
    expect(result.notices.join()).toContain(pack)
    expect(result.notices.join()).toContain('only once')
    expect(result.reading.neverReadPacks).toBe(0)
    // A record of the reading and none of damage.
    expect(objectContents(repository.location).size).toBe(before + 1)
  })

  it('never calls a pack damaged that the storage fails to give, and goes on with the others', async () => {
    const { handle, repository } = await sample(3)
    const packs = namesIn(repository.location, 'packs')
    const failing = packs[1]
    const result = await withReads(
      failing,
      () => {
        throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
      },
      () => engine.check(handle, { readData: { kind: 'all' } }),
    )
    expect(result.damagedObjects).toEqual([])
    expect(result.lostFiles).toEqual([])
    expect(result.unread.map(({ name }) => name)).toEqual([`packs/${failing}`])
    expect(result.packsRead).toBe(packs.length - 1)
    expect(handle.catalogue.journal.list({ kind: 'damage' })).toEqual([])
  })

  it('ends with an error when the storage as a whole has gone', async () => {
    const { handle, repository } = await sample(1)
    fs.renameSync(repository.location, `${repository.location}-gone`)
    expect(await codeOf(engine.check(handle))).toBe('STORAGE_FAILED')
  })

  it('takes packs without an index object for leftovers, unless snapshots need them', async () => {
    const { handle, repository } = await sample(2)
    const other = await sample(1)
    const [foreign] = namesIn(other.repository.location, 'packs')
    copyFileSync(
      join(other.repository.location, 'packs', foreign),
      join(repository.location, 'packs', foreign),
    )
    const result = await engine.check(handle)
    expect(result.damagedObjects).toEqual([])
    expect(result.notices.join()).toContain('1 packs are named by no index object')
  })

  it('finds a catalogue that says something else than the objects', async () => {
    const { handle, repository, snapshots } = await sample(2)
    const { default: Database } = await import('better-sqlite3')
    const spoil = (statement: string): void => {
      const database = new Database(join(repository.location, 'catalogue.db'))
      database.exec(statement)
      database.close()
    }
    for (const statement of [
      'UPDATE blob SET offset = offset + 1 WHERE id = (SELECT max(id) FROM blob)',
      'UPDATE segment SET payload_bytes = payload_bytes + 1 WHERE number = 0',
      'DELETE FROM blob WHERE id = (SELECT min(id) FROM blob)',
      `UPDATE snapshot SET manifest = replace(manifest, '"files":', '"files":1')`,
    ]) {
      spoil(statement)
      const result = await engine.check(handle)
      expect(damagedIds(result), statement).toContain('catalogue.db')
      await engine.repairCatalogue(handle)
      expect(damagedIds(await engine.check(handle)), statement).toEqual([])
    }
    expect(snapshots).toHaveLength(2)
  })
})

const sharedFolder = fs.mkdtempSync(join(fastFolder, 'holdfast-check-'))
afterAll(() => rmSync(sharedFolder, { recursive: true }))
let shared: Promise<TestRepository> | undefined

/** A clone of one repository for all faults: two keys, several index objects, journal records. */
async function faultySample(): Promise<{ repository: TestRepository; handle: Repository }> {
  shared ??= (async () => {
    const { repository, handle, snapshots } = await sample(8, true, sharedFolder)
    await engine.addKey(handle, { passphrase: 'second', label: 'x' })
    await engine.addKey(handle, { passphrase: 'third', label: 'y' })
    for (const snapshot of snapshots) await engine.restore(handle, restoreOf(snapshot))
    await handle.close()
    return repository
  })()
  const repository = cloneRepository(await shared, scratchFolder(fastFolder))
  return { repository, handle: await repository.open() }
}

function restoreOf(snapshot: Snapshot): { snapshot: Snapshot; target: Buffer } {
  return { snapshot, target: Buffer.from(join(scratchFolder(fastFolder), 'restored')) }
}
