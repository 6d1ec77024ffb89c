import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import type * as LocalStorageModule from '../../src/storage/local/local-storage.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { cutTo, flipBit, sizeOf } from '../support/damage.ts'
import { seededRandom } from '../support/faulty-storage.ts'
import { directory, file, makeTree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  cloneRepository,
  namesIn,
  newRepository,
  objectContents,
  objectPaths,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const { LocalStorage } = await engineModule<typeof LocalStorageModule>(
  'storage/local/local-storage',
)

interface Sample {
  readonly repository: TestRepository
  readonly snapshots: readonly Snapshot[]
  readonly blobs: readonly Blob[]
}

interface Blob {
  readonly id: Buffer
  readonly kind: 0 | 1
  readonly length: number
}

/** Snapshots of different folders, each with packs of several segments. */
async function sample(count: number, isEncrypted = false): Promise<Sample> {
  const repository = await newRepository({ isEncrypted })
  const handle = await repository.open()
  const snapshots: Snapshot[] = []
  for (let number = 0; number < count; number++) {
    const source = scratchFolder(fastFolder)
    makeTree(source, {
      random: file(randomBytesOf(`random ${number}`, 1_200_000)),
      more: file(randomBytesOf(`more ${number}`, 1_100_000)),
      folder: directory({ text: file(logLines(`text ${number}`, 300)), small: file(`s${number}`) }),
    })
    snapshots.push((await save(handle, source)).snapshot)
  }
  const blobs = blobsOf(handle)
  await handle.close()
  return { repository, snapshots, blobs }
}

function blobsOf(handle: Repository): Blob[] {
  const { blobs } = handle.catalogue
  return blobs.packs().flatMap(({ row }) => {
    const segments = blobs.segments(row)
    return blobs.blobsOf(row).map(({ id, segment, length }): Blob => {
      return { id, kind: segments[segment].kind === 0 ? 0 : 1, length }
    })
  })
}

/** Which of the blobs a reader gets and finds right. */
async function readable(handle: Repository, blobs: readonly Blob[]): Promise<Set<string>> {
  await handle.forgetTrees()
  const whole = new Set<string>()
  for (const { id, kind, length } of blobs) {
    try {
      handle.trees.read(kind, id, length)
      whole.add(id.toString('hex'))
    } catch (error) {
      if (!(error instanceof engine.RepositoryError)) throw error
    }
  }
  return whole
}

/** Not in the middle of a header or trailer. */
function flipInSegment(handle: Repository, location: string, pack: string, segment: number): void {
  const row = handle.catalogue.blobs.packs().find(({ id }) => id === pack)?.row ?? 0
  const { offset } = handle.catalogue.blobs.segments(row)[segment]
  flipBit(join(location, 'packs', pack), (offset + 5) * 8)
}

function flipInTrailer(location: string, pack: string): void {
  const path = join(location, 'packs', pack)
  flipBit(path, (sizeOf(location, `packs/${pack}`) - 40) * 8)
}

function largestPack({ location }: TestRepository): string {
  const [largest] = namesIn(location, 'packs').sort(
    (left, right) => sizeOf(location, `packs/${right}`) - sizeOf(location, `packs/${left}`),
  )
  return largest
}

async function damagedIds(handle: Repository): Promise<string[]> {
  const { damagedObjects } = await engine.check(handle, { readData: { kind: 'all' } })
  return damagedObjects.map(({ objectId }) => objectId ?? '').sort()
}

describe.each([false, true])('repair packs (encrypted: %s)', (isEncrypted) => {
  it('says what it would do and changes nothing, unless it is to be applied', async () => {
    const { repository } = await sample(2, isEncrypted)
    const handle = await repository.open()
    const pack = largestPack(repository)
    flipInSegment(handle, repository.location, pack, 0)
    await engine.check(handle, { readData: { kind: 'all' } })
    const before = objectContents(repository.location)
    const result = await engine.repairPacks(handle)
    expect(result).toMatchObject({ isApplied: false, packsRead: 1 })
    expect(result.packs).toMatchObject([
      { packId: pack, state: 'damaged', segments: [0], cure: 'copy' },
    ])
    expect(result.packs[0].blobsSaved).toBeGreaterThan(0)
    expect(result.packs[0].blobsLost).toBeGreaterThan(0)
    expect(objectContents(repository.location)).toEqual(before)
  })

  it('copies what verifies before anything stops being named, and leaves the damaged pack to a prune', async () => {
    const { repository, blobs } = await sample(2, isEncrypted)
    const handle = await repository.open()
    const pack = largestPack(repository)
    flipInSegment(handle, repository.location, pack, 1)
    const before = await readable(handle, blobs)
    expect(before.size).toBeLessThan(blobs.length)
    const result = await engine.repairPacks(handle, { apply: true, readData: true })
    expect(result.packs).toMatchObject([{ packId: pack, cure: 'copy', segments: [1] }])
    expect(result.blobsLost).toBe(blobs.length - before.size)
    expect(await readable(handle, blobs)).toEqual(before)
    expect(namesIn(repository.location, 'packs')).toContain(pack)
    expect(handle.catalogue.blobs.packs().map(({ id }) => String(id))).not.toContain(pack)
    // The packs are sound now; what is lost is told of as files.
    const checked = await engine.check(handle, { readData: { kind: 'all' } })
    expect(checked.damagedObjects).toEqual([])
    expect(checked.damagedSnapshots).toHaveLength(1)
    expect(checked.lostFiles.length).toBeGreaterThan(0)
    expect((await engine.repairPacks(handle, { apply: true, readData: true })).packs).toEqual([])
  })

  it('loses nothing with a trailer, header or footer', async () => {
    const { repository, blobs } = await sample(1, isEncrypted)
    const pack = largestPack(repository)
    for (const place of ['header', 'trailer', 'footer', 'longer']) {
      const clone = cloneRepository(repository, scratchFolder(fastFolder))
      const path = join(clone.location, 'packs', pack)
      if (place === 'trailer') flipInTrailer(clone.location, pack)
      if (place === 'header') flipBit(path, 35 * 8)
      if (place === 'footer') flipBit(path, sizeOf(clone.location, `packs/${pack}`) * 8 - 1)
      if (place === 'longer')
        writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]))
      const handle = await clone.open()
      const result = await engine.repairPacks(handle, { apply: true, readData: true })
      expect(result.packs, place).toMatchObject([
        { packId: pack, state: 'damaged', segments: [], cure: 'copy', blobsLost: 0 },
      ])
      expect((await readable(handle, blobs)).size).toBe(blobs.length)
      expect(await damagedIds(handle)).toEqual([])
      const pruned = await engine.prune(handle, {})
      expect(pruned.packsDeleted).toBe(1)
      expect(namesIn(clone.location, 'packs')).not.toContain(pack)
      expect((await readable(handle, blobs)).size).toBe(blobs.length)
      await handle.close()
    }
  })

  it.each(['with the catalogue', 'without it'])(
    'names the packs of damaged and lost index objects anew, %s',
    async (state) => {
      const { repository, blobs } = await sample(3, isEncrypted)
      const [first, second] = namesIn(repository.location, 'index')
      flipBit(join(repository.location, 'index', first), 800)
      rmSync(join(repository.location, 'index', second))
      const handle = await repository.open()
      if (state === 'without it') await engine.repairCatalogue(handle)
      const result = await engine.repairPacks(handle, { apply: true })
      expect(result.indexObjects.map(({ name }) => name)).toEqual([`index/${first}`])
      expect(result.packsNamed.length).toBeGreaterThan(0)
      expect(result.packs).toEqual([])
      expect(await damagedIds(handle)).toEqual([])
      expect((await readable(handle, blobs)).size).toBe(blobs.length)
      await engine.repairCatalogue(handle)
      expect((await readable(handle, blobs)).size).toBe(blobs.length)
      expect((await engine.check(handle)).damagedSnapshots).toEqual([])
    },
  )

  it('reads a pack by the catalogue when both its trailer and its index object are lost', async () => {
    const { repository, blobs } = await sample(1, isEncrypted)
    const handle = await repository.open()
    for (const name of namesIn(repository.location, 'packs'))
      flipInTrailer(repository.location, name)
    const [index] = namesIn(repository.location, 'index')
    flipBit(join(repository.location, 'index', index), 800)
    const result = await engine.repairPacks(handle, { apply: true })
    expect(result.blobsLost).toBe(0)
    expect(await damagedIds(handle)).toEqual([])
    await engine.repairCatalogue(handle)
    expect((await readable(handle, blobs)).size).toBe(blobs.length)
  })

  it('brings lost and damaged packs back bit for bit where there is parity', async () => {
    const { repository, blobs } = await sample(4, isEncrypted)
    const handle = await repository.open()
    await engine.setParity(handle, { dataPacks: 4, parityPacks: 2 })
    const [first, second] = namesIn(repository.location, 'packs')
    const bytes = [first, second].map((name) =>
      readFileSync(join(repository.location, 'packs', name)),
    )
    rmSync(join(repository.location, 'packs', first))
    flipInSegment(handle, repository.location, second, 0)
    const preview = await engine.repairPacks(handle, { readData: true })
    expect(preview.packs.map(({ cure }) => cure)).toEqual(['parity', 'parity'])
    const result = await engine.repairPacks(handle, { apply: true, readData: true })
    expect(result.packs.map(({ cure }) => cure)).toEqual(['parity', 'parity'])
    expect(result.blobsLost).toBe(0)
    for (const [index, name] of [first, second].entries()) {
      expect(readFileSync(join(repository.location, 'packs', name)).equals(bytes[index])).toBe(true)
    }
    expect((await readable(handle, blobs)).size).toBe(blobs.length)
    expect(await damagedIds(handle)).toEqual([])
  })
})

