import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeIndexObject } from '../../src/format/index-object/index-object.ts'
import type { Repository, Snapshot } from '../../src/index.ts'
import { toObjectId } from '../../src/model/ids.ts'
import { IndexAbsorber } from '../../src/repository/absorb-index.ts'
import { engine } from '../support/built-engine.ts'
import { seededRandom } from '../support/faulty-storage.ts'
import { directory, file, makeTree, symlink, type Tree } from '../support/make-tree.ts'
import { logLines, randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  contentOf,
  findings,
  letStampsAge,
  newRepository,
  objectContents,
  restoreTo,
  save,
  type TestRepository,
} from '../support/repositories.ts'
import { scanTree } from '../support/scan-tree.ts'
import { fastFolder, isRoot, scratchFolder } from '../support/scratch.ts'

function dumpOf(handle: Repository): string[] {
  return [...handle.catalogue.dump()]
}

/** A repository with a history: several snapshots, a deletion, a prune, records of both. */
async function withHistory(isEncrypted: boolean): Promise<{
  repository: TestRepository
  source: string
  latest: Snapshot
}> {
  const repository = await newRepository({ isEncrypted })
  const source = scratchFolder(fastFolder)
  const many: Record<string, Tree[string]> = {}
  for (let index = 0; index < 60; index++) many[`f${index}`] = file(`content ${index}`)
  makeTree(source, {
    many: directory(many),
    large: file(randomBytesOf('large', 300_000)),
    link: symlink('large'),
    '\xff\n': directory({ x: file('x') }),
  })
  await letStampsAge()
  const handle = await repository.open()
  const first = await save(handle, source, { tags: ['a', 'b'], description: 'the first' })
  writeFileSync(join(source, 'new'), logLines('new', 50_000))
  const second = await save(handle, source, { hostname: 'elsewhere' })
  rmSync(join(source, 'large'))
  const third = await save(handle, source)
  await engine.verify(handle, { snapshots: [third.snapshot] })
  await engine.forgetSnapshots(handle, [first.snapshot, second.snapshot])
  await engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })
  const last = await save(handle, source)
  await handle.close()
  return { repository, source, latest: last.snapshot }
}

function pathOfCatalogue({ location, cacheDirectory, isEncrypted }: TestRepository): string {
  if (!isEncrypted) return join(location, 'catalogue.db')
  return join(cacheDirectory, readdirSync(cacheDirectory)[0], 'catalogue.db')
}

const damages: [string, (path: string) => void][] = [
  ['deleted', (path) => rmSync(path)],
  [
    'deleted, with a log left behind',
    (path) => {
      rmSync(path)
      writeFileSync(`${path}-wal`, randomBytesOf('wal', 5000))
    },
  ],
  ['empty', (path) => truncateSync(path, 0)],
  ['cut to one page', (path) => truncateSync(path, 4096)],
  ['cut in the middle', (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ['cut within a page', (path) => truncateSync(path, 4096 * 3 + 100)],
  ['garbage', (path) => writeFileSync(path, randomBytesOf('garbage', 50_000))],
  ['a text', (path) => writeFileSync(path, 'hello')],
  [
    'a link to elsewhere',
    (path) => {
      copyFileSync(path, `${path}.elsewhere`)
      rmSync(path)
      symlinkSync(`${path}.elsewhere`, path)
    },
  ],
  [
    'a foreign database',
    (path) => {
      rmSync(path)
      const foreign = new Database(path)
      foreign.exec(
        'CREATE TABLE blob (id TEXT); CREATE TRIGGER t AFTER INSERT ON blob BEGIN SELECT 1; END',
      )
      foreign.close()
    },
  ],
  [
    'full of zeros behind its first pages',
    (path) => {
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.fill(0, 4096 * 4))
    },
  ],
]

describe.each([{ isEncrypted: false }, { isEncrypted: true }])(
  'the catalogue (encrypted: $isEncrypted)',
  ({ isEncrypted }) => {
    it('is the same after a repair, and after being deleted', async () => {
      const { repository } = await withHistory(isEncrypted)
      const handle = await repository.open()
      const before = dumpOf(handle)
      expect(before.length).toBeGreaterThan(80)
      const result = await engine.repairCatalogue(handle)
      expect(result.unusable).toEqual([])
      expect(dumpOf(handle)).toEqual(before)
      expect(handle.catalogue.check()).toEqual([])
      await handle.close()
      rmSync(pathOfCatalogue(repository))
      expect(dumpOf(await repository.open())).toEqual(before)
    })

    it('is the same however many index objects go in together', async () => {
      const { repository } = await withHistory(isEncrypted)
      const handle = await repository.open()
      const ofIndexes = (): string[] =>
        dumpOf(handle).filter((line) => !/^\["(?:meta|snapshot|journal|pack_read)"/.test(line))
      const before = ofIndexes()
      const names = await handle.storage.listNames('index')
      expect(names.length).toBeGreaterThan(1)
      const limits = [
        { blobs: 1, keptBytes: Infinity, expected: names.length },
        { blobs: Infinity, keptBytes: 1, expected: names.length },
        { blobs: Infinity, keptBytes: Infinity, expected: 0 },
      ]
      for (const { expected, ...limit } of limits) {
        handle.catalogue.clear()
        const absorber = new IndexAbsorber(handle, limit)
        let entered = 0
        for (const name of names) {
          const id = toObjectId(name.slice('index/'.length))
          absorber.gather(id, decodeIndexObject(await handle.readSmallObject('index', name)))
          if (!absorber.isFull) continue
          expect(absorber.enter()).toEqual([])
          entered += 1
        }
        expect(absorber.enter()).toEqual([])
        absorber.close()
        expect(entered).toBe(expected)
        expect(ofIndexes()).toEqual(before)
      }
    })

    it.each(isEncrypted ? damages.slice(0, 3) : damages)(
      'may be %s: opening builds it anew',
      async (_state, damage) => {
        const { repository, source, latest } = await withHistory(isEncrypted)
        const first = await repository.open()
        const before = dumpOf(first)
        await first.close()
        damage(pathOfCatalogue(repository))
        const handle = await repository.open()
        expect(dumpOf(handle)).toEqual(before)
        const { target } = await restoreTo(handle, latest)
        expect(scanTree(target)).toEqual(scanTree(source))
        const { statistics } = await save(handle, source)
        expect(statistics.dataBlobsAdded).toBe(0)
        expect(await findings(handle)).toEqual([])
      },
    )

    it('may be that of another repository, or an old one of its own', async () => {
      const [ours, theirs] = [await withHistory(isEncrypted), await withHistory(isEncrypted)]
      const path = pathOfCatalogue(ours.repository)
      const old = readFileSync(path)
      const handle = await ours.repository.open()
      writeFileSync(join(ours.source, 'another'), 'file')
      await save(handle, ours.source)
      const now = dumpOf(handle)
      await handle.close()
      copyFileSync(pathOfCatalogue(theirs.repository), path)
      const second = await ours.repository.open()
      expect(dumpOf(second)).toEqual(now)
      await second.close()
      writeFileSync(path, old)
      expect(dumpOf(await ours.repository.open())).toEqual(now)
    })

    it('may have any damaged page: nothing is ever restored wrong or pruned away by it', async () => {
      const { repository, source, latest } = await withHistory(isEncrypted)
      const path = pathOfCatalogue(repository)
      const sound = readFileSync(path)
      const random = seededRandom(7)
      const wanted = scanTree(source)
      for (let turn = 0; turn < 25; turn++) {
        const bytes = Buffer.from(sound)
        for (let flips = 0; flips < 1 + turn; flips++) {
          bytes[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8)
        }
        for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true })
        writeFileSync(path, bytes)
        let handle: Repository
        try {
          handle = await repository.open()
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(engine.HoldfastError)
          continue
        }
        for (const [place, entry] of wanted) {
          if (entry.type !== 'file') continue
          try {
            const content = await contentOf(handle, latest, Buffer.from(place, 'latin1'))
            expect(entry.content.startsWith(`${content.length} bytes`), place).toBe(true)
          } catch (error) {
            expect(error, `${place}: ${String(error)}`).toBeInstanceOf(engine.HoldfastError)
          }
        }
        expect(
          await codeOf(engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })),
        ).not.toContain('not typed')
        await handle.close()
      }
      rmSync(path)
      const handle = await repository.open()
      expect(await findings(handle)).toEqual([])
      const { target, problems } = await restoreTo(handle, latest)
      expect(problems).toEqual([])
      expect(scanTree(target)).toEqual(wanted)
    })
  },
)

