import { describe, expect, it } from 'vitest'
import {
  buffersOf,
  ReadBatchBuilder,
  type ReadBatch,
} from '../../../../src/operations/snapshot/read-batch.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'

const name = Buffer.from('name')

function hex(ids: Uint8Array): string {
  return Buffer.from(ids).toString('hex')
}

/** The former ids of each file in hexadecimal, as who reads the batch finds them. */
function formerOf({ count, former }: ReadBatch): string[] | null {
  if (!former) return null
  const { ids, ends } = former
  expect(ends).toHaveLength(count)
  return Array.from(ends, (end, file) => hex(ids.slice(ends[file - 1] ?? 0, end)))
}

describe('a batch of files to read', () => {
  it('carries what each file held before, and nothing for those without', () => {
    const builder = new ReadBatchBuilder()
    // More than there is room for at first.
    const held = [1, 0, 3000, 2, 0, 40_000].map((ids, file) => randomBytesOf(file, ids * 32))
    for (const ids of held) builder.add(3, name, 100, ids.length === 0 ? undefined : ids)
    const batch = builder.take()
    expect(formerOf(batch)).toEqual(held.map(hex))
    expect(buffersOf(batch)).toHaveLength(4)
  })

  it('carries nothing where nothing is known of any file', () => {
    const builder = new ReadBatchBuilder()
    builder.add(3, name, 100)
    builder.add(3, name, 100, new Uint8Array(0))
    const batch = builder.take()
    expect(formerOf(batch)).toBeNull()
    expect(buffersOf(batch)).toHaveLength(2)
  })

  it('forgets what the batch before it carried', () => {
    const builder = new ReadBatchBuilder()
    const [first, second] = [randomBytesOf('first', 64), randomBytesOf('second', 32)]
    builder.add(3, name, 100, first)
    builder.add(3, name, 100, first)
    const before = builder.take()
    builder.add(3, name, 100)
    builder.add(3, name, 100, second)
    expect(formerOf(builder.take())).toEqual(['', hex(second)])
    builder.add(3, name, 100)
    expect(formerOf(builder.take())).toBeNull()
    expect(formerOf(before)).toEqual([hex(first), hex(first)])
  })
})
