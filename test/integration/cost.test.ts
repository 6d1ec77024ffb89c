import { join } from 'node:path'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import type { HoldfastEvent, VerifyResult } from '../../src/index.ts'
import type * as NeededSegmentsModule from '../../src/repository/needed-segments.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { newRepository } from '../support/repositories.ts'
import { scratchFolder } from '../support/scratch.ts'

const { NeededSegments } = await engineModule<typeof NeededSegmentsModule>(
  'repository/needed-segments',
)

type Cost = Extract<HoldfastEvent, { type: 'cost' }>['cost']

const largeBytes = 12_000_000

/** Small files, one that is there twice, one with a hole, and one with more chunks than a page of a directory names. */
async function scene() {
  const folder = join(scratchFolder(), 'source')
  mkdirSync(join(folder, 'small'), { recursive: true })
  for (let file = 0; file < 50; file++) {
    writeFileSync(join(folder, `small/${file}`), randomBytesOf(file, 60_000))
  }
  writeFileSync(join(folder, 'large'), randomBytesOf(1000, largeBytes))
  writeFileSync(join(folder, 'twin'), randomBytesOf(1000, largeBytes))
  writeFileSync(join(folder, 'hole'), '')
  truncateSync(join(folder, 'hole'), 2_000_000)
  const repository = await (await newRepository()).open()
  const { snapshot } = await engine.snapshot(repository, { paths: [Buffer.from(folder)] })
  if (!snapshot) throw new Error('There is no snapshot')
  return { repository, snapshot, root: Buffer.from(folder.slice(1)) }
}

async function costOf(work: (onEvent: (event: HoldfastEvent) => void) => Promise<unknown>) {
  const costs: Cost[] = []
  await work((event) => {
    if (event.type === 'cost') costs.push(event.cost)
  })
  return costs
}

describe('a dry run', () => {
  it('of a restore counts each segment once that holds something of it, and reads none of them', async () => {
    const { repository, snapshot, root } = await scene()
    const target = Buffer.from(join(scratchFolder(), 'target'))
    const ask = (options: object): Promise<Cost[]> =>
      costOf((onEvent) =>
        engine.restore(repository, { snapshot, target, dryRun: true, onEvent, ...options }),
      )
    const [all] = await ask({})
    const stored = repository.catalogue.blobs
      .packs()
      .flatMap(({ row }) => repository.catalogue.blobs.segments(row))
      .filter(({ kind }) => kind === 0)
      .reduce((sum, { payloadBytes }) => sum + payloadBytes + 16, 0)
    expect(all?.downloadBytes).toBe(stored)
    const path = Buffer.concat([root, Buffer.from('/large')])
    const [large] = await ask({ path })
    expect(large?.downloadBytes).toBeGreaterThanOrEqual(largeBytes)
    expect(large?.downloadBytes).toBeLessThan(stored)
    const [some] = await ask({ includes: ['small/7'] })
    expect(some?.downloadBytes).toBeLessThan(1_100_000)
    // What nothing has to be read for costs nothing.
    expect(await ask({ includes: ['hole'] })).toEqual([])
  })

  it('of a verification proves nothing, records nothing, and says what would be read', async () => {
    const { repository, snapshot } = await scene()
    for (const snapshots of [undefined, [snapshot]]) {
      const chosen = snapshots ? { snapshots } : {}
      let planned: VerifyResult['planned']
      const [cost] = await costOf(async (onEvent) => {
        const result = await engine.verify(repository, { ...chosen, dryRun: true, onEvent })
        expect(result).toMatchObject({ blobs: 0, packs: 0, readBytes: 0, damaged: [] })
        planned = result.planned
      })
      expect(repository.catalogue.journal.list({ kind: 'verification' })).toHaveLength(
        snapshots ? 1 : 0,
      )
      const { packs, readBytes } = await engine.verify(repository, chosen)
      expect(planned).toEqual({ packs, readBytes })
      expect(cost?.downloadBytes).toBe(readBytes)
    }
    // Who only works on a folder wants to hear of it only when asked.
    expect(await costOf((onEvent) => engine.verify(repository, { onEvent }))).toEqual([])
  })

  it('of a restore tells of chunks that nothing names', async () => {
    const { repository, snapshot } = await scene()
    const findMany = repository.catalogue.blobs.findMany.bind(repository.catalogue.blobs)
    repository.catalogue.blobs.findMany = (ids) => {
      const found = findMany(ids)
      found.packs.fill(0, -1)
      return found
    }
    const target = Buffer.from(join(scratchFolder(), 'target'))
    const result = await engine.restore(repository, { snapshot, target, dryRun: true })
    expect(result.errors).toBe(1)
  })
})

describe('NeededSegments', () => {
  it('costs nothing without files', async () => {
    const { repository } = await scene()
    const needed = new NeededSegments(repository)
    expect([needed.count, needed.cost.gets]).toEqual([0, 0])
  })
})
