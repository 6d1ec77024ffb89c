import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { BackupRecord } from '../../../src/model/backup-record.ts'
import { orderRecords, recordOrders } from '../../../src/server/api/order-records.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import { save } from '../../support/repositories.ts'
import { startTestServer, type TestServer } from '../../support/test-server.ts'

interface Listed<Item> {
  readonly items: readonly Item[]
  readonly next_cursor: string | null
  readonly total: number
  readonly path?: string
}

/** A list as a whole, read in pages. */
async function all<Item>(server: TestServer, path: string, limit: number): Promise<Item[]> {
  const items: Item[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const next: string = cursor === '' ? '' : `&cursor=${cursor}`
    const answer = await server.get(`/api/v1/${path}&limit=${limit}${next}`)
    expect(answer.status, path).toBe(200)
    const page = (await answer.json()) as Listed<Item>
    items.push(...page.items)
    cursor = page.next_cursor
  }
  return items
}

interface Entry {
  readonly name: string
  readonly size: number
  readonly mtime: string
}

describe('a folder', () => {
  it('is listed by name, size and time, both ways, in pages that fit together', async () => {
    const server = await startTestServer()
    const folder = join(server.folder, 'data/index')
    mkdirSync(join(folder, 'inner'))
    writeFileSync(join(folder, 'inner/file'), Buffer.alloc(700))
    for (let file = 0; file < 60; file++) {
      const path = join(folder, `file-${String(file).padStart(2, '0')}`)
      writeFileSync(path, Buffer.alloc((file * 37) % 20))
      utimesSync(path, 0, 1_700_000_000 + ((file * 53) % 30) + 0.25)
    }
    const { snapshot } = await save(server.repository, folder)
    const tree = `snapshots/${snapshot.id}/tree?path=/`
    const stored = await all<Entry>(server, tree, 1000)
    expect(stored.length).toBe(63)
    const orders = {
      name: (left: Entry, right: Entry) => Number(left.name > right.name) * 2 - 1,
      size: (left: Entry, right: Entry) => left.size - right.size,
      mtime: (left: Entry, right: Entry) => Date.parse(left.mtime) - Date.parse(right.mtime),
    }
    for (const [by, compare] of Object.entries(orders)) {
      const up = await all<Entry>(server, `${tree}&sort=${by}&order=asc`, 7)
      expect(up).toEqual(stored.toSorted(compare))
      const down = await all<Entry>(server, `${tree}&sort=${by}&order=desc`, 7)
      expect(down).toEqual(stored.toSorted((left, right) => compare(right, left)))
    }
    const jump = await server.get(`/api/v1/${tree}&sort=size&order=desc&offset=61&limit=5`)
    expect(await jump.json()).toMatchObject({ path: '/', total: 63, next_cursor: null })
    const file = await server.get(`/api/v1/snapshots/${snapshot.id}/tree?path=/names.txt&sort=size`)
    expect(await file.json()).toMatchObject({ items: [{ name: 'names.txt' }], total: 1 })
    expect((await server.get(`/api/v1/${tree}&sort=owner`)).status).toBe(400)
    expect((await server.get(`/api/v1/${tree}&sort=size&cursor=x`)).status).toBe(400)
  })
})

