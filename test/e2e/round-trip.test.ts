import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { workspace, type JsonObject, type Workspace } from './workspace.ts'

/** Random enough that nothing compresses and equal on every run. */
function noise(lengthBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes)
  let state = seed
  for (let offset = 0; offset < lengthBytes; offset += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes.writeInt32LE(state ^ (state >>> 15), offset)
  }
  return bytes
}

function makeSource(space: Workspace): void {
  space.write('source/vectors.f32', noise(2 << 20, 7))
  for (let index = 0; index < 60; index++) {
    space.write(`source/cache/${index % 8}/${index}.json`, JSON.stringify({ index, hits: [1, 2] }))
  }
  space.write('source/empty', '')
  space.write('source/name\nwith line end', 'odd')
  mkdirSync(space.at('source/empty folder'))
  symlinkSync('cache/3', space.at('source/link'))
}

interface ListedSnapshot {
  readonly id: string
  readonly backup_id: string
  readonly status: string
  readonly tags: readonly string[]
  readonly summary: JsonObject
}

function list(space: Workspace, ...argv: string[]): readonly ListedSnapshot[] {
  return space.done(['list', '--json', ...argv]).json() as ListedSnapshot[]
}

describe.each([
  ['an unencrypted repository', {}, 'none'],
  ['an encrypted repository', { HOLDFAST_PASSPHRASE: 'correct horse' }, 'aes-256-gcm'],
])('every command on %s', (_, environment, encryption) => {
  it('saves, lists, shows, restores, verifies, deletes, frees and rebuilds', () => {
    const space = workspace(environment)
    makeSource(space)
    const root = space.at('source').slice(1)

    const created = space.done(['init', '--json', '--chunk-size', '64K']).json()
    expect(created).toMatchObject({ encryption, chunk_average_bytes: 65_536 })
    expect(space.done(['cat', 'config', '--json']).json()).toMatchObject({ version: 1, encryption })

    const first = space.done(['snapshot', 'source', '--tag', 'one', '--json']).line('summary')
    expect(first).toMatchObject({ files_new: 63, unreadable: 0, backup_type: 'full' })
    expect(first['data_added_packed']).toBeGreaterThan(2 << 20)
    space.write('source/cache/0/0.json', 'changed')
    space.write('source/cache/new', noise(100_000, 9))
    const second = space.done(['backup', 'source', '--tag', 'two', '--json']).line('summary')
    expect(second).toMatchObject({ files_new: 1, files_changed: 1, files_unmodified: 62 })
    expect(second['data_added_packed']).toBeLessThan(130_000)

    const snapshots = list(space)
    expect(snapshots.map(({ id }) => id)).toEqual([first['snapshot_id'], second['snapshot_id']])
    expect(list(space, '--tag', 'two').map(({ tags }) => tags)).toEqual([['two']])

    const [header, ...nodes] = space.done(['ls', '-R', '--json', `latest:${root}`]).lines
    expect(header).toMatchObject({ message_type: 'snapshot', id: second['snapshot_id'] })
    expect(nodes.filter(({ type }) => type === 'file')).toHaveLength(64)
    expect(nodes).toContainEqual(
      expect.objectContaining({ path: `${root}/link`, type: 'symlink', linktarget: 'cache/3' }),
    )
    const longList = space.done(['ls', '-l', `latest:${root}`]).stdout
    expect(longList).toContain('name\\nwith line end')

    const dumped = space.done(['dump', `latest~1:${root}/cache/0/0.json`]).stdout
    expect(dumped).toBe('{"index":0,"hits":[1,2]}')
    expect(space.done(['cat', 'snapshot', 'latest', '--json']).json()).toMatchObject({
      backupId: second['backup_id'],
      parentId: first['snapshot_id'],
    })
    const tree = space.done(['cat', 'tree', `latest:${root}`, '--json']).json() as JsonObject
    expect(tree['nodes']).toHaveLength(6)

    space.done(['restore', `latest:${root}`, '--target', 'restored'])
    expect(compareTrees(space.at('source'), space.at('restored')).differences).toEqual([])
    const single = ['restore', `latest:${root}/vectors.f32`, '--target', 'single', '--json']
    expect(space.done(single).line('summary')).toMatchObject({ files_restored: 1, error_count: 0 })
    expect(readFileSync(space.at('single/vectors.f32'))).toEqual(
      readFileSync(space.at('source/vectors.f32')),
    )

    const proved = space.done(['verify', '--all', '--json']).line('summary')
    expect(proved).toMatchObject({ num_errors: 0, snapshots: 2 })
    expect(list(space).map(({ status }) => status)).toEqual(['verified', 'verified'])

    const before = space.done(['status', '--json']).json() as JsonObject
    expect(before).toMatchObject({ encryption, snapshots: 2, verified_snapshots: 2 })
    space.done(['delete', String(second['backup_id']), '--yes'])
    const freed = space.done(['prune', '--grace', '0', '--json']).line('summary')
    expect(freed['bytes_freed']).toBeGreaterThan(90_000)
    const after = space.done(['status', '--json']).json() as JsonObject
    expect(after).toMatchObject({ snapshots: 1 })
    expect(Number(before['stored_bytes']) - Number(after['stored_bytes'])).toBe(
      freed['bytes_freed'],
    )

    const rebuilt = space.done(['repair', 'catalogue', '--json']).line('summary')
    expect(rebuilt).toMatchObject({ snapshots: 1, num_errors: 0 })
    // Ages of alerts go on while the catalogue is built.
    const {
      alerts: _alerts,
      verdict: _verdict,
      ...again
    } = space.done(['status', '--json']).json() as JsonObject
    const { alerts: _before, verdict: _same, ...expected } = after
    expect(again).toEqual(expected)
    expect(space.done(['verify', 'latest', '--json']).line('summary')).toMatchObject({
      num_errors: 0,
    })
    expect(space.done(['dump', `latest:${root}/cache/0/0.json`]).stdout).toBe(dumped)
  })
})

