import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { connect } from './engines/buckets.ts'
import { startProxy } from './support/store-proxy.ts'
import { storeWorkspace } from './support/store-workspace.ts'

/* A run that is killed while it uploads is not begun again from the start. */

const files = 130
const fileBytes = 1_000_000
const isPack = (line: string): boolean => line.startsWith('PUT ') && line.includes('/packs/')

it('what the store had taken of a killed snapshot is not sent again', async () => {
  const store = await storeWorkspace()
  const { space, access, bucket } = store
  for (let file = 0; file < files; file++) {
    space.write(`source/${file % 10}/${file}`, randomBytesOf(file, fileBytes))
  }
  await store.done(['init'])
  const packs: string[] = []
  // Two packs get there; whatever follows waits for an answer that does not come.
  const proxy = await startProxy(access.endpoint, {
    act: ({ method, url }) => {
      if (!isPack(`${method} ${url}`)) return 'pass'
      packs.push(url ?? '')
      return packs.length > 2 ? 'hang' : 'pass'
    },
  })
  const environment = { HOLDFAST_REPOSITORY: store.address(proxy.endpoint) }
  const run = space.start(['snapshot', 'source'], { environment })
  const client = connect(access)
  const stored = async (): Promise<{ count: number; bytes: number }> => {
    const { Contents = [] } = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: 'a/b/packs/' }),
    )
    return { count: Contents.length, bytes: Contents.reduce((sum, { Size = 0 }) => sum + Size, 0) }
  }
  while (packs.length < 3 || (await stored()).count < 2) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  run.process.kill('SIGKILL')
  await run.finished
  const before = await stored()
  expect(before.count).toBe(2)
  // A pack has up to 32 MiB, as its lot falls.
  expect(before.bytes).toBeGreaterThan(10_000_000)

  const { errorLines, lines } = await store.done(['snapshot', 'source', '--json'])
  const told = errorLines.concat(lines).map((line) => JSON.stringify(line))
  expect(told.join('\n')).toContain('2 packs of a run that was cut off are used again')
  const counts = errorLines.find((line) => line['message_type'] === 'requests')
  const total = files * fileBytes
  // All that is there was sent once, beside directories, index and padding.
  expect(Number(counts?.['uploaded_bytes'])).toBeLessThan(1.04 * total - before.bytes)
  // Of the packs that are used again only the ends were read.
  expect(Number(counts?.['downloaded_bytes'])).toBeLessThan(500_000)
  const after = await stored()
  expect(Number(counts?.['put'])).toBeLessThan(after.count - before.count + 20)
  expect(after.bytes).toBeLessThan(1.04 * total)

  await store.done(['restore', 'latest', '--target', 'restored'])
  const root = space.at('source').slice(1)
  expect(compareTrees(space.at('source'), space.at('restored', root)).differences).toEqual([])
})
