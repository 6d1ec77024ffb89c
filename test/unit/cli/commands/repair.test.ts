import { describe, expect, it } from 'vitest'

import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { repairedPacks, repairedSnapshots, snapshot } from '../stand-in-samples.ts'

describe('holdfast repair', () => {
  it('says in which order to go', async () => {
    const { status, out } = await run(['repair'])
    expect(status).toBe(0)
    const steps = ['check', 'repair catalogue', 'repair packs', 'snapshot', 'repair snapshots']
    const places = steps.map((step) => out.indexOf(`holdfast ${step}`))
    expect(places.every((place) => place >= 0)).toBe(true)
    expect(places).toEqual([...places].sort((left, right) => left - right))
  })

  it('refuses what it does not know', async () => {
    expect((await run(['repair', 'everything'])).status).toBe(2)
  })
})

describe('holdfast repair packs', () => {
  it('is dry without --apply, shows what would be done, and ends with 20', async () => {
    const { status, out, given } = await run(['repair', 'packs'])
    expect(status).toBe(20)
    expect(given('repairPacks')).toMatchObject({ packs: [], apply: false, readData: false })
    expect(out).toMatch(/^abababababab +damaged \(2 segments\) +40 +2 +what verifies is copied$/m)
    expect(out).toContain('Nothing was changed')
    expect(out).toContain('2 blobs are lost; a new backup stores again')
  })

  it('hands packs and options over; 20 when data is lost, 0 when none is', async () => {
    const lossy = await run(['repair', 'packs', '--apply', '--read-data', 'ab'])
    expect(lossy.given('repairPacks')).toMatchObject({ packs: ['ab'], apply: true, readData: true })
    expect(lossy.status).toBe(20)
    const standIn = createStandIn({
      repairPacks: async () => ({ ...repairedPacks, isApplied: true, blobsLost: 0 }),
    })
    const whole = await run(['repair', 'packs', '--apply'], { standIn })
    expect(whole.status).toBe(0)
    expect(whole.out).toContain('nothing is lost')
  })

  it('ends with 0 when there is nothing to repair', async () => {
    const standIn = createStandIn({
      repairPacks: async () => ({ ...repairedPacks, packs: [], blobsLost: 0 }),
    })
    const { status, out } = await run(['repair', 'packs'], { standIn })
    expect(status).toBe(0)
    expect(out).toContain('Nothing to repair')
  })

  it('brings back from a second repository, and names what stays lost', async () => {
    const refill = {
      snapshotId: snapshot.id,
      backupId: snapshot.backupId,
      sourceIds: ['5e'.repeat(32)],
      lostBefore: 3,
      lost: [{ path: Buffer.from('/a\u001bb'), kind: 'file' as const, bytes: 7 }],
    }
    const answering = (lost: typeof refill.lost, isApplied: boolean) =>
      createStandIn({
        repairPacks: async () => ({
          ...repairedPacks,
          packs: [],
          isApplied,
          blobsLost: 0,
          refills: [{ ...refill, lost }],
        }),
      })
    const argv = ['repair', 'packs', '--apply', '--from', '/srv/other']
    const standIn = answering(refill.lost, true)
    const part = await run(argv, { standIn })
    expect(part.status).toBe(20)
    expect(part.out).toContain('lost: 1a2b3c4d:/a\\x1bb\n')
    expect(part.out).toContain('1 path of 3 stay lost')
    expect(standIn.openCount).toBe(0)
    const whole = await run(argv, { standIn: answering([], true) })
    expect(whole.status).toBe(0)
    expect(whole.out).toContain('all 3 paths came back')
    const dry = await run(argv.slice(0, 2).concat(argv.slice(3)), {
      standIn: answering(refill.lost, false),
    })
    expect(dry.out).toContain('3 paths lost, which can be looked for in 5e5e5e5e')
    const json = await run([...argv, '--json'], { standIn: answering(refill.lost, true) })
    expect(json.json().map(({ message_type: type }) => type)).toEqual([
      'lost',
      'snapshot',
      'summary',
    ])
  })

  it('gives each pack and a summary as JSON', async () => {
    expect((await run(['repair', 'packs', '--json'])).json()).toMatchObject([
      { message_type: 'pack', pack_id: 'ab'.repeat(32), cure: 'copy', blobs_lost: 2 },
      { message_type: 'summary', dry_run: true, packs_damaged: 1, blobs_lost: 2 },
    ])
  })
})

describe('holdfast repair snapshots', () => {
  it('names every lost file, and ends with 20 as long as it is not applied', async () => {
    const { status, out, given } = await run(['repair', 'snapshots'])
    expect(status).toBe(20)
    expect(given('repairSnapshots')).toMatchObject({ apply: false })
    expect(given('repairSnapshots')).not.toHaveProperty('snapshots')
    expect(out).toContain('lost: 1a2b3c4d:/data/a\\nb (2.0 KiB)\n')
    expect(out).toContain('lost: 1a2b3c4d:/logs (311 entries of this directory)\n')
    expect(out).toContain('1 file lost, parts of 1 directory lost')
    expect(out).toContain('--apply does it')
  })

  it('tells what replaces what, and ends with 0', async () => {
    const [repair] = repairedSnapshots.repairs
    const repairs = [{ ...repair, replacement: { ...snapshot, id: 'ffff'.repeat(16) as never } }]
    const standIn = createStandIn({
      repairSnapshots: async () => ({ ...repairedSnapshots, repairs, isApplied: true }),
    })
    const { status, out } = await run(['repair', 'snapshots', '--apply', 'latest'], { standIn })
    expect(status).toBe(0)
    expect(out).toContain('replaced by ffffffff backup_1790000000')
  })

  it('gives lost paths, snapshots and a summary as JSON', async () => {
    expect((await run(['repair', 'snapshots', '--json'])).json()).toMatchObject([
      { message_type: 'lost', kind: 'file', path: '/data/a\nb', size: 2048 },
      { message_type: 'lost', kind: 'directory', path: '/logs', entries: 311 },
      { message_type: 'snapshot', snapshot_id: snapshot.id, lost_files: 1, replacement_id: null },
      { message_type: 'summary', dry_run: true, snapshots_repaired: 1 },
    ])
  })
})
