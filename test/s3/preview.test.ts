import { rmSync } from 'node:fs'
import { expect, it } from 'vitest'

import type { Finished, JsonObject } from '../e2e/workspace.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { storeWorkspace, type StoreWorkspace } from './support/store-workspace.ts'

/*
 * What a command says that it will cost, held against what the client has counted. Opening the repository, the lock and the look at what there
 * is to do come before, and are not in it.
 */

const kinds = ['get', 'put', 'list', 'delete'] as const
/** Bytes of small objects are not known before; they are some hundred each. */
const smallBytes = 256 * 1024
/** Requests of a command besides what it does. */
const openingMax = 45

interface Told {
  readonly expected: JsonObject | undefined
  readonly asked: JsonObject
}

async function tell(store: StoreWorkspace, ...argv: readonly string[]): Promise<Told> {
  const { errorLines }: Finished = await store.done([...argv, '--json'])
  const find = (type: string): JsonObject | undefined =>
    errorLines.find((line) => line['message_type'] === type)
  const asked = find('requests')
  if (!asked) throw new Error('The command does not say what it asked for')
  return { expected: find('cost'), asked }
}

function sum(counts: JsonObject | undefined): number {
  return kinds.reduce((total, kind) => total + Number(counts?.[kind] ?? 0), 0)
}

/** A preview, and then the real thing. */
async function compare(store: StoreWorkspace, preview: readonly string[], real: readonly string[]) {
  const planned = await tell(store, ...preview)
  const done = await tell(store, ...real)
  const bytes = Number(planned.expected?.['downloaded_bytes'] ?? 0)
  const askedBytes =
    Number(done.asked['downloaded_bytes']) - Number(planned.asked['downloaded_bytes'])
  const sent = Number(planned.expected?.['uploaded_bytes'] ?? 0)
  const askedSent = Number(done.asked['uploaded_bytes']) - Number(planned.asked['uploaded_bytes'])
  expect(Math.abs(askedBytes - bytes)).toBeLessThan(0.03 * bytes + smallBytes)
  expect(Math.abs(askedSent - sent)).toBeLessThan(0.03 * sent + smallBytes)
  const requests = sum(planned.expected)
  expect(sum(done.asked)).toBeGreaterThanOrEqual(0.8 * requests)
  expect(sum(done.asked)).toBeLessThan(1.2 * requests + openingMax)
  return { planned, done, requests, bytes, sent }
}

it('is right for many small packs, for packs of which half is needed, and where there is nothing to do', async () => {
  const store = await storeWorkspace()
  const { space } = store
  await store.done(['init'])
  for (let day = 0; day < 5; day++) {
    space.write(`source/new ${day}`, randomBytesOf(day, 600_000))
    if (day >= 3) rmSync(space.at(`source/new ${day - 3}`))
    await store.done(['snapshot', 'source'])
  }
  const verified = await compare(store, ['verify', '--all', '-n'], ['verify', '--all'])
  expect(verified.bytes).toBeGreaterThan(5 * 600_000)
  // Looking reads nothing but the configuration and the key.
  expect(verified.planned.asked['get']).toBe(2)
  const target = ['latest', '--target', 'restored']
  const restored = await compare(store, ['restore', ...target, '-n'], ['restore', ...target])
  expect(restored.bytes).toBeGreaterThan(3 * 600_000)
  expect(restored.planned.asked['get']).toBe(2)
  await store.done(['forget', '--keep-last', '1'])
  const dead = await compare(store, ['prune', '--grace', '0', '-n'], ['prune', '--grace', '0'])
  expect(Number(dead.planned.expected?.['delete'])).toBeGreaterThan(4)

  const idle = await compare(store, ['prune', '--grace', '0', '-n'], ['prune', '--grace', '0'])
  expect([idle.requests, idle.bytes, idle.sent]).toEqual([0, 0, 0])
  // A look costs no more than the run.
  expect(sum(idle.planned.asked)).toBeLessThanOrEqual(sum(idle.done.asked))

  for (let file = 0; file < 40; file++) {
    space.write(`source/half/${file}`, randomBytesOf(100 + file, 1_000_000))
  }
  await store.done(['snapshot', 'source'])
  for (let file = 0; file < 40; file += 2) rmSync(space.at(`source/half/${file}`))
  await store.done(['snapshot', 'source'])
  await store.done(['forget', '--keep-last', '1'])
  const half = await compare(store, ['prune', '--grace', '0', '-n'], ['prune', '--grace', '0'])
  expect(half.bytes).toBeGreaterThan(15_000_000)
  expect(half.sent).toBeGreaterThan(15_000_000)
})
