import { describe, expect, it } from 'vitest'

import { recordTerminal } from '../../../support/record-terminal.ts'
import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { snapshot } from '../stand-in-samples.ts'

describe('holdfast restore', () => {
  it('restores everything to where it came from by default', async () => {
    const { status, given, out } = await run(['restore', 'latest'])
    expect(status).toBe(0)
    expect(given('restore')).toMatchObject({
      snapshot,
      includes: [],
      excludes: [],
      overwrite: 'always',
      delete: false,
      dryRun: false,
      verify: true,
      sync: false,
    })
    expect(given('restore')).not.toHaveProperty('target')
    expect(given('restore')).not.toHaveProperty('path')
    expect(out).toContain('Restored snapshot 1a2b3c4d\n  restored   2 files, 2.0 KiB\n')
  })

  it('hands path, target and options over', async () => {
    const argv = ['restore', '1a2b:data/a:b', '-t', 'out', '-i', '*.yml', '-i', 'x', '-e', 'y']
    argv.push('--overwrite', 'if-newer', '--delete', '-n', '--sync')
    const { given, out } = await run(argv, { workingFolder: '/work' })
    expect(given('resolveSnapshot')['text']).toBe('1a2b')
    expect(given('restore')).toMatchObject({
      path: Buffer.from('data/a:b'),
      target: Buffer.from('/work/out'),
      includes: ['*.yml', 'x'],
      excludes: ['y'],
      overwrite: 'if-newer',
      delete: true,
      dryRun: true,
      sync: true,
    })
    expect(out).toContain('Would restore')
  })

  it('takes an empty path for the whole snapshot', async () => {
    expect((await run(['restore', 'latest:'])).given('restore')).not.toHaveProperty('path')
  })

  it('refuses to delete all around a restore to the root', async () => {
    const root = { ...snapshot, base: '/', paths: ['/'] }
    const standIn = createStandIn({ resolveSnapshot: async () => root })
    const refused = await run(['restore', 'latest', '--delete'], { standIn })
    expect(refused.status).toBe(2)
    expect(refused.calls.map(({ name }) => name)).not.toContain('restore')
    for (const narrow of [
      ['latest:srv'],
      ['latest', '-i', '/srv/**'],
      ['latest', '-t', '/tmp/x'],
    ]) {
      expect((await run(['restore', '--delete', ...narrow], { standIn })).status).toBe(0)
    }
    expect((await run(['restore', 'latest', '--delete'])).status).toBe(0)
    for (const wide of ['latest', 'latest:data']) {
      expect((await run(['restore', wide, '--delete', '-t', '/'])).status).toBe(2)
    }
  })

  it('asks before it skips verification, and needs --yes without a terminal', async () => {
    const without = await run(['restore', 'latest', '--no-verify'])
    expect(without.status).toBe(2)
    expect(without.err).toContain('Try: Add --yes')
    expect(without.calls).toEqual([])
    const { given } = await run(['restore', 'latest', '--no-verify', '--yes'])
    expect(given('restore')['verify']).toBe(false)
  })

  it('goes on after the word yes, and only then', async () => {
    for (const [answer, status] of [
      ['yes\n', 0],
      ['y\n', 130],
      ['\n', 130],
      ['no\n', 130],
    ] as const) {
      const terminal = recordTerminal({ isInputTerminal: true, isErrorTerminal: true })
      terminal.input.write(answer)
      expect((await run(['restore', 'latest', '--no-verify'], { terminal })).status).toBe(status)
    }
  })

  it('gives status 1 when files could not be written', async () => {
    const counts = { filesUnchanged: 0, filesSkipped: 0, filesDeleted: 0, bytesUnchanged: 0 }
    const withheld = { owner: 1, setIdBits: 2, attributes: 0, devices: 0 }
    const standIn = createStandIn({
      restore: async () => ({
        ...counts,
        withheld,
        filesRestored: 1,
        bytesRestored: 1,
        errors: 2,
        durationMs: 0,
      }),
    })
    const { status, out } = await run(['restore', 'latest'], { standIn })
    expect(status).toBe(1)
    expect(out).toContain('failed     2')
    expect(out).toContain('withheld   1 owner, 2 set-id bits\n')
  })

  it('gives its counts as JSON', async () => {
    const [summary] = (await run(['restore', 'latest', '--json'])).json()
    expect(summary).toMatchObject({
      message_type: 'summary',
      files_restored: 2,
      files_deleted: 1,
      bytes_restored: 2048,
      snapshot_id: snapshot.id,
    })
  })
})
