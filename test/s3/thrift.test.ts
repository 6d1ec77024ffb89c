import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import type { Finished, JsonObject } from '../e2e/workspace.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { startProxy, type StoreProxy } from './support/store-proxy.ts'
import { storeWorkspace, type StoreWorkspace } from './support/store-workspace.ts'

/*
 * What single files cost out of a repository of many packs, in requests: whoever adds one has to say here what it is for.
 */

const snapshots = 20
const filesEach = 150
const largeBytes = 96 * 1024 * 1024

async function makeRepository(): Promise<{ store: StoreWorkspace; root: string }> {
  const store = await storeWorkspace()
  const { space } = store
  space.write('source/large', randomBytesOf(99, largeBytes))
  await store.done(['init'])
  for (let day = 0; day < snapshots; day++) {
    for (let file = 0; file < filesEach; file++) {
      space.write(`source/cache/day ${day}/${file % 10}/${file}.json`, contentOf(day, file))
    }
    await store.done(['snapshot', 'source'])
  }
  return { store, root: space.at('source').slice(1) }
}

/** Some 4 KiB that no other file has. */
function contentOf(day: number, file: number): string {
  return randomBytesOf(day * filesEach + file, 2048).toString('hex')
}

interface Asked {
  readonly finished: Finished
  readonly total: number
  /** After the listing that ends the catching up, and after the key, which comes meanwhile. */
  readonly after: number
  readonly counts: JsonObject
}

/** Runs a command on a catalogue that is there, and counts what passes by on the way to the store. */
async function count(
  store: StoreWorkspace,
  proxy: StoreProxy,
  argv: readonly string[],
): Promise<Asked> {
  const begin = proxy.seen.length
  const finished = await store.done([...argv, '--json'], {
    HOLDFAST_REPOSITORY: store.address(proxy.endpoint),
  })
  const seen = proxy.seen.slice(begin)
  const listed = seen.findIndex(({ query }) => decodeURIComponent(query).includes('/index/'))
  const unlocked = seen.findIndex(({ line }) => line.includes('/keys/'))
  expect(Math.min(listed, unlocked)).toBeGreaterThan(0)
  const caughtUp = Math.max(listed, unlocked)
  const counts = finished.errorLines.find((line) => line['message_type'] === 'requests')
  if (!counts) throw new Error('The command does not say what it asked for')
  return { finished, total: seen.length, after: seen.length - caughtUp - 1, counts }
}

/** What a command said that it would cost, without the words. */
function costOf({ finished }: Asked): JsonObject {
  const line = finished.errorLines.find((one) => one['message_type'] === 'cost')
  if (!line) throw new Error('The command does not say what it costs')
  const { message: _message, during: _during, message_type: _type, ...cost } = line
  return cost
}

function sumOf(counts: JsonObject): number {
  return ['get', 'head', 'put', 'list', 'delete'].reduce(
    (sum, kind) => sum + Number(counts[kind] ?? 0),
    0,
  )
}

describe('a single file out of a repository of many packs', () => {
  it('costs ten requests, once the catalogue has caught up', async () => {
    const { store, root } = await makeRepository()
    const { space } = store
    const status = (await store.done(['status', '--json'])).json() as { packs: number }
    expect(status.packs).toBeGreaterThanOrEqual(20)
    const proxy = await startProxy(store.access.endpoint)
    // The catalogue of this way to it.
    await count(store, proxy, ['list'])

    const path = `${root}/cache/day 3/7/117.json`
    const restored = await count(store, proxy, ['restore', `latest:${path}`, '--target', 'one'])
    expect(readFileSync(space.at('one/117.json'), 'utf8')).toBe(contentOf(3, 117))
    // A lock, its time, who else has one (twice), what a prune is about to take, where everything is; the segment; two records; the lock.
    expect(restored.after).toBeLessThanOrEqual(10)
    // Before: the configuration, the list of keys, one key, and four listings.
    expect(restored.total).toBeLessThanOrEqual(17)
    expect(sumOf(restored.counts)).toBe(restored.total)

    const dumped = await count(store, proxy, ['dump', `latest:${path}`])
    expect(dumped.finished.stdout).toBe(contentOf(3, 117))
    expect([dumped.total, dumped.after]).toEqual([8, 1])

    const folder = await count(store, proxy, ['restore', `latest:${root}/cache/day 5`, '-t', 'day'])
    expect(readFileSync(space.at('day/9/149.json'), 'utf8')).toBe(contentOf(5, 149))
    expect(folder.after).toBeLessThanOrEqual(12)

    // What is needed of it is known before, to the byte, and how many requests that takes, nearly.
    const expected = costOf(await count(store, proxy, ['restore', '-n', `latest:${root}/large`]))
    expect(expected['downloaded_bytes']).toBeGreaterThan(largeBytes)
    expect(expected['downloaded_bytes']).toBeLessThan(1.02 * largeBytes)

    const large = await count(store, proxy, ['restore', `latest:${root}/large`, '-t', 'large'])
    expect(readFileSync(space.at('large/large')).equals(randomBytesOf(99, largeBytes))).toBe(true)
    const ideal = largeBytes / (8 * 1024 * 1024)
    expect(Number(large.counts['get'])).toBeLessThanOrEqual(3 * ideal)
    expect(Number(large.counts['downloaded_bytes'])).toBeLessThanOrEqual(1.15 * largeBytes)

    const dumpedLarge = await count(store, proxy, ['dump', `latest:${root}/large`])
    expect(Number(large.counts['get'])).toBeLessThanOrEqual(3 * Number(expected['get']))
    expect(costOf(large)).toEqual(expected)
    const planned = await count(store, proxy, ['verify', '--all', '--dry-run'])
    // Nothing but the configuration and the key.
    expect(planned.counts['get']).toBe(2)
    const verified = await count(store, proxy, ['verify', '--all'])
    const announced = costOf(verified)
    expect(announced).toEqual(costOf(planned))
    expect(Math.abs(sumOf(announced) - sumOf(verified.counts))).toBeLessThan(0.3 * verified.total)
    const apart = Math.abs(
      Number(announced['downloaded_bytes']) - Number(verified.counts['downloaded_bytes']),
    )
    expect(apart).toBeLessThan(0.05 * largeBytes)
    // By one thread, which tells all of it at once.
    expect(Number(dumpedLarge.counts['get'])).toBeLessThanOrEqual(2 * ideal)
  })
})
