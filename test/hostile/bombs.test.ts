import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { compressBound, createCompressor } from '../../src/format/compression/zstd.ts'
import type { Repository } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { modes, type Forge, type PageAt } from '../support/forge/forge.ts'
import { codeOf, contentOf, describeDamage } from '../support/repositories.ts'
import { hostileWorld, type HostileWorld } from './hostile-world.ts'

const mebibyte = 1024 * 1024

/** Peak of the resident memory while `work` runs, above what it was before, in bytes; and how long it took. */
async function measure(work: () => Promise<unknown>): Promise<{ bytes: number; ms: number }> {
  const before = process.memoryUsage.rss()
  let peak = before
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5)
  const startedAtMs = performance.now()
  try {
    await work()
    await setImmediate()
    peak = Math.max(peak, process.memoryUsage.rss())
    return { bytes: peak - before, ms: performance.now() - startedAtMs }
  } finally {
    clearInterval(timer)
  }
}

/** Each folder holds the one below it many times: a few pages stand for more folders than there are atoms. */
function treeBomb(forge: Forge, levels: number, width: number): PageAt {
  let below = forge.directory([forge.fileEntry('file', 'x')])
  for (let level = 0; level < levels; level++) {
    const names = Array.from({ length: width }, (_, index) => `d${String(index).padStart(4, '0')}`)
    below = forge.directory(names.map((name) => forge.directoryEntry(name, below)))
  }
  return below
}

const endless = {
  files: 2 ** 51,
  directories: 2 ** 51,
  others: 0,
  bytes: 2 ** 51,
  newFiles: 0,
  changedFiles: 0,
  unchangedFiles: 0,
  dataBlobsAdded: 0,
  dataBytesAdded: 0,
  treeBlobsAdded: 0,
  treeBytesAdded: 0,
  storedBytesAdded: 0,
  unreadable: 0,
}

async function proves(repository: Repository): Promise<string[]> {
  const verified = describeDamage(await engine.verify(repository, {}))
  const checked = await engine.check(repository, {})
  await engine.prune(repository, {})
  return [
    ...verified,
    ...[...checked.damagedObjects, ...checked.lostFiles].map(({ message }) => message),
  ]
}

describe('a tree bomb', () => {
  it('of 1,000 to the 10th folders is verified, checked and pruned in seconds', async () => {
    const world = await hostileWorld()
    world.forge.snapshot(treeBomb(world.forge, 10, 1000), { statistics: endless })
    const repository = await world.open()
    const { ms, bytes } = await measure(async () => expect(await proves(repository)).toEqual([]))
    expect(ms).toBeLessThan(50_000)
    expect(bytes).toBeLessThan(128 * mebibyte)
  })

  it('is listed one line after the other, and can be interrupted', async () => {
    const world = await hostileWorld()
    const id = world.forge.snapshot(treeBomb(world.forge, 10, 1000), { statistics: endless })
    const repository = await world.open()
    const snapshot = engine.resolveSnapshot(repository, id)
    const { bytes } = await measure(async () => {
      const entries = engine.listTree(repository, snapshot, Buffer.from('/'), { recursive: true })
      for (let index = 0; index < 5_000; index++) expect(entries.next().done).toBe(false)
      await Promise.resolve()
    })
    expect(bytes).toBeLessThan(128 * mebibyte)
  })

  it('restores no more than the snapshot announces', async () => {
    const world = await hostileWorld()
    const id = world.forge.snapshot(treeBomb(world.forge, 6, 20), {
      statistics: { ...endless, files: 100, directories: 900, bytes: 100 },
    })
    const { result, messages } = await world.restore(id)
    expect(result.directories).toBeLessThanOrEqual(1000)
    expect(result.errors).toBeGreaterThan(0)
    expect(messages.join('\n')).toContain('more entries than the snapshot has')
  })

  it('with a damaged file in it is named within bounds, and not taken for whole', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const lost = { id: randomBytes(32), bytes: 4 }
    const bad = forge.directory([{ name: 'lost', mode: modes.file, size: 4, references: [lost] }])
    const top = forge.directory([
      forge.directoryEntry('bomb', treeBomb(forge, 10, 30)),
      forge.directoryEntry('z', bad),
    ])
    forge.snapshot(top, { statistics: endless })
    const repository = await world.open()
    let found: string[] = []
    const { ms } = await measure(async () => {
      found = describeDamage(await engine.verify(repository, {}))
    })
    expect(found.join('\n')).toContain('over and over')
    expect(ms).toBeLessThan(50_000)
    expect(engine.listSnapshots(repository)[0]).toMatchObject({ verifiedAtMs: null })
  })
})

