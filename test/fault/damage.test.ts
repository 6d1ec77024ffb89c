import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository, Snapshot } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { withDamage } from '../support/damage.ts'
import { seededRandom } from '../support/faulty-storage.ts'
import { directory, file, makeTree, symlink } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  cloneRepository,
  codeOf,
  contentOf,
  describeDamage,
  letStampsAge,
  namesIn,
  newRepository,
  objectContents,
  objectPaths,
  pathsOf,
  restoreTo,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { scanTree } from '../support/scan-tree.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** What a repository holds, by snapshot and path. */
type Contents = Map<string, Map<string, string>>

interface Sample {
  readonly repository: TestRepository
  readonly source: string
  readonly snapshots: Snapshot[]
  readonly contents: Contents
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function regularFiles(handle: Repository, snapshot: Snapshot): Buffer[] {
  return [...engine.listTree(handle, snapshot, Buffer.from('/'), { recursive: true })]
    .filter(({ mode }) => (mode & 0o170000) === 0o100000)
    .map(({ path }) => path)
}

/** Two snapshots with files of one and of several chunks, in two packs. */
async function sample(isEncrypted: boolean): Promise<Sample> {
  const repository = await newRepository({ isEncrypted })
  const source = scratchFolder(fastFolder)
  makeTree(source, {
    text: file(logLines('text', 9000)),
    random: file(randomBytesOf('random', 70_000)),
    folder: directory({ inner: directory({ a: file('a'), link: symlink('a') }), b: file('b') }),
    empty: file(''),
  })
  await letStampsAge()
  const handle = await repository.open()
  const first = await save(handle, source)
  writeFileSync(join(source, 'folder/b'), logLines('changed', 3000))
  const second = await save(handle, source)
  const contents: Contents = new Map()
  for (const { snapshot } of [first, second]) {
    const files = new Map<string, string>()
    for (const path of regularFiles(handle, snapshot)) {
      files.set(path.toString(), digest(await contentOf(handle, snapshot, path)))
    }
    contents.set(snapshot.id, files)
  }
  await engine.verify(handle, {})
  await handle.close()
  return { repository, source, snapshots: [first.snapshot, second.snapshot], contents }
}

function forgetCatalogue({ location, cacheDirectory, isEncrypted }: TestRepository): void {
  if (isEncrypted) rmSync(cacheDirectory, { recursive: true, force: true })
  else
    for (const end of ['', '-wal', '-shm'])
      rmSync(join(location, `catalogue.db${end}`), { force: true })
}

const lossCodes = new Set(['OBJECT_DAMAGED', 'OBJECT_MISSING'])

interface Survey {
  /** What must never be: wrong bytes, errors without a type, unknown snapshots. */
  readonly faults: string[]
  readonly right: number
  readonly lost: number
}

/** Reads everything that an open repository has; briefly, what is the same in both snapshots only once. */
async function surveyHandle(
  handle: Repository,
  contents: Contents,
  isBrief = false,
): Promise<Survey> {
  const faults: string[] = []
  const seen = new Set<string>()
  let right = 0
  let lost = 0
  for (const { id } of engine.listSnapshots(handle)) {
    const expected = contents.get(id)
    if (!expected) {
      faults.push(`unknown snapshot ${id}`)
      continue
    }
    for (const [path, hash] of expected) {
      if (isBrief && seen.has(path + hash)) continue
      seen.add(path + hash)
      try {
        const snapshot = engine.resolveSnapshot(handle, id)
        if (digest(await contentOf(handle, snapshot, path)) === hash) right += 1
        else faults.push(`${path} has wrong bytes`)
      } catch (error) {
        if (error instanceof engine.HoldfastError && lossCodes.has(error.code)) lost += 1
        else faults.push(`${path}: ${String(error)}`)
      }
    }
  }
  return { faults, right, lost }
}

/** Opens the repository and reads everything; an opening that is refused has to say why. */
async function survey(repository: TestRepository, contents: Contents): Promise<Survey> {
  let handle: Repository
  try {
    handle = await repository.open()
  } catch (error) {
    const isTyped = error instanceof engine.HoldfastError && error.message !== ''
    return { faults: isTyped ? [] : [`not typed: ${String(error)}`], right: 0, lost: 1 }
  }
  try {
    return await surveyHandle(handle, contents)
  } finally {
    await handle.close()
  }
}

/** A full verification that leaves no record. */
async function verifyQuietly(handle: Repository, repository: TestRepository): Promise<string[]> {
  const before = new Set(namesIn(repository.location, 'journal'))
  const found = describeDamage(await engine.verify(handle, {}))
  for (const name of namesIn(repository.location, 'journal')) {
    if (!before.has(name)) rmSync(join(repository.location, 'journal', name))
  }
  return found
}

const forms = [{ isEncrypted: false }, { isEncrypted: true }]

describe.each(forms)('damage (encrypted: $isEncrypted)', ({ isEncrypted }) => {
  it('by any bit of a pack never gives wrong bytes, and a verification names the pack', async () => {
    const { repository, contents } = await sample(isEncrypted)
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const handle = await repository.open()
    let lostCount = 0
    for (const name of namesIn(repository.location, 'packs')) {
      const path = join(repository.location, 'packs', name)
      const bits = statSync(path).size * 8
      // Every bit of the ends, where the structure is, and a sample of what is between.
      const ends = Array.from({ length: 64 * 8 }, (_, bit) => bit).filter((bit) => bit % 6 === 0)
      const chosen = [
        ...ends,
        ...ends.map((bit) => bits - 1 - bit),
        ...Array.from({ length: 170 }, () => Math.floor(random() * bits)),
      ]
      for (const [turn, bit] of chosen.entries()) {
        await withDamage(
          path,
          (bytes) => {
            bytes[bit >> 3] ^= 1 << (bit & 7)
            return bytes
          },
          async () => {
            await handle.forgetTrees()
            const { faults, lost } = await surveyHandle(handle, contents, true)
            expect(faults, `seed ${seed}, ${name}, bit ${bit}`).toEqual([])
            lostCount += lost
            if (turn % 16 !== 0) return
            const found = await verifyQuietly(handle, repository)
            expect(found.join(), `bit ${bit} of ${name}`).toContain(`packs/${name}`)
          },
        )
      }
    }
    expect(lostCount).toBeGreaterThan(100)
    await handle.forgetTrees()
    expect((await surveyHandle(handle, contents)).lost).toBe(0)
  })

  it('by any bit of any other object, with nothing but the objects left, never gives wrong bytes', async () => {
    const { repository, contents } = await sample(isEncrypted)
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const names = objectPaths(repository.location)
    for (const name of names) {
      const path = join(repository.location, name)
      const bits = statSync(path).size * 8
      const count = name.startsWith('packs/') ? 15 : 40
      for (let turn = 0; turn < count; turn++) {
        const bit = turn < 10 ? turn * 29 : Math.floor(random() * bits)
        await withDamage(
          path,
          (bytes) => {
            bytes[bit >> 3] ^= 1 << (bit & 7)
            return bytes
          },
          async () => {
            forgetCatalogue(repository)
            const { faults, right } = await survey(repository, contents)
            expect(faults, `seed ${seed}, ${name}, bit ${bit}`).toEqual([])
            // One bad snapshot or record hides no other; a bad index object is repaired by the next run.
            if (name.startsWith('snapshots/')) expect(right).toBe(5)
            if (name.startsWith('journal/')) expect(right).toBe(10)
            if (name.startsWith('index/')) expect(right).toBeGreaterThanOrEqual(0)
          },
        )
      }
    }
  })

  it('by cutting or lengthening any object gives typed errors, and a verification names it', async () => {
    const { repository, contents } = await sample(isEncrypted)
    const handle = await repository.open()
    for (const name of objectPaths(repository.location)) {
      const path = join(repository.location, name)
      const { size } = statSync(path)
      const lengths = [0, 1, 63, 64, 80, size >> 1, size - 33, size - 16, size - 1]
      for (const length of lengths) {
        if (length < 0 || length >= size) continue
        await withDamage(
          path,
          (bytes) => bytes.subarray(0, length),
          async () => {
            const place = `${name} at ${length}`
            await handle.forgetTrees()
            expect((await surveyHandle(handle, contents)).faults, place).toEqual([])
            const found = await verifyQuietly(handle, repository)
            expect(found.join(), place).toContain(name)
            expect((await survey(freshView(repository), contents)).faults, place).toEqual([])
          },
        )
      }
      for (const tail of [Buffer.alloc(1), randomBytesOf('tail', 5000)]) {
        await withDamage(
          path,
          (bytes) => Buffer.concat([bytes, tail]),
          async () => {
            await handle.forgetTrees()
            expect((await surveyHandle(handle, contents)).faults).toEqual([])
            const found = await verifyQuietly(handle, repository)
            expect(found.join(), `${name} with a tail`).toContain(name)
          },
        )
      }
    }
  })

  it('by deleting any object gives typed errors, and a verification names what is lost by it', async () => {
    const { repository, contents } = await sample(isEncrypted)
    const handle = await repository.open()
    for (const name of objectPaths(repository.location)) {
      const path = join(repository.location, name)
      const aside = `${repository.location}.aside`
      copyFileSync(path, aside)
      rmSync(path)
      await handle.forgetTrees()
      // A file that is open may still be read from.
      await handle.storage.close()
      expect((await surveyHandle(handle, contents)).faults, name).toEqual([])
      if (name.startsWith('packs/') || name === 'config') {
        expect((await verifyQuietly(handle, repository)).join(), name).toContain(name)
      }
      expect((await survey(freshView(repository), contents)).faults, name).toEqual([])
      copyFileSync(aside, path)
    }
  })

  it('is named down to the file and the place in it', async () => {
    const { repository, snapshots } = await sample(isEncrypted)
    const handle = await repository.open()
    // The longest segment of data: chunks of "random" and neighbours.
    const [pack] = handle.catalogue.blobs
      .packs()
      .flatMap((row) =>
        handle.catalogue.blobs.segments(row.row).map((segment) => ({ row, segment })),
      )
      .filter(({ segment }) => segment.kind === 0)
      .sort((left, right) => right.segment.plainBytes - left.segment.plainBytes)
    const path = join(repository.location, 'packs', pack.row.id)
    await withDamage(
      path,
      (bytes) => {
        bytes[pack.segment.offset + 100] ^= 255
        return bytes
      },
      async () => {
        const { damaged } = await engine.verify(handle, {})
        expect(damaged[0].objectId).toBe(`packs/${pack.row.id}`)
        const places = damaged.filter(({ snapshotId }) => snapshotId === snapshots[1].id)
        const ofRandom = places.filter(({ path: place }) => place?.toString() === '/random')
        expect(ofRandom[0].offsetBytes).toBe(0)
        const lengths = ofRandom.map(({ lengthBytes }) => lengthBytes ?? 0)
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(70_000)
        // Only what is in that segment: the second snapshot's own file lies in another pack.
        expect(places.map(({ path: place }) => place?.toString())).not.toContain('/folder/b')
        const only = await engine.verify(handle, { snapshots: [snapshots[1]] })
        expect(only.damaged.filter(({ path: place }) => place !== undefined)).toEqual(places)
      },
    )
  })

  it('keeps a prune from removing anything', async () => {
    const { repository, snapshots } = await sample(isEncrypted)
    const handle = await repository.open()
    await engine.forgetSnapshots(handle, [snapshots[0]])
    for (const name of objectPaths(repository.location)) {
      if (!/^(?:packs|index|snapshots)\//.test(name)) continue
      const path = join(repository.location, name)
      for (const damage of ['cut', 'flipped', 'deleted']) {
        // A deleted snapshot is what it is; a deleted index object leaves its packs without a name.
        if (damage === 'deleted' && !name.startsWith('packs/')) continue
        const bytes = readFileSync(path)
        if (damage === 'cut') writeFileSync(path, bytes.subarray(0, bytes.length - 9))
        else if (damage === 'deleted') rmSync(path)
        else {
          bytes[Math.floor(bytes.length / 2)] ^= 1
          writeFileSync(path, bytes)
          bytes[Math.floor(bytes.length / 2)] ^= 1
        }
        const view = freshView(repository)
        const before = objectContents(view.location)
        const fresh = await view.open()
        const code = await codeOf(engine.prune(fresh, { unused: { ratio: 0 }, graceMs: 0 }))
        expect([...lossCodes, 'no error'], `${name} ${damage}`).toContain(code)
        // Nothing that was there before is gone, unless the prune did not need the damaged thing.
        if (code !== 'no error') {
          expect(objectContents(view.location), `${name} ${damage}`).toEqual(before)
        }
        await fresh.close()
        writeFileSync(path, bytes)
        if (code === 'no error') break
      }
    }
  })
})

/** The repository as somebody finds it who has nothing but its objects. */
function freshView(repository: TestRepository): TestRepository {
  const view = cloneRepository(repository, scratchFolder(fastFolder))
  forgetCatalogue(view)
  return view
}

describe('objects of another repository', () => {
  it.each(forms)('are refused in any place (encrypted: $isEncrypted)', async ({ isEncrypted }) => {
    const [ours, theirs] = [await sample(isEncrypted), await sample(isEncrypted)]
    const swaps: [string, string][] = []
    for (const folder of ['packs', 'index', 'snapshots', 'journal', 'keys']) {
      for (const own of namesIn(ours.repository.location, folder)) {
        for (const foreign of namesIn(theirs.repository.location, folder)) {
          swaps.push([`${folder}/${own}`, `${folder}/${foreign}`])
        }
      }
    }
    swaps.push(['config', 'config'])
    for (const [own, foreign] of swaps) {
      const bytes = readFileSync(join(theirs.repository.location, foreign))
      await withDamage(
        join(ours.repository.location, own),
        () => bytes,
        async () => {
          forgetCatalogue(ours.repository)
          const { faults, right } = await survey(ours.repository, ours.contents)
          expect(faults, own).toEqual([])
          if (own.startsWith('keys/') || own === 'config') expect(right, own).toBe(0)
          if (own.startsWith('packs/')) expect(right, own).toBeLessThan(10)
        },
      )
      // Under their own names they are unknown objects, which hide nothing.
      const place = join(ours.repository.location, foreign)
      if (foreign === 'config') continue
      writeFileSync(place, bytes)
      forgetCatalogue(ours.repository)
      expect(await survey(ours.repository, ours.contents)).toMatchObject({ faults: [], right: 10 })
      const handle = await ours.repository.open()
      const found = (await verifyQuietly(handle, ours.repository)).join()
      if (!foreign.startsWith('packs/')) expect(found).toContain(foreign)
      await handle.close()
      rmSync(place)
    }
  })

  it('are refused in the place of other objects of the same repository', async () => {
    const { repository, contents } = await sample(true)
    const names = objectPaths(repository.location)
    for (const to of names) {
      for (const from of names) {
        if (from === to) continue
        const bytes = readFileSync(join(repository.location, from))
        await withDamage(
          join(repository.location, to),
          () => bytes,
          async () => {
            forgetCatalogue(repository)
            const { faults } = await survey(repository, contents)
            expect(faults, `${from} as ${to}`).toEqual([])
          },
        )
      }
    }
  })
})

describe('a damaged repository', () => {
  it('restores all that can be restored, and reports the rest', async () => {
    const { repository, source } = await sample(false)
    const handle = await repository.open()
    const snapshot = engine.resolveSnapshot(handle, 'latest')
    const expected = scanTree(source)
    for (const name of namesIn(repository.location, 'packs')) {
      const path = join(repository.location, 'packs', name)
      for (const part of [0.1, 0.5, 0.9]) {
        await withDamage(
          path,
          (bytes) => {
            bytes.fill(0x55, Math.floor(bytes.length * part), Math.floor(bytes.length * part) + 16)
            return bytes
          },
          async () => {
            await handle.forgetTrees()
            const { target, problems } = await restoreTo(handle, snapshot)
            const actual = scanTree(target)
            let different = 0
            for (const [place, entry] of expected) {
              const restored = actual.get(place)
              if (restored?.content === entry.content) continue
              different += 1
              // What is there under its name has to be right.
              expect(restored, place).toBe(undefined)
            }
            if (different > 0) expect(problems).not.toEqual([])
          },
        )
      }
    }
  })

  it('takes a new snapshot that can be restored, when index objects or records are what is damaged', async () => {
    const { repository, source, contents } = await sample(true)
    for (const folder of ['index', 'journal']) {
      for (const name of namesIn(repository.location, folder)) {
        const path = join(repository.location, folder, name)
        const bytes = readFileSync(path)
        writeFileSync(path, bytes.subarray(0, 70))
        forgetCatalogue(repository)
        const handle = await repository.open()
        expect(handle.unusable.map(({ name: unusable }) => unusable)).toEqual([`${folder}/${name}`])
        const { snapshot } = await save(handle, source)
        const { target, problems } = await restoreTo(handle, snapshot)
        expect(problems).toEqual([])
        expect(scanTree(target)).toEqual(scanTree(source))
        expect(pathsOf(handle, snapshot)).toContain('folder/inner/a')
        // What the damaged index object named is named again: the packs themselves say what is in them.
        const { right } = await surveyHandle(
          handle,
          new Map([...contents, [snapshot.id, new Map()]]),
        )
        expect(right).toBe(10)
        await engine.forgetSnapshots(handle, [snapshot])
        await handle.close()
        writeFileSync(path, bytes)
      }
    }
  })
})
