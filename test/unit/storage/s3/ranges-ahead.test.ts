import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { RepositoryError } from '../../../../src/foundation/errors.ts'
import type { ObjectRange } from '../../../../src/storage/object-range.ts'
import { RangesAhead } from '../../../../src/storage/s3/ranges-ahead.ts'

const MiB = 1024 * 1024

function range(name: string, offsetBytes: number, lengthBytes: number): ObjectRange {
  return { name, offsetBytes, lengthBytes }
}

/** Bytes of an object that differ from place to place. */
function contentOf({ name, offsetBytes, lengthBytes }: ObjectRange): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthBytes)
  const salt = name.charCodeAt(0)
  for (let at = 0; at < lengthBytes; at++) bytes[at] = ((offsetBytes + at) * 31 + salt) % 251
  return bytes
}

function isContentOf(bytes: Uint8Array | undefined, wanted: ObjectRange): boolean {
  return bytes !== undefined && Buffer.compare(bytes, contentOf(wanted)) === 0
}

interface Fetch {
  readonly range: ObjectRange
  answer(): void
  fail(error: Error): void
}

/** A store that answers when the test says so. */
function storeByHand() {
  const asked: Fetch[] = []
  const fetch = (wanted: ObjectRange): Promise<Uint8Array<ArrayBuffer>> =>
    new Promise((resolve, reject) => {
      asked.push({ range: wanted, answer: () => resolve(contentOf(wanted)), fail: reject })
    })
  return { asked, fetch }
}

function places(asked: readonly Fetch[]): string[] {
  return asked.map(
    ({ range: { name, offsetBytes, lengthBytes } }) =>
      `${name} ${offsetBytes / MiB}+${lengthBytes / MiB}`,
  )
}

