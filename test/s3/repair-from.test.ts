import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { readdirSync, rmSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { workspace, type Workspace } from '../e2e/workspace.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { givenCeph, givenOtherAccount } from './engines/given-ceph.ts'
import {
  bucketEnd,
  doneBeside,
  environmentFor,
  environmentFrom,
  packsIn,
  type RepositoryEnd,
} from './support/repository-ends.ts'

let ours: RepositoryEnd[] = []
let theirs: RepositoryEnd[] = []

beforeAll(async () => {
  const [one, two] = [await givenCeph(), await givenOtherAccount()]
  ours = [await bucketEnd(one, 'of ours'), await bucketEnd(one)]
  theirs = [await bucketEnd(two)]
})

/** Every pack is gone, but for the first of a bucket, which has other bytes. */
async function damage(end: RepositoryEnd): Promise<void> {
  if (!end.client) {
    for (const name of readdirSync(`${end.location}/packs`)) rmSync(`${end.location}/packs/${name}`)
    return
  }
  const { names } = await packsIn(end)
  for (const [at, Key] of names.entries()) {
    const object = { Bucket: end.bucket, Key }
    if (at > 0) await end.client.send(new DeleteObjectCommand(object))
    else await end.client.send(new PutObjectCommand({ ...object, Body: randomBytesOf(1, 5000) }))
  }
}

it.each<[string, (space: Workspace) => [RepositoryEnd, RepositoryEnd]]>([
  ['a bucket from a folder', (space) => [ours.pop()!, { location: space.at('folder') }]],
  ['a folder from a bucket', (space) => [{ location: space.at('folder') }, theirs.pop()!]],
])('repair packs --from heals %s', async (_name, ends) => {
  const space = workspace()
  const [damaged, other] = ends(space)
  space.write('source/large', randomBytesOf(9, 3_000_000))
  for (let file = 0; file < 20; file++) space.write(`source/${file % 3}/${file}`, `text ${file}`)
  const environment = { ...environmentFor(damaged), ...environmentFrom(other) }
  await doneBeside(space, ['init'], environment)
  await doneBeside(space, ['init'], environmentFor(other))
  await doneBeside(space, ['snapshot', 'source'], environment)
  const turned = { ...environmentFor(other), ...environmentFrom(damaged) }
  await doneBeside(space, ['copy'], turned)
  await damage(damaged)
  expect((await space.start(['verify', 'latest'], { environment }).finished).status).toBe(20)

  const argv = ['repair', 'packs', '--from', other.location]
  expect((await space.start(argv, { environment }).finished).status).toBe(20)
  const repaired = await doneBeside(space, [...argv, '--apply'], environment)
  expect(repaired.stdout).toContain('came back')
  const elsewhere = { ...environment, HOME: space.at('elsewhere') }
  await doneBeside(space, ['verify', '--all'], elsewhere)
  await doneBeside(space, ['restore', 'latest', '--target', 'restored'], elsewhere)
  const restored = space.at('restored', space.at('source').slice(1))
  expect(compareTrees(space.at('source'), restored).differences).toEqual([])
})