describe('snapshots', () => {
  interface Listing {
    readonly backup_id: string
    readonly type: string
    readonly bytes: number
  }

  it('are listed by type, size and what only they hold', async () => {
    const server = await startTestServer()
    const folder = join(server.folder, 'data')
    for (const [type, bytes] of [
      ['full', 300_000],
      ['cache', 900_000],
      ['incremental', 100_000],
    ] as const) {
      writeFileSync(join(folder, 'file'), randomBytesOf(bytes, bytes))
      await save(server.repository, folder, { type })
    }
    const types = async (query: string): Promise<string[]> =>
      (await all<Listing>(server, `snapshots?${query}`, 2)).map(({ type }) => type)
    expect(await types('')).toEqual(['incremental', 'cache', 'full'])
    expect(await types('sort=started_at&order=asc')).toEqual(['full', 'cache', 'incremental'])
    expect(await types('sort=type&order=asc')).toEqual(['cache', 'full', 'incremental'])
    expect(await types('sort=bytes&order=desc')).toEqual(['cache', 'full', 'incremental'])
    expect(await types('sort=exclusive_bytes&order=asc')).toEqual(['incremental', 'full', 'cache'])
    expect(await types('sort=bytes&order=asc&q=backup')).toEqual(['incremental', 'full', 'cache'])
    expect((await server.get('/api/v1/snapshots?sort=hostname')).status).toBe(400)
  })

  it('keep runs that made none at the end, and among equals their order', () => {
    const record = fc.record({
      created_at: fc.nat(5),
      backup_type: fc.constantFrom('full', 'cache'),
      size_bytes: fc.nat(3),
      metadata: fc.record({ snapshot_id: fc.constantFrom('a', 'b', null) }),
    })
    fc.assert(
      fc.property(
        fc.array(record),
        fc.constantFrom(...recordOrders),
        fc.boolean(),
        (made, by, isDescending) => {
          const records = made as unknown as BackupRecord[]
          const exclusiveBytes = (): ReadonlyMap<string, number> => new Map([['a', 7]])
          const ordered = orderRecords(records, { by, isDescending, exclusiveBytes })
          expect(new Set(ordered)).toEqual(new Set(records))
          const keys = ordered.map((one) => {
            if (by === 'started_at') return one.created_at
            if (by === 'type') return one.backup_type
            const { snapshot_id: id } = one.metadata
            return by === 'bytes'
              ? id === null
                ? undefined
                : one.size_bytes
              : id === 'a'
                ? 7
                : undefined
          })
          ordered.slice(1).forEach((one, at) => {
            const [left, right] = [keys[at], keys[at + 1]]
            if (left === right)
              expect(records.indexOf(ordered[at])).toBeLessThan(records.indexOf(one))
            else if (left === undefined) expect(right).toBeUndefined()
            else if (right !== undefined) expect(left > right).toBe(isDescending)
          })
        },
      ),
    )
  })
})

describe('a comparison', () => {
  interface Change {
    readonly change: string
    readonly path: string
  }

  it('is filtered by kinds of change and by text, and its summary stays that of everything', async () => {
    const server = await startTestServer()
    const folder = join(server.folder, 'data/index')
    writeFileSync(join(folder, 'Old Name'), randomBytesOf(5000, 1))
    const { snapshot: before } = await save(server.repository, folder)
    renameSync(join(folder, 'Old Name'), join(folder, 'young'))
    rmSync(join(folder, 'names.txt'))
    writeFileSync(join(folder, 'added-1'), 'one')
    writeFileSync(join(folder, 'added-2'), 'two')
    writeFileSync(join(folder, 'vectors.bin'), 'other')
    const { snapshot: after } = await save(server.repository, folder)
    const diff = `diff?from=${before.id}&to=${after.id}`
    const changes = async (query: string): Promise<string[]> =>
      (await all<Change>(server, `${diff}&${query}`, 2)).map(({ change, path }) => change + path)
    expect(await changes('')).toHaveLength(5)
    expect(await changes('change=added')).toEqual(['added/added-1', 'added/added-2'])
    expect(await changes('change=removed,modified')).toEqual([
      'removed/names.txt',
      'modified/vectors.bin',
    ])
    expect(await changes('q=ADDED-2')).toEqual(['added/added-2'])
    expect(await changes('q=old%20name')).toEqual(['renamed/young'])
    expect(await changes('q=added&change=renamed')).toEqual([])
    const answer = await server.get(`/api/v1/${diff}&change=renamed`)
    expect(await answer.json()).toMatchObject({
      total: 1,
      summary: { added: 2, removed: 1, modified: 1, renamed: 1 },
    })
    expect((await server.get(`/api/v1/${diff}&change=vanished`)).status).toBe(400)
  })
})
