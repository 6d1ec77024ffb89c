import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { seededRandom } from '../support/faulty-storage.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { startProxy, type Act } from './support/store-proxy.ts'
import { storeWorkspace, type StoreWorkspace } from './support/store-workspace.ts'

/* A store that fails now and then, or refuses: what is begun ends well, or with an error that says what to do. */

/** Small files and some that are cut into many chunks. */
function makeSource({ space }: StoreWorkspace, seed: number): string {
  for (let index = 0; index < 60; index++) {
    space.write(`source/folder${index % 7}/file${index}`, `content ${seed} ${index}`.repeat(50))
  }
  for (let index = 0; index < 3; index++) {
    space.write(`source/large${index}`, randomBytesOf(seed * 100 + index, 2_000_000))
  }
  return space.at('source')
}

function isEqual(left: string, right: string): boolean {
  execFileSync('diff', ['-r', left, right])
  return readdirSync(left).length > 3
}

const acts: readonly Act[] = [
  { status: 500, name: 'InternalError' },
  { status: 503, name: 'SlowDown' },
  { status: 502, name: 'BadGateway' },
  { status: 409, name: 'OperationAborted' },
  'cut',
  'lose',
]

/** One takes 20 s; `npm run test:s3` takes more of them. */
const seeds = process.env['HOLDFAST_TEST_S3'] === 'long' ? [1, 2, 3, 4, 5, 6] : [1]

describe('a store that fails now and then', () => {
  it.each(seeds)('loses and breaks nothing: seed %i', async (seed) => {
    const place = await storeWorkspace()
    const { space, access, address, done } = place
    const random = seededRandom(seed)
    // Of five requests one fails, in a way of its own; the rest of a body that was cut has to come again.
    const act = (): Act =>
      random() < 0.2 ? (acts[Math.floor(random() * acts.length)] ?? 'pass') : 'pass'
    const { endpoint, seen } = await startProxy(access.endpoint, { act })
    const repo = ['--repo', address(endpoint)]
    await done(['init', ...repo])
    const source = makeSource(place, seed)
    await done(['snapshot', ...repo, source])
    space.write('source/new', 'another')
    await done(['snapshot', ...repo, source])
    await done(['verify', '--all', ...repo])
    // Another machine, which has nothing near.
    const fresh = { HOLDFAST_CACHE_DIR: space.at('fresh-cache') }
    const target = space.at('target')
    mkdirSync(target)
    await done(['restore', 'latest', ...repo, '--target', target], fresh)
    expect(isEqual(source, join(target, source))).toBe(true)
    await done(['delete', 'latest~1', '--yes', ...repo])
    await done(['prune', ...repo])
    await done(['check', '--read-data', ...repo])
    // Each way was met, but for what chance left out.
    const met = new Set(seen.map((one) => JSON.stringify(one.act)))
    expect(met.size).toBeGreaterThan(4)
    // What the store itself holds, without anything in between.
    await done(['check', '--read-data', '--repo', address()], {
      HOLDFAST_CACHE_DIR: space.at('third-cache'),
    })
  })

  it('is waited for while requests hang', async () => {
    const place = await storeWorkspace()
    const { space, access, address, done } = place
    const act = (_: IncomingMessage, number: number): Act => (number % 9 === 4 ? 'hang' : 'pass')
    const { endpoint, seen } = await startProxy(access.endpoint, { act })
    const repo = ['--repo', address(endpoint)]
    const patience = { HOLDFAST_S3_TIMEOUT_SECONDS: '1' }
    await done(['init', ...repo], patience)
    const source = makeSource(place, 4)
    await done(['snapshot', ...repo, source], patience)
    const target = space.at('target')
    mkdirSync(target)
    const restore = ['restore', 'latest', ...repo, '--target', target, '--no-verify', '--yes']
    await done(restore, patience)
    expect(isEqual(source, join(target, source))).toBe(true)
    expect(seen.some((one) => one.act === 'hang')).toBe(true)
  })
})

const isWrite = ({ method }: IncomingMessage): boolean => method === 'PUT' || method === 'DELETE'

describe('a store that refuses', () => {
  it('writes lets those read who may only read', async () => {
    const place = await storeWorkspace()
    const { space, access, address, done, run } = place
    await done(['init'])
    const source = makeSource(place, 5)
    await done(['snapshot', source])
    await done(['verify', '--all'])
    const act = (request: IncomingMessage): Act =>
      isWrite(request) ? { status: 403, name: 'AccessDenied' } : 'pass'
    const { endpoint } = await startProxy(access.endpoint, { act })
    const repo = ['--repo', address(endpoint)]
    const reader = { HOLDFAST_CACHE_DIR: space.at('reader') }
    await done(['list', ...repo], reader)
    await done(['ls', 'latest', ...repo], reader)
    await done(['verify', '--all', ...repo], reader)
    await done(['check', ...repo], reader)
    const target = space.at('target')
    mkdirSync(target)
    await done(['restore', 'latest', ...repo, '--target', target], reader)
    expect(isEqual(source, join(target, source))).toBe(true)
    for (const argv of [['snapshot', source], ['prune'], ['delete', 'latest', '--yes']]) {
      const { status, stderr } = await run([...argv, ...repo], reader)
      expect(status, argv.join(' ')).toBe(21)
      expect(stderr).toContain('AccessDenied: said the proxy (HTTP 403)')
      expect(stderr).toContain('Give these credentials the permission')
    }
    expect((await done(['list', '--json'])).json()).toHaveLength(1)
  })

  it('more bytes is full, which is no damage and no lack of permission', async () => {
    const place = await storeWorkspace()
    const { access, address, done, run } = place
    await done(['init'])
    const act = ({ method, url = '' }: IncomingMessage): Act =>
      method === 'PUT' && url.includes('/packs/') ? { status: 403, name: 'QuotaExceeded' } : 'pass'
    const { endpoint } = await startProxy(access.endpoint, { act })
    const source = makeSource(place, 6)
    const full = await run(['snapshot', '--repo', address(endpoint), source])
    expect(full.status).toBe(1)
    expect(full.stderr).toContain('the store is full')
    expect(full.stderr).toContain('Raise its quota')
    // With room again the same backup goes through.
    await done(['snapshot', source])
    await done(['verify', '--all'])
  })

  it('a clock that is wrong names it', async () => {
    const { access, address, run } = await storeWorkspace()
    const act = (): Act => ({ status: 403, name: 'RequestTimeTooSkewed' })
    const { endpoint } = await startProxy(access.endpoint, { act })
    const environment = { HOLDFAST_S3_RETRY_SECONDS: '1' }
    const { status, stderr } = await run(['list', '--repo', address(endpoint)], environment)
    expect(status).toBe(21)
    expect(stderr).toContain("this machine's clock and the store's differ too much")
  })
})
