import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { toObjectId } from '../../../../src/model/ids.ts'
import { recordTerminal, type RecordingTerminal } from '../../../support/record-terminal.ts'
import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { snapshot } from '../stand-in-samples.ts'

function typing(...lines: string[]): RecordingTerminal {
  const terminal = recordTerminal({ isInputTerminal: true, isErrorTerminal: true })
  const [first, ...others] = lines
  terminal.input.write(first)
  // Typed ahead, the second answer would be read together with the first.
  for (const line of others) setTimeout(() => terminal.input.write(line), 20)
  return terminal
}

describe('holdfast init', () => {
  it('makes an unencrypted repository without a passphrase, and says so', async () => {
    const { status, given, out } = await run(['init', '--repo', '/srv/backup'])
    expect(status).toBe(0)
    expect(given('initRepository')).toEqual({ location: '/srv/backup' })
    expect(out).toContain('Not encrypted')
  })

  it('makes an encrypted one with a passphrase from any source', async () => {
    const environment = { HOLDFAST_PASSPHRASE: 'secret' }
    const { given, out } = await run(['init'], { environment })
    expect(given('initRepository')['passphrase']).toBe('secret')
    expect(out).toContain('Encrypted with AES-256-GCM')
    expect(out).not.toContain('secret')
  })

  it('refuses an empty passphrase instead of leaving encryption out', async () => {
    const { status, calls } = await run(['init'], { environment: { HOLDFAST_PASSPHRASE: '' } })
    expect(status).toBe(12)
    expect(calls).toEqual([])
  })

  it('refuses a passphrase file that others may read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-init-'))
    const file = join(folder, 'pass')
    writeFileSync(file, 'secret')
    chmodSync(file, 0o644)
    const { status, err, calls } = await run(['init', '--passphrase-file', file])
    expect(status).toBe(12)
    expect(err).toContain(`Try: Run \`chmod 600 ${file}\``)
    expect(calls).toEqual([])
    rmSync(folder, { recursive: true })
  })

  it('asks twice with --encrypt and takes only equal entries', async () => {
    const good = await run(['init', '--encrypt'], { terminal: typing('abc\n', 'abc\n') })
    expect(good.given('initRepository')['passphrase']).toBe('abc')
    const slip = await run(['init', '--encrypt'], { terminal: typing('abc\n', 'abd\n') })
    expect(slip.status).toBe(12)
    expect(slip.err).toContain('the two entries differ')
    expect((await run(['init', '--encrypt'])).status).toBe(12)
  })

  it('hands the chunk size over in bytes', async () => {
    const { given } = await run(['init', '--chunk-size', '256K'])
    expect(given('initRepository')['chunkAverageBytes']).toBe(262_144)
  })

  it('gives the id as JSON', async () => {
    expect((await run(['init', '--json'])).json()).toEqual([
      {
        message_type: 'initialized',
        id: '0f'.repeat(16),
        repository: '/repo',
        encryption: 'none',
        chunk_average_bytes: 131_072,
        put_guard: 'atomic',
        object_lock: null,
      },
    ])
  })
})