describe('a bomb of content lists', () => {
  /** A file of 2^47 bytes out of five blobs. */
  function bomb(forge: Forge): PageAt {
    const width = 4096
    const chunk = forge.data(Buffer.alloc(2048, 'x'))
    const bottom = Array.from({ length: width }, () => chunk)
    let list = forge.list({ level: 0, items: bottom })
    let bytes = chunk.bytes * width
    for (let level = 1; level < 3; level++) {
      const items = Array.from({ length: width }, () => ({ id: list.id, bytes }))
      list = forge.list({ level, items })
      bytes *= width
    }
    const entry = {
      mode: modes.file,
      flags: 3 << 4,
      size: bytes,
      references: [{ id: list.id, bytes }],
    }
    return forge.directory([
      { name: 'huge', ...entry },
      { name: 'again', ...entry },
    ])
  }

  it('is verified, checked and pruned in seconds', async () => {
    const world = await hostileWorld()
    world.forge.snapshot(bomb(world.forge), { statistics: endless })
    const repository = await world.open()
    const { ms, bytes } = await measure(async () => expect(await proves(repository)).toEqual([]))
    expect(ms).toBeLessThan(50_000)
    expect(bytes).toBeLessThan(128 * mebibyte)
  })

  it.each([
    ['cover less than their reference says', { level: 0, bytes: 5 }],
    ['are of another level', { level: 1, bytes: 4 }],
  ])('whose lists %s is refused', async (_what, { level, bytes }) => {
    const world = await hostileWorld()
    const { forge } = world
    const list = forge.list({ level, items: [forge.data('four')] })
    const file = {
      name: 'file',
      mode: modes.file,
      flags: 1 << 4,
      size: bytes,
      references: [{ id: list.id, bytes }],
    }
    const good = forge.list({ level: 0, items: [forge.data('four')] })
    const id = forge.snapshot(
      forge.directory([
        // Seen before under a true reference; it must be refused under a false one all the same.
        {
          name: 'before',
          mode: modes.file,
          flags: 1 << 4,
          size: 4,
          references: [{ id: good.id, bytes: 4 }],
        },
        file,
      ]),
    )
    const { result } = await world.restore(id)
    expect(result).toMatchObject({ errors: 1, filesRestored: 1 })
    const repository = await world.open()
    expect(describeDamage(await engine.verify(repository, {})).join()).toContain('/file')
  })
})

describe('a tree that is deeper than any path', () => {
  function deep(forge: Forge, levels: number): PageAt {
    let below = forge.directory([forge.fileEntry('end', 'x')])
    for (let level = 0; level < levels; level++) {
      below = forge.directory([forge.directoryEntry('d', below)])
    }
    return below
  }

  it('overflows no stack: what is too deep is told of, and the rest is restored', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const top = forge.directory([
      forge.directoryEntry('deep', deep(forge, 4200)),
      forge.fileEntry('z', 'whole'),
    ])
    const id = forge.snapshot(top)
    const { ms } = await measure(async () => {
      const { result, messages } = await world.restore(id, {
        // Only the walk: making 4,096 folders is the file system's time.
        includes: ['/z'],
      })
      expect(result).toMatchObject({ filesRestored: 1, errors: 1 })
      expect(messages.join()).toContain('4096 deep')
    })
    expect(ms).toBeLessThan(50_000)
    expect(readFileSync(join(world.target, 'z'), 'latin1')).toBe('whole')
    const repository = await world.open()
    expect(describeDamage(await engine.verify(repository, {})).join('\n')).toContain('4096 deep')
    // A snapshot that cannot be restored to its end still keeps what it needs from being removed.
    await engine.prune(repository, {})
    expect(describeDamage(await engine.verify(repository, {}))).toHaveLength(1)
  })

  it('comes back from 300 levels', async () => {
    const world = await hostileWorld()
    const id = world.forge.snapshot(deep(world.forge, 300))
    const { result, messages } = await world.restore(id)
    expect(messages).toEqual([])
    expect(result).toMatchObject({ errors: 0, filesRestored: 1 })
  })
})

