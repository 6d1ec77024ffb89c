import { describe, expect, it } from 'vitest'

import type * as NearPagesModule from '../../../src/repository/near-pages.ts'
import { engineModule } from '../../support/built-engine.ts'
import { modes, openForge } from '../../support/forge/forge.ts'
import { newRepository } from '../../support/repositories.ts'

const { NearPages } = await engineModule<typeof NearPagesModule>('repository/near-pages')

async function repositoryWithPages() {
  const test = await newRepository()
  const forge = await openForge(test)
  const inner = forge.directory([])
  const top = forge.directory([
    { name: 'inside', mode: modes.directory, size: 0, references: [inner] },
  ])
  forge.snapshot(top)
  const repository = await test.open()
  const { catalogue, context } = repository
  const pages = new NearPages(() => repository.catalogue, context.keys.treeIdKey)
  const [snapshot] = catalogue.snapshots.list()
  const { tree } = catalogue.snapshots.get(snapshot.id)!
  return { repository, pages, id: Buffer.from(tree.id, 'hex'), bytes: tree.bytes }
}

describe('NearPages', () => {
  it('gives the page that the storage has under the id', async () => {
    const { repository, pages, id, bytes } = await repositoryWithPages()
    const page = pages.read(id, bytes)
    expect(page).toEqual(Buffer.from(repository.trees.readTree(id, bytes)))
  })

  it('gives nothing for an id that is not known, or another length', async () => {
    const { pages, id, bytes } = await repositoryWithPages()
    expect(pages.read(Buffer.alloc(32, 7), bytes)).toBeUndefined()
    expect(pages.read(id, bytes + 1)).toBeUndefined()
  })

  it('gives nothing when the catalogue has other bytes under the id, whole or not', async () => {
    const { repository, pages, id, bytes } = await repositoryWithPages()
    const { search } = repository.catalogue
    const contentOf = search.contentOf.bind(search)
    const { content } = contentOf(id) ?? { content: Buffer.alloc(0) }
    const others = [Buffer.alloc(bytes, 0x54), content.subarray(0, -1), Buffer.alloc(0)]
    const flipped = Buffer.from(content)
    flipped[flipped.length - 1] ^= 1
    for (const other of [...others, flipped]) {
      search.contentOf = () => ({ bytes, content: other })
      expect(pages.read(id, bytes)).toBeUndefined()
    }
    search.contentOf = contentOf
    expect(pages.read(id, bytes)).toBeDefined()
  })
})