describe('an encrypted repository', () => {
  it('opens with every passphrase that it has and with no other', () => {
    const open = (passphrase: string) => ({ environment: { HOLDFAST_PASSPHRASE: passphrase } })
    const space = workspace({ HOLDFAST_PASSPHRASE: 'first' })
    space.write('data', 'secret words in a file')
    space.done(['init'])
    space.done(['snapshot', 'data'])

    chmodSync(space.write('second.pass', 'second\n'), 0o600)
    space.done(['key', 'add', '--label', 'spare', '--new-passphrase-file', 'second.pass'])
    expect(space.run(['list'], open('second')).status).toBe(0)
    space.done(['key', 'change'], {
      environment: { HOLDFAST_PASSPHRASE: 'second', HOLDFAST_NEW_PASSPHRASE: 'third' },
    })
    expect(space.run(['list'], open('second')).status).toBe(12)
    const keys = space.done(['key', 'list', '--json'], open('third')).json() as JsonObject[]
    const others = keys.filter(({ current }) => current === false)
    expect([keys.length, others.length]).toEqual([2, 1])
    space.done(['key', 'remove', String(others[0]['id'])], open('third'))
    expect(space.run(['list']).status).toBe(12)
    expect(space.run(['list'], open('third')).status).toBe(0)
  })

  it('holds no name and no content in the clear', () => {
    const space = workspace({ HOLDFAST_PASSPHRASE: 'first' })
    space.write('a-telling-name', 'words that must not be seen '.repeat(10))
    space.done(['init'])
    space.done(['snapshot', 'a-telling-name'])
    for (const bytes of repositoryFiles(space)) {
      expect(bytes.includes('a-telling-name')).toBe(false)
      expect(bytes.includes('must not be seen')).toBe(false)
    }
  })
})

function repositoryFiles(space: Workspace): Buffer[] {
  const names = readdirSync(space.repository, { recursive: true, withFileTypes: true })
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
}