it('an unencrypted repository in which something else stands in its place uses the cache folder', async () => {
  const { repository, source, latest } = await withHistory(false)
  const path = pathOfCatalogue(repository)
  rmSync(path)
  mkdirSync(path)
  const handle = await repository.open()
  expect(handle.catalogue.path).toContain(repository.cacheDirectory)
  const { target } = await restoreTo(handle, latest)
  expect(scanTree(target)).toEqual(scanTree(source))
})

describe('a repair', () => {
  it('is refused while another process works on the repository', async () => {
    const { repository } = await withHistory(false)
    const handle = await repository.open()
    const before = dumpOf(handle)
    const name = 'f'.repeat(32)
    const record = {
      version: 1,
      kind: 'shared',
      hostname: 'elsewhere',
      pid: 1,
      refreshedAtMs: Date.now(),
      operation: 'snapshot',
    }
    writeFileSync(join(repository.location, 'locks', name), JSON.stringify(record))
    expect(await codeOf(engine.repairCatalogue(handle))).toBe('REPOSITORY_LOCKED')
    expect(dumpOf(handle)).toEqual(before)
  })

  it('tells of objects that cannot be taken in, and takes in the others', async () => {
    const { repository } = await withHistory(false)
    const handle = await repository.open()
    const [name] = readdirSync(join(repository.location, 'snapshots'))
    writeFileSync(join(repository.location, 'snapshots', name), 'damaged')
    const { unusable, snapshots } = await engine.repairCatalogue(handle)
    expect(unusable.map((object) => object.name)).toEqual([`snapshots/${name}`])
    expect(snapshots).toBe(1)
  })
})

describe.runIf(isRoot)('a repository that can only be read', () => {
  it('is listed, read and verified, and tells why it takes no snapshot', async () => {
    const { repository, source, latest } = await withHistory(false)
    const cacheDirectory = scratchFolder(fastFolder)
    execFileSync('mount', ['--bind', repository.location, repository.location])
    onTestFinished(() => {
      execFileSync('umount', ['-l', repository.location])
    })
    execFileSync('mount', ['-o', 'remount,bind,ro', repository.location])
    const before = objectContents(repository.location)
    const handle = await repository.open({ cacheDirectory })
    expect(engine.listSnapshots(handle)).toHaveLength(2)
    expect(await contentOf(handle, latest, 'new')).toHaveLength(50_000)
    expect(await findings(handle)).toEqual([])
    expect(await codeOf(save(handle, source))).toBe('STORAGE_FAILED')
    expect(await codeOf(engine.prune(handle))).toBe('STORAGE_FAILED')
    expect(objectContents(repository.location)).toEqual(before)
    expect(existsSync(join(cacheDirectory, handle.repositoryId, 'catalogue.db'))).toBe(true)
  })
})