describe('holdfast verify', () => {
  const damaged = [
    {
      message: 'authentication failed',
      snapshotId: snapshot.id,
      path: Buffer.from('data/x'),
      offsetBytes: 1_048_576,
      lengthBytes: 65_536,
    },
    { message: 'missing', objectId: 'ab'.repeat(32) },
  ]
  const broken = (): ReturnType<typeof createStandIn> =>
    createStandIn({
      verify: async () => ({ snapshots: 1, blobs: 9, bytes: 100, damaged, durationMs: 5 }),
    })

  it('sums up what was proved', async () => {
    const { status, out, given } = await run(['verify', 'latest', '1a2b'])
    expect(status).toBe(0)
    expect(given('verify')['snapshots']).toEqual([snapshot])
    expect(out).toBe('Verified 2 snapshots: 1,000 blobs, 1.0 GiB in 1.0 s, no damage\n')
    expect((await run(['verify', '--all'])).given('verify')).not.toHaveProperty('snapshots')
  })

  it('says what a dry run would read', async () => {
    const planned = { packs: 1200, readBytes: 2 ** 35 }
    const asked: unknown[] = []
    const standIn = createStandIn({
      verify: async (_repository, { dryRun }) => {
        asked.push(dryRun)
        return { snapshots: 3, blobs: 0, bytes: 0, damaged: [], planned, durationMs: 5 }
      },
    })
    const { status, out } = await run(['verify', '--all', '-n'], { standIn })
    expect([status, asked]).toEqual([0, [true]])
    expect(out).toBe('Would verify 3 snapshots: 1,200 packs, 32.0 GiB to read\n')
    const { json } = await run(['verify', '--all', '-n', '--json'], { standIn })
    expect(json()).toMatchObject([{ dry_run: true, packs: 1200, bytes_read: 2 ** 35 }])
  })

  it('names damage down to file and offset, and gives status 20', async () => {
    const { status, err, out } = await run(['verify', '--all'], { standIn: broken() })
    expect(status).toBe(20)
    expect(err).toBe(
      `damaged: ${'ab'.repeat(32)} - missing\n` +
        'damaged: 1a2b3c4d:data/x - authentication failed (65,536 bytes from byte 1,048,576 on)\n',
    )
    expect(out).toContain('2 damaged')
  })

  it('gives damage as JSON lines on standard error, also with --quiet', async () => {
    const { status, err, json } = await run(['verify', '--all', '--json', '-q'], {
      standIn: broken(),
    })
    expect(status).toBe(20)
    expect(JSON.parse(err.split('\n')[0])).toMatchObject({
      message_type: 'error',
      item: 'data/x',
      offset: 1_048_576,
      snapshot_id: snapshot.id,
    })
    expect(json()).toMatchObject([{ message_type: 'summary', num_errors: 2 }])
  })
})

describe('holdfast delete', () => {
  it('needs --yes without a terminal and finds all snapshots first', async () => {
    const unasked = await run(['delete', 'latest'])
    expect(unasked.status).toBe(2)
    expect(unasked.err).toContain('Try: Add --yes')
    const unknown = await run(['delete', '--yes', 'latest', 'ffff'])
    expect(unknown.status).toBe(1)
    for (const { calls } of [unasked, unknown]) {
      expect(calls.map(({ name }) => name)).not.toContain('forgetSnapshots')
    }
  })

  it('deletes each once and names the next step', async () => {
    const { given, out } = await run(['delete', '-y', 'latest', '1a2b'])
    expect(given('forgetSnapshots')['ids']).toEqual([snapshot.id])
    expect(out).toBe(
      'Deleted 1a2b3c4d\n`holdfast undelete` brings it back for 7 days; then `holdfast prune` frees the space\n',
    )
  })

  it('speaks of several as several', async () => {
    const standIn = createStandIn({
      resolveSnapshot: async (_, text) => ({ ...snapshot, id: toObjectId(text.repeat(32)) }),
    })
    const { out } = await run(['delete', '-y', 'aa', 'bb'], { standIn })
    expect(out).toMatch(/^Deleted a{8} b{8}\n`holdfast undelete` brings them back for 7 days/)
  })

  it('shows what it asks about', async () => {
    const { status, err } = await run(['delete', 'latest'], { terminal: typing('yes\n') })
    expect(status).toBe(0)
    expect(err).toContain('1a2b3c4d  backup_1790000000')
    expect(err).toContain('Delete 1 snapshot?')
  })
})

describe('holdfast prune', () => {
  it('says what was freed, and what would be', async () => {
    const { out, given } = await run(['prune'])
    expect(given('prune')['dryRun']).toBe(false)
    expect(out).toBe('Freed 4.8 MiB: 3 packs deleted, 1 pack rewritten in 0.3 s; 6.7 MiB left\n')
    const dry = await run(['prune', '--dry-run'])
    expect(dry.given('prune')['dryRun']).toBe(true)
    expect(dry.out).toContain('Would free')
    expect((await run(['prune', '--json'])).json()[0]).toMatchObject({ bytes_freed: 5_000_000 })
  })
})