describe('a decompression bomb', () => {
  const zeros = Buffer.alloc(32 * mebibyte)

  function compressed(plain: Buffer): Buffer {
    const room = Buffer.alloc(compressBound(plain.length))
    const { bytes } = createCompressor(19).compress(plain, room)
    return Buffer.from(room.subarray(0, bytes))
  }

  async function readsFile(world: HostileWorld, plainBytes: number, payload: Buffer) {
    const { forge } = world
    const content = Buffer.alloc(plainBytes)
    const id = forge.dataId(content)
    forge.pack({
      segments: [{ kind: 0, codec: 1, payload, plainBytes, blobs: [{ id, bytes: content }] }],
    })
    const entry = {
      name: 'file',
      mode: modes.file,
      size: plainBytes,
      references: [{ id, bytes: plainBytes }],
    }
    const snapshotId = forge.snapshot(forge.directory([entry]))
    const repository = await world.open()
    const snapshot = engine.resolveSnapshot(repository, snapshotId)
    return measure(async () => {
      expect(await codeOf(contentOf(repository, snapshot, '/file'))).toBe('OBJECT_DAMAGED')
    })
  }

  it('is refused by the length that it announces, before anything is expanded', async () => {
    const payload = compressed(zeros)
    expect(payload.length).toBeLessThan(8192)
    const { bytes, ms } = await readsFile(await hostileWorld(), 16_384, payload)
    expect(bytes).toBeLessThan(64 * mebibyte)
    expect(ms).toBeLessThan(50_000)
  })

  it('that announces nothing is cut off where its segment ends', async () => {
    // Magic, a window of 2^27, then blocks of one byte repeated: 128 KiB for each four bytes.
    const block = Buffer.from([0x02 | 0, 0x00, 0x10, 0x00])
    const last = Buffer.from([0x03, 0x00, 0x10, 0x00])
    const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88])
    const payload = Buffer.concat([head, ...Array.from({ length: 2000 }, () => block), last])
    const { bytes, ms } = await readsFile(await hostileWorld(), 16_384, payload)
    expect(bytes).toBeLessThan(64 * mebibyte)
    expect(ms).toBeLessThan(50_000)
  })

  it.each([
    ['2 GiB', 0xa8],
    ['the largest that the format knows', 0xff],
  ])('that asks for a window of %s is refused', async (_what, descriptor) => {
    const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, descriptor])
    const payload = Buffer.concat([head, Buffer.from([0x03, 0x00, 0x02, 0x00])])
    const { bytes, ms } = await readsFile(await hostileWorld(), 16_384, payload)
    expect(bytes).toBeLessThan(64 * mebibyte)
    expect(ms).toBeLessThan(50_000)
  })

  it('in an index object that names a segment of 4 GiB makes nobody ask for memory', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const bytes = Buffer.from('content')
    const blob = { id: forge.dataId(bytes), bytes }
    forge.pack({
      segments: [
        {
          kind: 0,
          codec: 1,
          payload: bytes,
          plainBytes: 7,
          blobs: [blob],
          told: { payloadBytes: 0xffff_0000 },
        },
      ],
    })
    const before = process.memoryUsage.rss()
    const repository = await world.open()
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * mebibyte)
    expect(repository.unusable.map(({ error }) => error.message).join()).toMatch(
      /longer than its plaintext/,
    )
  })

  it('as a planted object of many gigabytes is refused by its size', async () => {
    const world = await hostileWorld()
    const { truncateSync, writeFileSync } = await import('node:fs')
    const path = join(world.test.location, 'snapshots', 'a'.repeat(64))
    writeFileSync(path, '')
    truncateSync(path, 2 ** 40)
    const { bytes, ms } = await measure(async () => {
      const repository = await world.open()
      expect(repository.unusable).toHaveLength(1)
    })
    expect(statSync(path).size).toBe(2 ** 40)
    expect(bytes).toBeLessThan(64 * mebibyte)
    expect(ms).toBeLessThan(50_000)
  })
})

describe('a folder of very many entries', () => {
  it('is restored page by page', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const pages = Array.from({ length: 8 }, (_, page) => {
      const names = Array.from(
        { length: 1000 },
        (__, index) => `${page}-${String(index).padStart(5, '0')}`,
      )
      return {
        name: names[0],
        page: forge.page({ entries: names.map((name) => ({ name, mode: modes.fifo })) }),
      }
    })
    const top = forge.page({
      level: 1,
      entries: pages.map(({ name, page }) => ({ name, mode: 0, size: 1000, references: [page] })),
    })
    const id = forge.snapshot(top)
    const repository = await world.open()
    const snapshot = engine.resolveSnapshot(repository, id)
    let count = 0
    for (const entry of engine.listTree(repository, snapshot, Buffer.from('/'))) {
      count += entry.path.length > 0 ? 1 : 0
    }
    expect(count).toBe(8_000)
    const { result } = await world.restore(id, { dryRun: true })
    expect(result.others).toBe(8_000)
    expect(existsSync(world.target) ? readdirSync(world.target) : []).toEqual([])
  })
})
