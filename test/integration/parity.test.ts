import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import type { PackId } from '../../src/model/ids.ts'
import { engine } from '../support/built-engine.ts'
import { reconstructed } from '../support/parity-groups.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  findings,
  namesIn,
  newRepository,
  restoreDifferences,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const setting = { dataPacks: 4, parityPacks: 2 }

function packIds(location: string): PackId[] {
  return namesIn(location, 'packs') as PackId[]
}

/** Each night a snapshot of a folder that has grown. */
async function repositoryOf(
  nights: number,
  options: { readonly isEncrypted?: boolean } = {},
): Promise<{ place: TestRepository; repository: Repository; source: string }> {
  const place = await newRepository(options)
  const repository = await place.open()
  await engine.setParity(repository, setting)
  const source = scratchFolder(fastFolder)
  for (let night = 0; night < nights; night++) await backUp(repository, source, night)
  return { place, repository, source }
}

async function backUp(repository: Repository, source: string, night: number): Promise<void> {
  mkdirSync(join(source, `night ${night}`))
  writeFileSync(join(source, `night ${night}`, 'index'), randomBytesOf(night, 300_000 + night))
  writeFileSync(join(source, `night ${night}`, 'log'), logLines(night, 100_000))
  await save(repository, source)
}

/** Puts reconstructed packs back, as a repair does. */
async function bringBack(repository: Repository, ids: readonly PackId[]): Promise<void> {
  for (const [id, bytes] of await reconstructed(repository, ids)) {
    if (bytes === null) throw new Error(`${id} does not come back`)
    await repository.storage.replace(`packs/${id}`, bytes)
  }
}