const isLong = process.env['HOLDFAST_LONG'] === '1'
const patterns = isLong ? 10_000 : 6
/** Every so many calls of the storage the repair is cut off. */
const callsPerCut = isLong ? 1 : 4

describe('repair packs', () => {
  it(`keeps every blob that verifies, over ${patterns} patterns of damage`, async () => {
    const { repository, blobs } = await sample(3)
    const firstSeed = Date.now() % 1_000_000
    for (let seed = firstSeed; seed < firstSeed + patterns; seed++) {
      const random = seededRandom(seed)
      const clone = cloneRepository(repository, scratchFolder(fastFolder))
      for (const name of objectPaths(clone.location)) {
        if (!/^(?:packs|index)\//.test(name) || random() < 0.4) continue
        spoil(clone.location, name, random)
      }
      const handle = await clone.open()
      if (random() < 0.3) await engine.repairCatalogue(handle)
      const before = await readable(handle, blobs)
      const packs = namesIn(clone.location, 'packs')
      await engine.repairPacks(handle, { apply: true, readData: true })
      const after = await readable(handle, blobs)
      for (const id of before) expect(after.has(id), `seed ${seed}: blob ${id}`).toBe(true)
      // No object is left that a check calls damaged, and nothing is left to do.
      expect(await damagedIds(handle), `seed ${seed}`).toEqual([])
      const again = await engine.repairPacks(handle, { apply: true, readData: true })
      expect(again.packs, `seed ${seed}`).toEqual([])
      expect(again.packsNamed).toEqual([])
      // No pack went, damaged or not: that is for a prune.
      const left = namesIn(clone.location, 'packs')
      expect(packs.filter((name) => !left.includes(name))).toEqual([])
      await handle.close()
      rmSync(clone.location, { recursive: true })
    }
  })

  it('that is cut off at any call of the storage loses nothing and is done by running it again', async () => {
    const { repository, blobs } = await sample(2)
    const source = await repository.open()
    const pack = largestPack(repository)
    flipInSegment(source, repository.location, pack, 0)
    const [index] = namesIn(repository.location, 'index')
    flipBit(join(repository.location, 'index', index), 800)
    await source.close()
    const whole = await (async () => {
      const handle = await repository.open()
      const found = await readable(handle, blobs)
      await handle.close()
      return found
    })()
    let isDone = false
    let calls = 0
    for (let nth = 1; !isDone; nth += callsPerCut) {
      const clone = cloneRepository(repository, scratchFolder(fastFolder))
      const handle = await clone.open()
      isDone = await cutOffAt(nth, () =>
        engine.repairPacks(handle, { apply: true, readData: true }),
      )
      await handle.close().catch(() => undefined)
      // A process that died leaves its lock; that of this living one has to go by hand.
      for (const name of namesIn(clone.location, 'locks'))
        rmSync(join(clone.location, 'locks', name))
      const next = await clone.open()
      const found = await readable(next, blobs)
      for (const id of whole) expect(found.has(id), `call ${nth}`).toBe(true)
      await engine.repairPacks(next, { apply: true, readData: true })
      expect(await damagedIds(next), `call ${nth}`).toEqual([])
      expect((await readable(next, blobs)).size).toBe(whole.size)
      await next.close()
      calls = nth
    }
    expect(calls).toBeGreaterThan(8)
  })

  it('names packs by unique beginnings only, and does not touch those that the storage fails to give', async () => {
    const { repository } = await sample(1)
    const handle = await repository.open()
    await expect(engine.repairPacks(handle, { packs: ['zz'] })).rejects.toThrow('0 packs')
    const [pack] = namesIn(repository.location, 'packs')
    const result = await engine.repairPacks(handle, { packs: [`packs/${pack.slice(0, 12)}`] })
    expect(result).toMatchObject({ packsRead: 1, packs: [], packsWhole: [pack] })
  })

  it('takes a pack that was brought back for whole, and says so on record', async () => {
    const { repository } = await sample(1)
    const handle = await repository.open()
    const pack = largestPack(repository)
    const path = join(repository.location, 'packs', pack)
    const copy = join(scratchFolder(), 'copy')
    copyFileSync(path, copy)
    rmSync(path)
    await engine.check(handle)
    expect(handle.catalogue.journal.list({ kind: 'damage' })).toHaveLength(1)
    copyFileSync(copy, path)
    const result = await engine.repairPacks(handle, { apply: true })
    expect(result).toMatchObject({ packs: [], packsWhole: [pack] })
    expect(handle.catalogue.journal.list({ kind: 'recovery' })).toHaveLength(1)
  })
})

function spoil(location: string, name: string, random: () => number): void {
  const path = join(location, name)
  const bytes = sizeOf(location, name)
  const way = random()
  if (way < 0.5) {
    const flips = 1 + Math.floor(random() * 3)
    for (let flip = 0; flip < flips; flip++) flipBit(path, Math.floor(random() * bytes * 8))
  } else if (way < 0.65) flipBit(path, bytes * 8 - 1 - Math.floor(random() * 600))
  else if (way < 0.8) cutTo(path, Math.floor(random() * bytes))
  else rmSync(path)
}

const changing = ['put', 'replace', 'delete', 'publish', 'sync', 'createTemporarySync'] as const

/** Lets nothing more through from the n-th change on, as if the process had died there. @returns whether it came to its end */
async function cutOffAt(nth: number, work: () => Promise<unknown>): Promise<boolean> {
  const prototype = LocalStorage.prototype as unknown as Record<
    string,
    (...given: unknown[]) => unknown
  >
  const originals = new Map(changing.map((name) => [name, prototype[name]]))
  let count = 0
  for (const [name, original] of originals) {
    prototype[name] = function (this: unknown, ...given: unknown[]) {
      count += 1
      if (count >= nth) throw new engine.RepositoryError('STORAGE_FAILED', 'cut off')
      return original.apply(this, given)
    }
  }
  const restore = (): void => {
    for (const [name, original] of originals) prototype[name] = original
  }
  onTestFinished(restore)
  try {
    await work()
    return true
  } catch (error) {
    if (!(error instanceof engine.RepositoryError)) throw error
    return false
  } finally {
    restore()
  }
}
