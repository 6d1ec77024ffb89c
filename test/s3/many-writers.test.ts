import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { workspace, type Running, type Workspace } from '../e2e/workspace.ts'
import { newS3Place } from './support/s3-repository.ts'

const hosts = ['alpha', 'beta', 'gamma'] as const
const rounds = 3

const common = randomBytes(1_500_000)

/** What a machine of this name would have; half of it is what all have. */
function makeSource(space: Workspace, host: string, round: number): void {
  space.write(`${host}/common`, common)
  space.write(`${host}/own`, randomBytes(400_000))
  for (let index = 0; index < 30; index++) {
    space.write(`${host}/small/${index}`, `${host} ${round} ${index}`)
  }
}

/** A machine: a home of its own, and with it a catalogue of its own. */
function on(space: Workspace, host: string): { environment: Record<string, string> } {
  return { environment: { HOME: space.at(`home-${host}`) } }
}

it('machines back up and prune at the same time, one is killed, and no snapshot misses anything', async () => {
  const place = await newS3Place()
  const space = workspace({
    HOLDFAST_REPOSITORY: place.location,
    HOLDFAST_PASSPHRASE: 'correct horse',
    // A killed machine is waited for so long.
    HOLDFAST_LEASE_SECONDS: '8',
    ...place.environment,
  })
  space.done(['init', '--chunk-size', '64K'])
  const saved = new Map<string, string>()
  for (let round = 0; round < rounds; round++) {
    for (const host of hosts) makeSource(space, host, round)
    makeSource(space, 'victim', round)
    const runs = hosts.map((host): [string, Running] => {
      const argv = ['snapshot', host, '--host', host, '--json']
      return [host, space.start(argv, on(space, host))]
    })
    const victim = space.start(['snapshot', 'victim', '--host', 'victim'], on(space, 'victim'))
    const prunes = ['alpha', 'keeper'].map((host) =>
      space.start(
        ['prune', '--grace', '0', '--max-unused', '0', '--retry-lock', '60s', '--json'],
        on(space, host),
      ),
    )
    await sleep(300 + 400 * round)
    victim.process.kill('SIGKILL')
    for (const [host, run] of runs) {
      const { status, stderr, lines } = await run.finished
      expect(status, stderr).toBe(0)
      // That another was cut off may be told, and nothing worse.
      expect(stderr).not.toMatch(/damage|lost|missing/)
      const summary = lines.find((line) => line['message_type'] === 'summary')
      saved.set(`${host} ${round}`, String(summary?.['snapshot_id']))
    }
    for (const prune of prunes) expect((await prune.finished).status).toBe(0)
    // Something to prune in the next round.
    const gone = saved.get(`alpha ${round - 1}`)
    if (gone !== undefined) {
      space.done(['delete', gone, '--yes', '--retry-lock', '60s'], on(space, 'keeper'))
    }
  }
  // Killed runs are over by now.
  await sleep(8_500)
  space.done(['prune', '--grace', '0', '--max-unused', '0'], on(space, 'keeper'))
  space.done(['check'], on(space, 'keeper'))
  space.done(['verify', '--all'], on(space, 'fresh'))
  for (const host of hosts) {
    const id = saved.get(`${host} ${rounds - 1}`) ?? ''
    space.done(['restore', id, '--target', 'restored'], on(space, 'fresh'))
    const root = space.at(host).slice(1)
    expect(compareTrees(space.at(host), space.at('restored', root)).differences).toEqual([])
    rmSync(space.at('restored'), { recursive: true })
  }
  // What all machines have is stored once in the end, although they stored it at the same moment.
  const listing = new ListObjectsV2Command({ Bucket: place.bucket })
  const { Contents = [] } = await place.client.send(listing)
  const packs = Contents.filter(({ Key }) => Key?.includes('/packs/') === true)
  const bytes = packs.reduce((sum, { Size }) => sum + (Size ?? 0), 0)
  expect(bytes).toBeGreaterThan(1_500_000 + 3 * 400_000)
  expect(bytes).toBeLessThan(2 * 1_500_000 + 9 * 400_000)
})
