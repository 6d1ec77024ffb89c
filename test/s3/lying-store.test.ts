import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { randomBytesOf } from '../support/random-bytes.ts'
import { startProxy, type Act } from './support/store-proxy.ts'
import { storeWorkspace, type StoreWorkspace } from './support/store-workspace.ts'

/** The gate takes 10 s of them; `npm run test:s3` takes all. */
const isLong = process.env['HOLDFAST_TEST_S3'] === 'long'
const longRuns = isLong ? [1] : []
/* A store, or what stands before it, whose answers look right and are not: what is wrong is noticed, asked for again, and never handed out. */

function makeSource({ space }: StoreWorkspace): string {
  for (let index = 0; index < 20; index++) {
    space.write(`source/folder${index % 3}/file${index}`, randomBytesOf(index, 3_000))
  }
  space.write('source/large', randomBytesOf('large', 1_500_000))
  return space.at('source')
}

async function savedOnce(): Promise<{ place: StoreWorkspace; source: string }> {
  const place = await storeWorkspace()
  await place.done(['init'])
  const source = makeSource(place)
  await place.done(['snapshot', source])
  return { place, source }
}

function isEqual(left: string, right: string): boolean {
  execFileSync('diff', ['-r', left, right])
  return readdirSync(left).length > 3
}

const isOfObject = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'GET' && url.includes('x-id=GetObject')

/** One bit in the middle. */
function flipped(body: Buffer): Buffer {
  const bytes = Buffer.from(body)
  if (bytes.length > 0) bytes[bytes.length >> 1] ^= 16
  return bytes
}

describe('a store that answers with wrong bytes', () => {
  it('once for each object is asked again by every command, and that is told', async () => {
    const place = await storeWorkspace()
    const { space, access, address, done } = place
    await done(['init', '--chunk-size', '64K'])
    const source = makeSource(place)
    await done(['snapshot', source])
    space.write('source/new', 'another')
    await done(['snapshot', source])
    const lied = new Set<string>()
    const lie = (request: IncomingMessage): Act => {
      const path = request.url?.split('?')[0] ?? ''
      if (!isOfObject(request) || lied.has(path)) return 'pass'
      lied.add(path)
      // Every other one is sent as if it ended earlier.
      const rewrite = lied.size % 2 === 0 ? flipped : (body: Buffer) => body.subarray(1)
      return { rewrite }
    }
    const { endpoint } = await startProxy(access.endpoint, { act: lie })
    const machine = (name: string) => ({ HOLDFAST_CACHE_DIR: space.at(name) })
    const through = async (argv: readonly string[], name: string): Promise<string> => {
      lied.clear()
      const { stderr } = await done([...argv, '--repo', address(endpoint)], machine(name))
      expect(lied.size, argv.join(' ')).toBeGreaterThan(2)
      return stderr
    }
    const target = space.at('target')
    mkdirSync(target)
    expect(await through(['restore', 'latest', '--target', target], 'restoring')).toMatch(
      /^warning: \d+ answers of the store had other bytes/m,
    )
    expect(isEqual(source, join(target, source))).toBe(true)
    // What was wrong did not stay near.
    await done(['restore', 'latest', '--target', target], machine('restoring'))
    if (!isLong) return
    await through(['verify', '--all'], 'verifying')
    await through(['check', '--read-data'], 'checking')
    await through(['snapshot', source], 'saving')
    await through(['delete', 'latest~2', '--yes'], 'forgetting')
    await through(['undelete', ...(await forgotten(place))], 'forgetting anew')
    await through(['delete', 'latest', '--yes'], 'forgetting')
    await through(['prune', '--grace', '0', '--max-unused', '0'], 'pruning')
    await done(['verify', '--all'])
    await done(['check', '--read-data'], machine('honest'))
  })

  it.each(longRuns)(
    'each time gives no file that is wrong, and leaves nothing on record: run %i',
    async () => {
      const { place, source } = await savedOnce()
      const { space, access, address, done, run } = place
      const act = (request: IncomingMessage): Act =>
        isOfObject(request) && request.url?.includes('/packs/') === true
          ? { rewrite: flipped }
          : 'pass'
      const { endpoint } = await startProxy(access.endpoint, { act })
      const fresh = { HOLDFAST_CACHE_DIR: space.at('fresh') }
      mkdirSync(space.at('target'))
      const argv = ['restore', 'latest', '--target', space.at('target')]
      const { status, stderr } = await run([...argv, '--repo', address(endpoint)], fresh)
      expect(status).toBe(1)
      expect(stderr).toContain('Cannot restore')
      expect(readdirSync(space.at('target'))).toEqual([])
      // By the honest way the same machine restores without being asked to ignore anything.
      await done(argv, fresh)
      expect(isEqual(source, join(space.at('target'), source))).toBe(true)
    },
  )
})