describe('a repository with parity', () => {
  it.each([false, true])(
    'has every pack protected after each backup (encrypted: %s), and two lost ones come back',
    async (isEncrypted) => {
      const { place, repository, source } = await repositoryOf(6, { isEncrypted })
      const status = await engine.parityStatus(repository)
      expect(status).toMatchObject({ setting, degradedGroups: 0, unusableObjects: [] })
      expect(status.packs).toBeGreaterThanOrEqual(6)
      expect(status.protectedPacks).toBe(status.packs)
      const largest = packIds(place.location).sort(
        (left, right) => sizeOf(place, right) - sizeOf(place, left),
      )
      const [lost, damaged] = largest
      rmSync(join(place.location, 'packs', lost))
      damage(place, `packs/${damaged}`, [10, 70_000, 200_000])
      const reopened = await place.open()
      expect(await findings(reopened)).not.toEqual([])
      await bringBack(reopened, [lost, damaged])
      const healed = await place.open()
      expect(await findings(healed)).toEqual([])
      const newest = engine.resolveSnapshot(healed, 'latest')
      expect(await restoreDifferences(healed, newest, source)).toEqual([])
    },
  )

  it('writes little for a new pack: the open group of its size, and no other', async () => {
    const { place, repository, source } = await repositoryOf(5)
    const before = new Set(namesIn(place.location, 'parity'))
    await backUp(repository, source, 5)
    const written = namesIn(place.location, 'parity').filter((name) => !before.has(name))
    // One group of the size of the data pack and one of that of the tree pack, two objects each.
    expect(written.length).toBeLessThanOrEqual(2 * setting.parityPacks)
    const bytes = written.reduce(
      (sum, name) => sum + statSync(join(place.location, 'parity', name)).size,
      0,
    )
    expect(bytes).toBeLessThan(2 * setting.parityPacks * 600_000)
    const groups = repository.catalogue.parity.groups()
    const sizes = groups.map(({ packs }) => packs.filter((pack) => pack !== null).length)
    // No more than one group of each size has vacant places.
    expect(sizes.filter((size) => size < setting.dataPacks).length).toBeLessThanOrEqual(2)
  })

  it('makes lost, damaged and truncated parity objects again, the same bytes, and touches no pack', async () => {
    const { place, repository } = await repositoryOf(3)
    const contents = new Map(objectsOf(place))
    const firsts = repository.catalogue.parity.groups().map(({ objects }) => objects[0] ?? '')
    for (const fault of faults) {
      for (const id of firsts) fault(place, `parity/${id}`)
      const other = await place.open()
      const result = await engine.updateParity(other, { readData: true })
      expect(result.damagedPacks).toEqual([])
      expect(result.groupsWritten).toBe(firsts.length)
      expect(objectsOf(place)).toEqual([...contents])
      await other.close()
    }
  })

  it('makes new parity when all of it is lost or damaged', async () => {
    const { place } = await repositoryOf(2)
    for (const fault of faults) {
      for (const name of namesIn(place.location, 'parity')) fault(place, `parity/${name}`)
      const other = await place.open()
      await engine.updateParity(other, { readData: true })
      const status = await engine.parityStatus(other)
      expect(status).toMatchObject({ protectedPacks: status.packs, unusableObjects: [] })
      await other.close()
      const ids = packIds(place.location).slice(-2)
      for (const id of ids) rmSync(join(place.location, 'packs', id))
      await bringBack(await place.open(), ids)
    }
    expect(await findings(await place.open())).toEqual([])
  })

  it('goes on with a pack that is damaged: the others are protected, its own parity stays', async () => {
    const { place, repository, source } = await repositoryOf(2)
    const [id] = packIds(place.location).sort(
      (left, right) => sizeOf(place, right) - sizeOf(place, left),
    )
    const good = readObject(place, `packs/${id}`)
    damage(place, `packs/${id}`, [1000])
    await backUp(repository, source, 2)
    expect((await engine.parityStatus(repository)).degradedGroups).toBe(0)
    expect((await reconstructed(repository, [id])).get(id)?.equals(good)).toBe(true)
    // Nor does another setting take it away, under which the damaged pack cannot be protected.
    const result = await engine.setParity(repository, { dataPacks: 3, parityPacks: 1 })
    expect(result.damagedPacks).toEqual([id])
    expect((await reconstructed(repository, [id])).get(id)?.equals(good)).toBe(true)
    await bringBack(repository, [id])
    expect((await engine.updateParity(repository)).damagedPacks).toEqual([])
    const widths = repository.catalogue.parity.groups().map(({ packs }) => packs.length)
    expect(new Set(widths)).toEqual(new Set([3]))
  })

  it('is the same in a catalogue that is built anew', async () => {
    const { place, repository } = await repositoryOf(3)
    const before = repository.catalogue.parity.groups()
    await engine.repairCatalogue(repository)
    expect(repository.catalogue.parity.groups()).toEqual(before)
    expect(await engine.parityStatus(await place.open())).toMatchObject({ setting })
  })

  it('has none after it is switched off, and all of it after it is switched on', async () => {
    const { place, repository } = await repositoryOf(2)
    await engine.setParity(repository, null)
    expect(namesIn(place.location, 'parity')).toEqual([])
    expect((await engine.parityStatus(repository)).setting).toBeNull()
    const other = await place.open()
    await engine.setParity(other, { dataPacks: 10, parityPacks: 3 })
    const status = await engine.parityStatus(other)
    expect(status.protectedPacks).toBe(status.packs)
  })

  it('can be made with parity from the beginning, encrypted or not', async () => {
    const location = join(scratchFolder(fastFolder), 'made')
    await engine.initRepository({ location, parity: setting })
    const repository = await engine.openRepository({ location })
    expect((await engine.parityStatus(repository)).setting).toEqual(setting)
    await repository.close()
  })

  it('reports objects of another repository, uses none of them, and is not kept from its work', async () => {
    const { place, repository, source } = await repositoryOf(2)
    const other = await repositoryOf(2)
    for (const name of namesIn(other.place.location, 'parity')) {
      writeFileSync(join(place.location, 'parity', name), readObject(other.place, `parity/${name}`))
    }
    const reopened = await place.open()
    expect(reopened.unusable.map(({ name }) => name.split('/')[0])).toContain('parity')
    await backUp(reopened, source, 2)
    const status = await engine.parityStatus(reopened)
    expect(status.protectedPacks).toBe(status.packs)
    expect(status.unusableObjects.length).toBeGreaterThan(0)
    expect(await findings(repository)).toEqual([])
    const ids = packIds(place.location).slice(0, 2)
    for (const id of ids) rmSync(join(place.location, 'packs', id))
    await bringBack(await place.open(), ids)
    expect(await findings(await place.open())).toEqual([])
  })
})