describe('holdfast key', () => {
  it('lists the slots and marks the one in use', async () => {
    const { out } = await run(['key', 'list'])
    expect(out.split('\n')[1]).toMatch(/^\* {2}(3f2a){8} {2}1970-01-01 .* laptop$/)
    expect((await run(['key', 'list', '--json'])).json()[0]).toMatchObject([
      { label: 'laptop', current: true },
      { current: false },
    ])
  })

  it('adds and changes a passphrase from file, command, variable or terminal', async () => {
    const command = ['key', 'add', '--label', 'x', '--new-passphrase-command', 'echo new']
    expect((await run(command)).given('addKey')).toEqual({ passphrase: 'new', label: 'x' })
    const environment = { HOLDFAST_NEW_PASSPHRASE: 'env' }
    expect((await run(['key', 'change'], { environment })).given('changeKey')).toEqual({
      passphrase: 'env',
      label: undefined,
    })
    const typed = await run(['key', 'add'], { terminal: typing('t\n', 't\n') })
    expect(typed.given('addKey')['passphrase']).toBe('t')
    expect((await run(['key', 'add'])).status).toBe(12)
  })

  it('removes the named slot', async () => {
    const { out, given } = await run(['key', 'remove', '3f2a'])
    expect(given('removeKey')['slot']).toBe('3f2a')
    expect(out).toBe(`Removed key ${'3f2a'.repeat(8)}\n`)
  })
})

describe('holdfast repair catalogue', () => {
  it('says what was rebuilt, and gives status 20 when objects are unusable', async () => {
    const { status, out } = await run(['repair', 'catalogue'])
    expect(status).toBe(0)
    expect(out).toBe('Rebuilt the catalogue in 0.1 s: 2 snapshots, 7 packs, 9,000 blobs\n')
    const unusable = [{ name: 'index/ab', message: 'wrong hash' }]
    const standIn = createStandIn({
      repairCatalogue: async () => ({ snapshots: 0, packs: 0, blobs: 0, unusable, durationMs: 1 }),
    })
    const bad = await run(['repair', 'catalogue'], { standIn })
    expect(bad.status).toBe(20)
    expect(bad.err).toBe('damaged: index/ab - wrong hash\n')
  })
})

describe('holdfast parity', () => {
  it('hands the setting over, and null for off', async () => {
    const on = await run(['parity', 'set', '10+2'])
    expect(on.given('setParity')).toEqual({ setting: { dataPacks: 10, parityPacks: 2 } })
    expect(on.out).toContain('Wrote 61.0 MiB of parity for 1 group, removed 2 objects')
    expect((await run(['parity', 'set', 'off'])).given('setParity')).toEqual({ setting: null })
    expect((await run(['init', '--parity', '20+3'])).given('initRepository')['parity']).toEqual({
      dataPacks: 20,
      parityPacks: 3,
    })
  })

  it.each(['10', '10+', '+2', '0+2', '65+2', '10+17', '10+0', '1e1+2', 'on'])(
    'refuses %s',
    async (text) => {
      const { status, err, calls } = await run(['parity', 'set', text])
      expect(status).toBe(2)
      expect(err).toContain('1 to 64 packs + 1 to 16 parity')
      expect(calls).toEqual([])
    },
  )

  it('ends with status 20 when a pack could not be protected, and names it', async () => {
    const result = {
      groupsWritten: 0,
      objectsRemoved: 0,
      bytesRead: 0,
      bytesWritten: 0,
      damagedPacks: ['ab'.repeat(32)],
    }
    const library = createStandIn({ updateParity: async () => result })
    const { status, err, json } = await run(['parity', 'update', '--json'], { standIn: library })
    expect(status).toBe(20)
    expect(err).toContain(`"item":"packs/${'ab'.repeat(32)}"`)
    expect(json()).toEqual([expect.objectContaining({ message_type: 'summary', num_errors: 1 })])
  })

  it('shows what is protected', async () => {
    const { out } = await run(['parity', 'status'])
    expect(out).toMatch(/Parity +10\+2\nProtected +6 of 7 packs\nGroups +1, 0 degraded\n/)
    expect(out).toContain('20.0 % of the packs')
    const status = (await run(['parity', 'status', '--json'])).json()
    expect(status).toEqual([expect.objectContaining({ data_packs: 10, protected_packs: 6 })])
  })
})
