import { describe, expect, it } from 'vitest'

import { exitStatus } from '../../../../src/cli/exit-status.ts'
import { run } from '../run-in-process.ts'
import { snapshot } from '../stand-in-samples.ts'

const repo = ['--repo', '/r']

describe('find', () => {
  it('asks for what the options say and shows names that cannot act upon the terminal', async () => {
    const { status, out, given } = await run([
      ...repo,
      'find',
      '-l',
      '*.log',
      '--type',
      'd',
      '--larger',
      '1M',
      '--newer',
      '2026-01-02',
      '-s',
      'latest',
      '--limit',
      '0',
    ])
    expect(status).toBe(exitStatus.done)
    expect(given('findPaths')).toMatchObject({
      pattern: Buffer.from('*.log'),
      kinds: ['directory'],
      sizeMin: 1024 * 1024,
      modifiedFromMs: new Date(2026, 0, 2).getTime(),
      snapshotIds: [snapshot.id],
      limit: Infinity,
    })
    expect(out).toContain('drwxr-xr-x  1.4 MiB')
    expect(out).toContain('a\\x1b[1m\\xff/')
    expect(out).not.toContain('\u001b')
    expect(out).toContain('2 further paths: give --limit 0 to see all')
  })

  it('gives one object for each path with --json', async () => {
    const { json } = await run([...repo, '--json', 'find', 'a'])
    expect(json()).toEqual([
      expect.objectContaining({
        message_type: 'match',
        path_b64: Buffer.from([0x61, 0x1b, 0x5b, 0x31, 0x6d, 0xff]).toString('base64'),
        snapshots: 2,
        snapshot_ids: [snapshot.id],
      }),
      { message_type: 'summary', matches: 3, is_complete: true },
    ])
  })

  it.each([
    ['--type', 'x'],
    ['--newer', 'yesterday'],
    ['--limit', '-1'],
  ])('refuses %s %s', async (option, value) => {
    const { status } = await run([...repo, 'find', 'a', option, value])
    expect(status).toBe(exitStatus.usage)
  })
})

describe('history', () => {
  it('shows one line for each version', async () => {
    const { out, given } = await run([...repo, 'history', 'a/b'])
    expect(given('fileHistory')).toEqual({ path: Buffer.from('a/b'), follow: true })
    expect(out).toContain('1a2b3c4d')
    expect(out).toContain('a\\x1b[1m\\xff (renamed)')
  })

  it('follows no renames when told not to', async () => {
    const { json, given } = await run([
      ...repo,
      '--json',
      'history',
      '--no-follow',
      '-H',
      'web1',
      'a',
    ])
    expect(given('fileHistory')).toMatchObject({ follow: false, hostname: 'web1' })
    expect(json()[0]).toMatchObject({
      message_type: 'version',
      snapshot_id: snapshot.id,
      is_rename: true,
    })
  })
})

describe('diff', () => {
  it('shows changes and the summary', async () => {
    const { status, out } = await run([...repo, 'diff', '1a2b', 'latest'])
    expect(status).toBe(exitStatus.done)
    expect(out).toContain('+   2.0 KiB  a\\x1b[1m\\xff\n')
    expect(out).toContain('R   2.0 KiB  a\\x1b[1m\\xff -> b\n')
    expect(out).toContain('Added     1, 2.0 KiB')
  })

  it('gives the summary alone with --stat', async () => {
    const { json, given } = await run([
      ...repo,
      '--json',
      'diff',
      '--stat',
      '--metadata',
      '--path',
      'x',
      '1a2b',
      'latest',
    ])
    expect(given('diffSnapshots')).toMatchObject({ metadata: true, path: Buffer.from('x') })
    expect(json()).toEqual([expect.objectContaining({ message_type: 'summary', renamed: 1 })])
  })
})

describe('stats', () => {
  it.each([
    ['type', /^full +2 +8\.6 MiB/m],
    ['snapshot', /^1a2b3c4d .* full +8\.6 MiB/m],
    ['folder', /MiB {2}a\\x1b\[1m\\xff\/$/m],
  ])('shows the table by %s', async (by, expected) => {
    const { out } = await run([...repo, 'stats', '--by', by])
    expect(out).toContain('2.0 times less by deduplication')
    expect(out).toMatch(expected)
  })

  it('tells what a deletion would free', async () => {
    const { out } = await run([...repo, 'stats', '--deletion', '1a2b', 'latest'])
    expect(out).toContain('Frees     2.9 MiB in 12 blobs')
  })

  it('gives everything as one object', async () => {
    const { json } = await run([...repo, '--json', 'stats', '--type', 'full'])
    expect(json()).toEqual([
      expect.objectContaining({
        message_type: 'statistics',
        by_folder: [
          expect.objectContaining({ stored_bytes: 3_000_000 }),
          expect.objectContaining({ path: null }),
        ],
      }),
    ])
  })
})