const faults: readonly ((place: TestRepository, name: string) => void)[] = [
  ({ location }, name) => rmSync(join(location, name)),
  (place, name) => damage(place, name, [100]),
  (place, name) => damage(place, name, [sizeOfObject(place, name) >> 1]),
  (place, name) => damage(place, name, [9, sizeOfObject(place, name) - 100]),
  ({ location }, name) => writeFileSync(join(location, name), 'HOLDFAST'),
  ({ location }, name) => writeFileSync(join(location, name), ''),
]

/** Names and hashes of all packs and parity objects. */
function objectsOf(place: TestRepository): [string, string][] {
  return ['packs', 'parity'].flatMap((folder) =>
    namesIn(place.location, folder).map((name): [string, string] => {
      const bytes = readObject(place, `${folder}/${name}`)
      return [`${folder}/${name}`, createHash('sha256').update(bytes).digest('hex')]
    }),
  )
}

function sizeOfObject({ location }: TestRepository, name: string): number {
  return statSync(join(location, name)).size
}

function sizeOf(place: TestRepository, id: PackId): number {
  return sizeOfObject(place, `packs/${id}`)
}

function readObject({ location }: TestRepository, name: string): Buffer {
  return readFileSync(join(location, name))
}

function damage({ location }: TestRepository, name: string, offsets: readonly number[]): void {
  const path = join(location, name)
  const bytes = readFileSync(path)
  for (const offset of offsets) if (offset < bytes.length) bytes[offset] ^= 0x40
  writeFileSync(path, bytes)
}

describe('a prune of a repository with parity', () => {
  /** What stays is protected at every moment: before a pack goes, as much as before. */
  async function pruneAfter(nights: number): Promise<{
    place: TestRepository
    repository: Repository
    source: string
  }> {
    const made = await repositoryOf(nights)
    for (const name of readdirSync(made.source).slice(0, nights - 2)) {
      rmSync(join(made.source, name), { recursive: true })
    }
    await save(made.repository, made.source)
    const older = engine.listSnapshots(made.repository).slice(0, -1)
    await engine.forgetSnapshots(made.repository, older)
    return made
  }

  it('leaves every pack that stays protected, and no parity of those that went', async () => {
    const { place, repository, source } = await pruneAfter(7)
    const before = packIds(place.location).length
    const result = await engine.prune(repository, { graceMs: 0 })
    expect(result.packsDeleted).toBeGreaterThan(0)
    const status = await engine.parityStatus(repository)
    expect(status.packs).toBeLessThan(before)
    expect(status).toMatchObject({ protectedPacks: status.packs, degradedGroups: 0 })
    const left = new Set(packIds(place.location))
    const members = repository.catalogue.parity
      .groups()
      .flatMap(({ packs }) => packs.flatMap((pack) => (pack ? [pack.id] : [])))
    expect(members.filter((id) => !left.has(id))).toEqual([])
    for (const pair of [[...left].slice(0, 2), [...left].slice(-2)]) {
      for (const id of pair) rmSync(join(place.location, 'packs', id), { force: true })
      await bringBack(await place.open(), pair)
    }
    expect(await findings(await place.open())).toEqual([])
    const newest = engine.resolveSnapshot(repository, 'latest')
    expect(await restoreDifferences(repository, newest, source)).toEqual([])
  })

  it('protects the survivors before it deletes the first pack', async () => {
    const { repository } = await pruneAfter(7)
    const before = repository.catalogue.blobs.packs().map(({ id }) => id)
    let groups: ReturnType<typeof repository.catalogue.parity.groups> | undefined
    const deleteObject = repository.storage.delete.bind(repository.storage)
    repository.storage.delete = async (name) => {
      if (name.startsWith('packs/')) groups ??= repository.catalogue.parity.groups()
      await deleteObject(name)
    }
    await engine.prune(repository, { graceMs: 0 })
    const after = new Set(repository.catalogue.blobs.packs().map(({ id }) => id))
    const whole = groups?.filter(
      ({ objects, packs }) =>
        objects.every((id) => id !== null) &&
        packs.every((pack) => pack === null || after.has(pack.id)),
    )
    const safe = new Set(whole?.flatMap(({ packs }) => packs.map((pack) => pack?.id)))
    const staying = before.filter((id) => after.has(id))
    expect(staying.length).toBeGreaterThan(1)
    expect(staying.filter((id) => !safe.has(id))).toEqual([])
  })
})

