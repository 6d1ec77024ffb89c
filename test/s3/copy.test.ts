import { beforeAll, describe, expect, it, vi } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { workspace, type Workspace } from '../e2e/workspace.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import type { S3Access } from './engines/engine.ts'
import { givenCeph, givenOtherAccount } from './engines/given-ceph.ts'
import {
  bucketEnd,
  doneBeside,
  environmentFor,
  environmentFrom,
  packsIn,
  requestsOf,
  type RepositoryEnd,
} from './support/repository-ends.ts'
import { startProxy } from './support/store-proxy.ts'

/* Copies to, from and between buckets, also of two accounts of which neither sees what the other has. */

const MiB = 1024 * 1024
const largeBytes = 6 * MiB

let ours: S3Access
let theirs: S3Access

beforeAll(async () => {
  ours = await givenCeph()
  theirs = await givenOtherAccount()
})

type Place = 'a folder' | 'our bucket' | 'their bucket'

async function endIn(space: Workspace, place: Place, passphrase?: string): Promise<RepositoryEnd> {
  if (place !== 'a folder') {
    return await bucketEnd(place === 'our bucket' ? ours : theirs, passphrase)
  }
  return { location: space.at('folder'), ...(passphrase !== undefined && { passphrase }) }
}

type Way = [Place, string | undefined, Place, string | undefined]

const isLong = process.env['HOLDFAST_TEST_S3'] === 'long'
/** Of 16 MiB each. */
const sizes = isLong ? [3, 8] : [3]
/** The last one has both ends in buckets; `npm run test:s3` takes the others besides. */
const ways: Way[] = [
  ['a folder', 'of the folder', 'our bucket', undefined],
  ['our bucket', undefined, 'a folder', 'of the folder'],
  ['our bucket', 'of ours', 'their bucket', 'of theirs'],
].slice(isLong ? 0 : -1) as Way[]

describe('holdfast copy', () => {
  it.each(ways)(
    'from %s (%s) to %s (%s): whole, and once',
    async (fromPlace, fromPass, toPlace, toPass) => {
      const space = workspace()
      const from = await endIn(space, fromPlace, fromPass)
      const to = await endIn(space, toPlace, toPass)
      const save = async (): Promise<void> => {
        await doneBeside(space, ['snapshot', 'source'], environmentFor(from))
      }
      space.write('source/large', randomBytesOf(5, largeBytes))
      for (let file = 0; file < 40; file++) {
        space.write(`source/${file % 5}/${file}`, `content ${file} `.repeat(200))
      }
      await doneBeside(space, ['init'], environmentFor(from))
      await save()
      space.write('source/1/1', 'changed')
      await save()
      const environment = { ...environmentFor(to), ...environmentFrom(from) }
      await doneBeside(space, ['init'], environment)

      const first = await doneBeside(space, ['copy', '--json'], environment)
      expect(first.line('summary')).toMatchObject({ copied: 2, present: 0 })
      const elsewhere = { ...environmentFor(to), HOME: space.at('elsewhere') }
      await doneBeside(space, ['restore', 'latest', '--target', 'restored'], elsewhere)
      const restored = space.at('restored', space.at('source').slice(1))
      expect(compareTrees(space.at('source'), restored).differences).toEqual([])

      // What changed is all that is fetched and sent.
      space.write('source/2/2', 'changed, too')
      await save()
      const second = await doneBeside(space, ['copy', '--verify', '--json'], environment)
      expect(second.line('summary')).toMatchObject({ copied: 1, present: 2, verified: true })
      const sent = [[to, 'uploaded_bytes'] as const, [from, 'downloaded_bytes'] as const]
      for (const [end, kind] of sent) {
        if (!end.access) continue
        expect(requestsOf(first, end)[kind]).toBeGreaterThan(largeBytes)
        expect(requestsOf(second, end)[kind]).toBeLessThan(largeBytes / 20)
      }
      await doneBeside(space, ['check', '--read-data'], environmentFor(to))
    },
  )

  it.each(sizes)(
    'that was killed amid its uploads sends only the rest: %i files',
    async (files) => {
      const space = workspace()
      const from = await endIn(space, 'a folder')
      const to = await endIn(space, 'our bucket', 'of ours')
      for (let file = 0; file < files; file++) {
        space.write(`source/${file}`, randomBytesOf(60 + file, 16 * MiB))
      }
      await doneBeside(space, ['init'], environmentFor(from))
      await doneBeside(space, ['snapshot', 'source'], environmentFor(from))
      const environment = { ...environmentFor(to), ...environmentFrom(from) }
      await doneBeside(space, ['init'], environment)

      let packs = 0
      const { endpoint, seen } = await startProxy(ours.endpoint, {
        act: ({ method, headers }) =>
          method === 'PUT' && Number(headers['content-length']) > MiB && ++packs > 1
            ? 'hang'
            : 'pass',
      })
      const proxied = to.location.replace(ours.endpoint, endpoint)
      const killed = space.start(['copy', '--repo', proxied], { environment })
      await vi.waitUntil(() => seen.some(({ act }) => act === 'hang'), { timeout: 20_000 })
      await vi.waitUntil(async () => (await packsIn(to)).bytes > MiB, { timeout: 20_000 })
      killed.process.kill('SIGKILL')
      await killed.finished
      const { bytes: stored } = await packsIn(to)

      const resumed = await doneBeside(space, ['copy', '--json'], environment)
      expect(resumed.line('summary')).toMatchObject({ copied: 1 })
      expect(requestsOf(resumed, to).uploaded_bytes).toBeLessThan((16 * files + 2) * MiB - stored)
      expect((await packsIn(to)).bytes).toBeLessThan((16 * files + 2) * MiB)
      await doneBeside(space, ['verify', '--all'], environmentFor(to))
    },
  )
})
