import { mkdirSync, symlinkSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { workspace, type Workspace } from '../e2e/workspace.ts'
import { newS3Place, type S3Place } from './support/s3-repository.ts'

/** Made before commands run: while one does, this process answers nobody, and connections that it has kept end. */
const places: S3Place[] = []

beforeAll(async () => {
  for (const _ of [1, 2]) places.push(await newS3Place())
})

function s3Workspace(environment: Readonly<Record<string, string>>): Workspace {
  const place = places.pop()
  if (!place) throw new RangeError('There are no more places')
  return workspace({ HOLDFAST_REPOSITORY: place.location, ...place.environment, ...environment })
}

function makeSource(space: Workspace): void {
  space.write('source/vectors.f32', randomBytesOf(7, 3_000_000))
  for (let index = 0; index < 60; index++) {
    space.write(`source/cache/${index % 8}/${index}.json`, JSON.stringify({ index, hits: [1, 2] }))
  }
  space.write('source/empty', '')
  mkdirSync(space.at('source/empty folder'))
  symlinkSync('cache/3', space.at('source/link'))
}

describe.each([
  ['an encrypted repository', { HOLDFAST_PASSPHRASE: 'correct horse' }],
  ['an unencrypted repository', {}],
])('every command on %s in a bucket', (_kind, environment) => {
  it('does what it does on a folder', () => {
    const space = s3Workspace(environment)
    makeSource(space)
    const root = space.at('source').slice(1)
    const created = space.done(['init', '--chunk-size', '64K', '--json']).json()
    expect(created).toMatchObject({ put_guard: 'atomic' })
    expect(space.run(['init']).status).toBe(1)

    const first = space.done(['snapshot', 'source', '--json']).line('summary')
    expect(first).toMatchObject({ files_new: 62, backup_type: 'full' })
    space.write('source/cache/0/0.json', 'changed')
    const second = space.done(['snapshot', 'source', '--tag', 'two', '--json']).line('summary')
    expect(second).toMatchObject({ files_changed: 1, files_unmodified: 61 })

    expect(space.done(['list', '--json']).json()).toHaveLength(2)
    expect(space.done(['ls', `latest:${root}`]).stdout).toContain('vectors.f32')
    expect(space.done(['find', '*.json']).stdout).toContain('0.json')
    expect(space.done(['diff', 'latest~1', 'latest']).stdout).toContain('0.json')
    expect(space.done(['dump', `latest:${root}/cache/0/0.json`]).stdout).toBe('changed')

    space.done(['restore', 'latest', '--target', 'restored'])
    expect(compareTrees(space.at('source'), space.at('restored', root)).differences).toEqual([])
    space.done(['restore', `latest~1:${root}/cache/0/0.json`, '--target', 'one'])

    space.done(['verify', '--all'])
    space.done(['check'])
    space.done(['stats'])
    space.done(['status'])
    space.done(['parity', 'set', '4+1'])
    space.done(['parity', 'update'])
    space.done(['export', 'latest', '--output', 'out'])
    if ('HOLDFAST_PASSPHRASE' in environment) {
      space.done(['key', 'list'])
    }

    // The catalogue is a view: another machine makes its own.
    const elsewhere = { environment: { HOME: space.at('elsewhere') } }
    expect(space.done(['list', '--json'], elsewhere).json()).toHaveLength(2)
    space.done(['repair', 'catalogue'], elsewhere)

    const [{ id }] = space.done(['list', '--json']).json() as readonly { id: string }[]
    space.done(['delete', id ?? '', '--yes'])
    space.done(['undelete', id ?? ''])
    space.done(['forget', '--keep-last', '1', '--prune', '--grace', '0'])
    space.done(['verify', '--all'], elsewhere)
    space.done(['restore', 'latest', '--target', 'again'], elsewhere)
    expect(compareTrees(space.at('source'), space.at('again', root)).differences).toEqual([])
  })
})