describe('a check of a repository with parity', () => {
  it('finds nothing wrong with what is right, and names damaged parity, which loses nothing', async () => {
    const { place, repository } = await repositoryOf(2)
    expect(await engine.check(repository, { readData: { kind: 'all' } })).toMatchObject({
      damagedObjects: [],
      notices: [],
    })
    const [first, second] = namesIn(place.location, 'parity')
    damage(place, `parity/${first}`, [sizeOfObject(place, `parity/${first}`) >> 1])
    // Both copies of the head.
    damage(place, `parity/${second}`, [100, sizeOfObject(place, `parity/${second}`) - 17])
    const quick = await engine.check(await place.open())
    expect(quick.damagedObjects.map(({ objectId }) => objectId)).toEqual([`parity/${second}`])
    const other = await place.open()
    const result = await engine.check(other, { readData: { kind: 'all' } })
    expect(result.damagedObjects.map(({ objectId }) => objectId)).toEqual([
      `parity/${first}`,
      `parity/${second}`,
    ])
    expect(result).toMatchObject({ lostFiles: [], damagedSnapshots: [] })
    await engine.updateParity(other, { readData: true })
    expect(await engine.check(other, { readData: { kind: 'all' } })).toMatchObject({
      damagedObjects: [],
      notices: [],
    })
  })

  it('tells of packs and groups that are not protected', async () => {
    const { place, repository } = await repositoryOf(2)
    const [name] = namesIn(place.location, 'parity')
    rmSync(join(place.location, 'parity', name))
    const { notices, damagedObjects } = await engine.check(await place.open())
    expect(damagedObjects).toEqual([])
    expect(notices.join('\n')).toContain('parity groups that are not whole: 1;')
    for (const other of namesIn(place.location, 'parity')) {
      rmSync(join(place.location, 'parity', other))
    }
    const told = (await engine.check(await place.open())).notices.join('\n')
    const { packs } = await engine.parityStatus(repository)
    expect(told).toContain(`packs without parity: ${packs} of ${packs};`)
  })

  it('and a repair bring lost packs back by parity', async () => {
    const { place, source } = await repositoryOf(4)
    const ids = packIds(place.location).slice(1, 3)
    rmSync(join(place.location, 'packs', ids[0]))
    damage(place, `packs/${ids[1]}`, [200])
    const repository = await place.open()
    const repaired = await engine.repairPacks(repository, { readData: true, apply: true })
    expect(repaired.packs.map(({ cure, blobsLost }) => [cure, blobsLost])).toEqual([
      ['parity', 0],
      ['parity', 0],
    ])
    expect(await findings(await place.open())).toEqual([])
    const newest = engine.resolveSnapshot(repository, 'latest')
    expect(await restoreDifferences(repository, newest, source)).toEqual([])
  })
})