/** Lets all that is ready to go on do so. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('RangesAhead', () => {
  it('forgets what came wrongly, all that came with it, and nothing else', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 100 * MiB, requestsMax: 3 })
    ahead.expect([range('a', 0, MiB), range('a', MiB, MiB), range('a', 9 * MiB, MiB)])
    ahead.expect([range('b', 0, MiB)])
    for (const each of asked) each.answer()
    await turn()
    ahead.forget(range('a', 100, 100))
    expect(ahead.heldBytes).toBe(2 * MiB)
    expect(await ahead.take(range('a', MiB, MiB))).toBeUndefined()
    expect(isContentOf(await ahead.take(range('a', 9 * MiB, MiB)), range('a', 9 * MiB, MiB))).toBe(
      true,
    )
    expect(isContentOf(await ahead.take(range('b', 0, MiB)), range('b', 0, MiB))).toBe(true)
  })

  it('asks before anybody reads, for several at once, and no more than it may', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 100 * MiB, requestsMax: 2 })
    ahead.expect(['a', 'b', 'c'].map((name) => range(name, 0, MiB)))
    expect(places(asked)).toEqual(['a 0+1', 'b 0+1'])
    asked[0]?.answer()
    await turn()
    expect(places(asked)).toEqual(['a 0+1', 'b 0+1', 'c 0+1'])
  })

  it('gives the bytes of ranges that one request brought, each once', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 100 * MiB, requestsMax: 6 })
    const ranges = [range('a', 0, 1000), range('a', 1000, 500), range('a', 2000, 10)]
    ahead.expect(ranges)
    expect(asked.map((fetched) => fetched.range.lengthBytes)).toEqual([2010])
    asked[0]?.answer()
    for (const one of ranges) expect(isContentOf(await ahead.take(one), one)).toBe(true)
    expect(await ahead.take(ranges[0])).toBeUndefined()
  })

  it('knows nothing of what was not announced', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 100 * MiB, requestsMax: 6 })
    ahead.expect([range('a', 0, 100)])
    expect(await ahead.take(range('a', 50, 100))).toBeUndefined()
    expect(await ahead.take(range('b', 0, 100))).toBeUndefined()
    expect(asked).toHaveLength(1)
  })

  it('asks out of turn for what is read out of turn', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 100 * MiB, requestsMax: 1 })
    ahead.expect(['a', 'b', 'c'].map((name) => range(name, 0, MiB)))
    const taken = ahead.take(range('c', 0, MiB))
    expect(places(asked)).toEqual(['a 0+1', 'c 0+1'])
    asked[1]?.answer()
    expect(isContentOf(await taken, range('c', 0, MiB))).toBe(true)
  })

  it('fetches a file that is spread over five packs once, when it has room for all of it', async () => {
    const unit = 64 * 1024
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 40 * unit, requestsMax: 6 })
    // As the threads of a backup left it: the first piece in the first pack, the next in the second, and so on.
    const ranges = Array.from({ length: 35 }, (_, index) =>
      range('abcde'[index % 5], Math.floor(index / 5) * unit, unit),
    )
    ahead.expect(ranges)
    for (const one of ranges) {
      for (const fetched of asked) fetched.answer()
      expect(isContentOf(await ahead.take(one), one)).toBe(true)
    }
    expect(asked.map((one) => [one.range.name, one.range.lengthBytes / unit])).toEqual(
      'abcde'.split('').map((name) => [name, 7]),
    )
  })

  it('gives up what was passed over when something else needs the room', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 2 * MiB, requestsMax: 6 })
    ahead.expect(['a', 'b', 'c', 'd'].map((name) => range(name, 0, MiB)))
    expect(places(asked)).toEqual(['a 0+1', 'b 0+1'])
    for (const fetched of asked) fetched.answer()
    await turn()
    // Nobody wants `a`: the file was there already.
    await ahead.take(range('b', 0, MiB))
    expect(places(asked)).toEqual(['a 0+1', 'b 0+1', 'c 0+1', 'd 0+1'])
    expect(await ahead.take(range('a', 0, MiB))).toBeUndefined()
  })

  it('leaves it to the reader to fetch what there is no room for', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 2 * MiB, requestsMax: 6 })
    ahead.expect(['a', 'b', 'c'].map((name) => range(name, 0, MiB)))
    // What is on its way cannot be given up.
    expect(await ahead.take(range('c', 0, MiB))).toBeUndefined()
    expect(places(asked)).toEqual(['a 0+1', 'b 0+1'])
  })

  it('tells of a store that fails, and leaves an object that ends early to the reader', async () => {
    const { asked, fetch } = storeByHand()
    const ahead = new RangesAhead(fetch, { bytesMax: 100 * MiB, requestsMax: 6 })
    ahead.expect([range('a', 0, 10), range('b', 0, 10)])
    const down = ahead.take(range('a', 0, 10))
    const short = ahead.take(range('b', 0, 10))
    asked[0]?.fail(new RepositoryError('STORAGE_FAILED', 'it is down'))
    asked[1]?.fail(new RepositoryError('OBJECT_DAMAGED', 'it ends early'))
    await expect(down).rejects.toThrow('it is down')
    expect(await short).toBeUndefined()
    // What failed before anybody asked is asked for again, by the reader.
    expect(await ahead.take(range('a', 0, 10))).toBeUndefined()
  })

  it('gives exactly the bytes, in whatever order they are read, and never holds more than it may', async () => {
    const someRange = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      offsetBytes: fc.nat(8 * MiB),
      lengthBytes: fc.integer({ min: 0, max: 1500 }),
    })
    const step = fc.oneof(
      fc.record({ expect: fc.array(someRange, { maxLength: 8 }) }),
      fc.record({ takeAnnounced: fc.nat() }),
      fc.record({ take: someRange }),
      fc.record({ answer: fc.nat(), fails: fc.boolean() }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 600_000 }),
        async (steps, bytesMax) => {
          const { asked, fetch } = storeByHand()
          const open = new Set<Fetch>()
          let seen = 0
          const ahead = new RangesAhead(fetch, { bytesMax, requestsMax: 3 })
          const announced: ObjectRange[] = []
          const takes: Promise<void>[] = []
          const take = (wanted: ObjectRange): void => {
            const check = ahead.take(wanted).then((bytes) => {
              if (bytes) expect(isContentOf(bytes, wanted)).toBe(true)
            })
            takes.push(check)
          }
          const look = (): void => {
            for (; seen < asked.length; seen++) open.add(asked[seen])
            // A single request may be longer than the limit.
            if (open.size > 1) {
              const onTheWay = [...open].reduce((sum, one) => sum + one.range.lengthBytes, 0)
              expect(onTheWay).toBeLessThanOrEqual(bytesMax)
            }
            const longest = Math.max(0, ...asked.map((one) => one.range.lengthBytes))
            expect(ahead.heldBytes).toBeLessThanOrEqual(Math.max(bytesMax, longest))
          }
          for (const next of steps) {
            if ('expect' in next) {
              announced.push(...next.expect)
              ahead.expect(next.expect)
            } else if ('takeAnnounced' in next) {
              const wanted = announced[next.takeAnnounced % Math.max(1, announced.length)]
              if (wanted) take(wanted)
            } else if ('take' in next) take(next.take)
            else {
              const fetched = [...open][next.answer % Math.max(1, open.size)]
              if (fetched) {
                open.delete(fetched)
                if (next.fails) fetched.fail(new RepositoryError('OBJECT_DAMAGED', 'short'))
                else fetched.answer()
              }
            }
            look()
            await turn()
            look()
          }
          while (open.size > 0) {
            for (const fetched of open) fetched.answer()
            open.clear()
            await turn()
            look()
          }
          // Nobody waits for ever.
          await Promise.all(takes)
        },
      ),
      { numRuns: 300 },
    )
  })
})
