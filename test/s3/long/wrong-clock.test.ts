import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { startCeph } from '../engines/ceph.ts'
import type { Engine } from '../engines/engine.ts'
import { ownProgram } from './own-program.ts'

const shiftClock = join(import.meta.dirname, '../../browser/support/shift-clock.js')
const hourMs = 60 * 60_000

let ceph: Engine

beforeAll(async () => {
  ceph = await startCeph()
})

afterAll(() => ceph?.remove())

it.each([
  ['five hours ahead', -5 * hourMs],
  ['five hours behind', 5 * hourMs],
  ['400 days ahead', -400 * 24 * hourMs],
])('a machine whose clock is %s backs up and prunes, and harms nobody', async (_what, shiftMs) => {
  const { space, on, done, change, backUp, restoresTo } = ownProgram(ceph)
  space.done(['init'], on('one'))
  const wrong = {
    ...on('wrong').environment,
    NODE_OPTIONS: `--import=${shiftClock}`,
    HOLDFAST_TEST_CLOCK_SHIFT_MS: String(shiftMs),
  }
  change('one', 0)
  const forgotten = await backUp('one')
  change('one', 1)
  const kept = await backUp('one')
  await done('one', ['delete', forgotten, '--yes'])
  change('two', 0)
  const told = space.done(['snapshot', 'two', '--host', 'two'], { environment: wrong })
  expect(told.stderr).toMatch(/clock/)
  // By its own clock the grace of seven days is over, and every lease is.
  const beside = space.start(['snapshot', 'one', '--host', 'one', '--json'], on('one'))
  const pruned = space.start(['prune', '--max-unused', '0', '--retry-lock', '60s'], {
    environment: wrong,
  })
  expect((await pruned.finished).status).toBe(0)
  const { status, lines } = await beside.finished
  expect(status).toBe(0)
  const summary = lines.find((line) => line['message_type'] === 'summary')
  restoresTo('one', kept)
  restoresTo('one', String(summary?.['snapshot_id']))
  await done('one', ['undelete', forgotten])
  await done('fresh', ['verify', '--all'])
})
