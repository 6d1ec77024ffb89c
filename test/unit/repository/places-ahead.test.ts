import { describe, expect, it } from 'vitest'
import { toObjectId } from '../../../src/model/ids.ts'
import type * as PlacesAheadModule from '../../../src/repository/places-ahead.ts'
import type * as TreeWalkModule from '../../../src/repository/tree-walk.ts'
import { engineModule } from '../../support/built-engine.ts'
import { modes, openForge, type Forge } from '../../support/forge/forge.ts'
import type { RawEntry } from '../../support/forge/raw-page.ts'
import { newRepository } from '../../support/repositories.ts'

const { walkTree } = await engineModule<typeof TreeWalkModule>('repository/tree-walk')
const { PlacesAhead } = await engineModule<typeof PlacesAheadModule>('repository/places-ahead')

type Page = ReturnType<Forge['directory']>

function folder(name: string, page: Page): RawEntry {
  return { name, mode: modes.directory, size: 0, references: [page] }
}

async function forged(make: (forge: Forge) => Page) {
  const test = await newRepository()
  const forge = await openForge(test)
  const id = forge.snapshot(make(forge))
  const repository = await test.open()
  const snapshot = repository.catalogue.snapshots.get(toObjectId(id))
  if (!snapshot) throw new Error('The snapshot was not taken in')
  const top = { id: Buffer.from(snapshot.tree.id, 'hex'), bytes: snapshot.tree.bytes }
  const { blobs } = repository.catalogue
  const asked = { alone: 0, together: [] as number[] }
  const find = blobs.find.bind(blobs)
  blobs.find = (key) => {
    asked.alone += 1
    return find(key)
  }
  const findMany = blobs.findMany.bind(blobs)
  blobs.findMany = (ids) => {
    asked.together.push(ids.length / 32)
    return findMany(ids)
  }
  return { repository, top, asked }
}

/** Distinct folders, each with one file. */
function foldersOf(forge: Forge, names: readonly string[]): RawEntry[] {
  return names.map((name) => {
    const data = forge.data(name)
    const file = { name, mode: modes.file, size: data.bytes, references: [data] }
    return folder(name, forge.directory([file]))
  })
}

describe('a walk that looks ahead', () => {
  const nested = (forge: Forge): Page =>
    forge.directory([
      folder('a', forge.directory(foldersOf(forge, ['p', 'q', 'r']))),
      folder('b', forge.directory(foldersOf(forge, ['s']))),
      ...foldersOf(forge, ['c', 'd']),
    ])

  it('meets the same pages, and asks for those of one folder together', async () => {
    const { repository, top, asked } = await forged(nested)
    const walked = (looksAhead: boolean): string[] =>
      [...walkTree(repository, top, 100, { looksAhead })].map(({ directory, page }) =>
        [directory.depth, String(directory.name), page.entryCount].join(' '),
      )
    const plain = walked(false)
    expect(plain).toHaveLength(9)
    expect(asked).toEqual({ alone: 9, together: [] })
    asked.alone = 0
    expect(walked(true)).toEqual(plain)
    // The top one, and the only one of its folder.
    expect(asked).toEqual({ alone: 2, together: [4, 3] })
  })

  it('does not ask for what it does not go into', async () => {
    const { repository, top, asked } = await forged(nested)
    const seen = new Set<string>()
    const count = (): number =>
      [...walkTree(repository, top, 100, { looksAhead: true, seen })].length
    expect(count()).toBe(9)
    seen.delete(top.id.toString('latin1'))
    asked.together.length = 0
    expect(count()).toBe(1)
    expect(asked.together).toEqual([])
  })

  it('gives each place once, and none of a page that nobody names', async () => {
    const unknown = { id: Buffer.alloc(32, 0xcd), bytes: 64 }
    const { repository, top } = await forged((forge) =>
      forge.directory([...foldersOf(forge, ['a', 'b']), folder('lost', unknown)]),
    )
    const ahead = new PlacesAhead(repository, undefined)
    const [{ page }] = walkTree(repository, top, 100, { enter: () => false })
    ahead.add(page)
    const id = Buffer.from(page.chunkId(page.chunkOffsets[0]))
    expect(ahead.take(id)).toEqual(repository.catalogue.blobs.find(id))
    expect(ahead.take(id)).toBeUndefined()
    expect(ahead.take(unknown.id)).toBeUndefined()
  })
})
