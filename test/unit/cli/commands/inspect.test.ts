import { describe, expect, it } from 'vitest'

import type { ListedEntry } from '../../../../src/cli/library.ts'
import { recordTerminal } from '../../../support/record-terminal.ts'
import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { entries, snapshot } from '../stand-in-samples.ts'

describe('holdfast list', () => {
  it.each(['list', 'snapshots'])('is also %s and aligns its columns', async (name) => {
    const { status, out } = await run([name], { environment: { TZ: 'UTC' } })
    expect(status).toBe(0)
    const [titles, first, second] = out.split('\n')
    for (const title of ['Backup', 'Time', 'Status', 'Host', 'Tags']) {
      const column = titles.indexOf(title)
      expect(first[column - 1]).toBe(' ')
      expect(first[column]).not.toBe(' ')
    }
    expect(first).toContain('1a2b3c4d  backup_1790000000')
    expect(first).toContain('verified')
    expect(first).toContain('4,015  1.4 GiB  nightly,web  before\\nupgrade')
    expect(second).toContain('created')
  })

  it('hands filters over: tags of one option together, of several as a choice', async () => {
    const argv = ['list', '--type', 'full', '--tag', 'a,b', '--tag', 'c', '-H', 'h']
    expect((await run(argv)).given('listSnapshots')).toEqual({
      type: 'full',
      tags: [['a', 'b'], ['c']],
      hosts: ['h'],
    })
  })

  it('prints one JSON array, with bytes of names that are not UTF-8', async () => {
    const [list] = (await run(['list', '--json'])).json() as unknown as Record<string, unknown>[][]
    expect(list).toHaveLength(2)
    expect(list[0]).toMatchObject({
      id: snapshot.id,
      short_id: '1a2b3c4d',
      time: '2026-09-21T14:13:20.000Z',
      status: 'verified',
      paths: ['/srv/app/data', '/\ufffd'],
      paths_b64: [Buffer.from('/srv/app/data').toString('base64'), 'L/8='],
      backup_type: 'full',
      description: 'before\nupgrade',
    })
  })

  it('says so when there is nothing, and gives [] as JSON', async () => {
    const standIn = createStandIn({ listSnapshots: async () => [] })
    expect((await run(['list'], { standIn })).out).toBe('No snapshots\n')
    expect((await run(['list', '--json'], { standIn })).out).toBe('[]\n')
  })

  it.each([80, 100, 120, 140])('fits a terminal of %d columns', async (outputColumns) => {
    const { out } = await run(['list'], { terminal: recordTerminal({ outputColumns }) })
    const lines = out.split('\n')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(outputColumns)
    expect(lines[1]).toMatch(/^1a2b3c4d .*full .*verified .*1\.4 GiB .*before/)
  })

  it('marks the titles where colours are on', async () => {
    const terminal = recordTerminal({ outputColumns: 100, useColour: true })
    expect((await run(['list'], { terminal })).out.startsWith('\u001b[1mID')).toBe(true)
  })
})

describe('holdfast ls', () => {
  it('escapes names and marks directories', async () => {
    const { out, given } = await run(['ls', 'latest:data'])
    expect(out).toBe('data/\ndata/a\\nb.txt\nd/\\xff\nlink\n')
    expect(given('listTree')).toEqual({ path: Buffer.from('data'), recursive: false })
  })

  it('shows mode, owner, size and link targets with -l', async () => {
    const { out } = await run(['ls', '-l', '--recursive', 'latest'])
    const [directory, file, , link] = out.split('\n')
    expect(directory).toMatch(/^drwxr-sr-x {2}1000 {3}100 +9 2001-09-0\d \d\d:46:40 data$/)
    expect(file).toMatch(/^-rwSr----- .* 1234 .* data\/a\\nb\.txt$/)
    expect(link).toMatch(/^lrwxrwxrwx .* link -> data$/)
  })

  it('prints the snapshot and one JSON line for each entry', async () => {
    const [first, ...nodes] = (await run(['ls', 'latest', '--json'])).json()
    expect(first).toMatchObject({ message_type: 'snapshot', id: snapshot.id })
    expect(nodes).toHaveLength(entries.length)
    expect(nodes[1]).toEqual({
      message_type: 'node',
      name: 'a\nb.txt',
      type: 'file',
      path: 'data/a\nb.txt',
      uid: 1000,
      gid: 100,
      size: 1234,
      mode: 0o4640,
      permissions: '-rwSr-----',
      mtime: '2001-09-09T01:46:40.000000042Z',
    })
    expect(nodes[2]).toMatchObject({ path: 'd/\ufffd', path_b64: 'ZC//' })
    expect(nodes[3]).toMatchObject({ type: 'symlink', linktarget: 'data' })
  })

  it('stops when nobody reads any more', async () => {
    const terminal = recordTerminal({ isOutputClosed: true })
    let count = 0
    function* endless(): Generator<ListedEntry> {
      for (; ; count++) yield entries[0]
    }
    const standIn = createStandIn({
      listTree: async () => endless(),
    })
    expect((await run(['ls', 'latest'], { standIn, terminal })).status).toBe(0)
    expect(count).toBe(0)
  })
})

describe('holdfast dump', () => {
  it('writes the file and nothing else', async () => {
    const { out, given } = await run(['dump', 'latest:data/a:b'])
    expect(out).toBe('content')
    expect(given('dumpFile')['path']).toEqual(Buffer.from('data/a:b'))
  })
})

describe('holdfast cat', () => {
  it('prints the configuration', async () => {
    const { out } = await run(['cat', 'config'])
    expect(JSON.parse(out)).toMatchObject({ version: 1, encryption: 'none' })
  })

  it('prints a snapshot as it is stored, on one line with --json', async () => {
    expect(JSON.parse((await run(['cat', 'snapshot', '1a2b'])).out)).toEqual(snapshot)
    expect((await run(['cat', 'snapshot', 'latest', '--json'])).json()).toEqual([snapshot])
  })

  it('prints the entries of a directory', async () => {
    const { out, given } = await run(['cat', 'tree', 'latest:data'])
    expect((JSON.parse(out) as { nodes: unknown[] }).nodes).toHaveLength(entries.length)
    expect(given('listTree')['path']).toEqual(Buffer.from('data'))
  })
})

describe('holdfast status', () => {
  it('shows sizes and what deduplication saves', async () => {
    const { out } = await run(['status'])
    expect(out).toContain('Repository     /repo\n')
    expect(out).toContain('Snapshots      2, 1 verified\n')
    expect(out).toContain('Stored         47.7 MiB in 7 packs, 60.0 times less than the files\n')
  })

  it('gives bytes as JSON', async () => {
    expect((await run(['status', '--json'])).json()[0]).toMatchObject({
      repository: '/repo',
      stored_bytes: 50_000_000,
      latest: { short_id: '1a2b3c4d' },
    })
  })
})

describe('holdfast version', () => {
  it('prints version, and more as JSON', async () => {
    expect((await run(['version'])).out).toMatch(/^holdfast \d+\.\d+\.\d+\n$/)
    expect((await run(['--version', '--json'])).json()[0]).toMatchObject({
      message_type: 'version',
      node: process.version,
    })
  })
})