async function forgotten({ done }: StoreWorkspace): Promise<string[]> {
  const listed = (await done(['list', '--forgotten', '--json'])).json() as { id: string }[]
  return listed.map(({ id }) => id)
}

describe('a listing that leaves something out', () => {
  it('takes nothing from a machine that has seen it, and no prune removes it', async () => {
    const place = await storeWorkspace()
    const { space, access, address, done } = place
    await done(['init'])
    const source = makeSource(place)
    await done(['snapshot', source])
    space.write('source/large', randomBytesOf('another', 1_500_000))
    await done(['snapshot', source])
    await done(['delete', 'latest~1', '--yes'])
    const hide =
      (folders: RegExp) =>
      ({ method, url = '' }: IncomingMessage): Act =>
        method === 'GET' && url.includes('list-type=2') && folders.test(url)
          ? { rewrite: withoutContents }
          : 'pass'
    const whole = await startProxy(access.endpoint, { act: hide(/(snapshots|index|packs)%2F/) })
    const hidden = ['--repo', address(whole.endpoint)]
    expect((await done(['list', '--json', ...hidden])).json()).toHaveLength(1)
    const saved = await done(['snapshot', source, ...hidden])
    expect(saved.stderr).not.toMatch(/missing|damage/)
    const some = await startProxy(access.endpoint, { act: hide(/snapshots%2F/) })
    const prune = ['prune', '--grace', '0', '--max-unused', '0']
    await done([...prune, '--repo', address(some.endpoint)])
    // Of a machine that has seen nothing of it all.
    const fresh = { HOLDFAST_CACHE_DIR: space.at('fresh') }
    await done(['verify', '--all'], fresh)
    expect((await done(['list', '--json'], fresh)).json()).toHaveLength(2)
    const target = space.at('target')
    mkdirSync(target)
    await done(['restore', 'latest', '--target', target], fresh)
    expect(isEqual(source, join(target, source))).toBe(true)
  })

  it.each(longRuns)(
    'names something that is not there keeps a prune from working, and is no damage: run %i',
    async () => {
      const { place, source } = await savedOnce()
      const { space, access, address, done, run } = place
      const { endpoint: honest } = await startProxy(access.endpoint)
      const [, bucket = ''] = new URL(address(honest).slice(3)).pathname.split('/')
      const ghost = `a/b/snapshots/${'ab'.repeat(32)}`
      const act = ({ method, url = '' }: IncomingMessage): Act =>
        method === 'GET' && url.includes('list-type=2') && url.includes('snapshots%2F')
          ? { rewrite: (body) => withContents(body, ghost) }
          : 'pass'
      const { endpoint } = await startProxy(access.endpoint, { act })
      const haunted = ['--repo', address(endpoint)]
      expect(bucket).toBe(place.bucket)
      await done(['snapshot', source, ...haunted])
      const { status, stderr } = await run(['prune', '--grace', '0', ...haunted])
      expect(status).toBe(21)
      expect(stderr).toContain('is listed and is not there')
      expect(stderr).toContain('nothing was removed')
      await done(['prune', '--grace', '0'])
      await done(['verify', '--all'], { HOLDFAST_CACHE_DIR: space.at('fresh') })
    },
  )
})

/** What a listing says of objects is gone. */
function withoutContents(body: Buffer): Buffer {
  return Buffer.from(body.toString().replaceAll(/<Contents>.*?<\/Contents>/gs, ''))
}

function withContents(body: Buffer, key: string): Buffer {
  const one = `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>100</Size></Contents>`
  const text = body.toString()
  const end = text.includes('<Contents>')
    ? text.indexOf('<Contents>')
    : text.lastIndexOf('</ListBucketResult>')
  return Buffer.from(text.slice(0, end) + one + text.slice(end))
}
