import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExcludeRules } from '../../../../src/filesystem/scan/exclude-rules.ts'
import type { StoredDirectory } from '../../../../src/format/tree/directory-writer.ts'
import { DirectoryReader } from '../../../../src/format/tree/directory-reader.ts'
import { findSources, openBase } from '../../../../src/operations/snapshot/source-base.ts'
import { SourceWalker } from '../../../../src/operations/snapshot/source-walker.ts'
import { newWalkCounts } from '../../../../src/operations/snapshot/walk-counts.ts'
import { scratchFolder } from '../../../support/scratch.ts'

/** Tree pages by their ids, and the ids that were stored since `stored` was cleared. */
class Pages {
  readonly pages = new Map<string, Buffer>()
  readonly stored = new Set<string>()

  store(bytes: Buffer): Buffer {
    const id = createHash('sha256').update(bytes).digest()
    this.pages.set(id.toString('hex'), Buffer.from(bytes))
    this.stored.add(id.toString('hex'))
    return id
  }

  read(id: Uint8Array): Buffer {
    const page = this.pages.get(Buffer.from(id).toString('hex'))
    if (!page) throw new Error('There is no such page')
    return page
  }
}

async function walk(
  folder: string,
  pages: Pages,
  parent: StoredDirectory | null,
  readAll: boolean,
): Promise<StoredDirectory> {
  const sources = findSources([folder], folder)
  const reader = new DirectoryReader((id) => pages.read(id), 1000)
  const walker = new SourceWalker({
    rules: {
      excludes: new ExcludeRules([]),
      markers: [],
      fileBytesMax: Infinity,
      oneFileSystem: false,
      readAll,
      forbidden: new Set(),
    },
    observer: { onUnreadable: () => {}, onNotice: () => {}, onProgress: () => {} },
    output: {
      storeTree: (bytes) => pages.store(bytes),
      readBatch: null,
      room: async () => undefined,
    },
    counts: newWalkCounts(),
    openParent: (id, bytes) => reader.pages({ id, bytes }),
  })
  return await walker.walk(openBase(sources.base), sources.tree, parent, undefined)
}

describe('SourceWalker', () => {
  it('stores the pages of unchanged directories again when everything is to be read', async () => {
    const folder = scratchFolder()
    mkdirSync(join(folder, 'one', 'below'), { recursive: true })
    mkdirSync(join(folder, 'two'))
    const pages = new Pages()
    const first = await walk(folder, pages, null, false)
    pages.stored.clear()
    const second = await walk(folder, pages, first, false)
    expect(second.id).toEqual(first.id)
    // The page of the root holds nothing but directories: it is the parent's, whatever pack it lies in.
    expect(pages.stored.has(first.id.toString('hex'))).toBe(false)
    const third = await walk(folder, pages, first, true)
    expect(third.id).toEqual(first.id)
    expect(pages.stored.has(first.id.toString('hex'))).toBe(true)
  })
})
