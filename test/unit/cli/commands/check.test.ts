import { describe, expect, it } from 'vitest'

import { toObjectId, type ObjectId } from '../../../../src/model/ids.ts'
import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { checked, snapshot } from '../stand-in-samples.ts'

const damagedObjects = [{ objectId: `packs/${'ab'.repeat(32)}`, message: 'it is cut off' }]
const lostFiles = [
  {
    snapshotId: snapshot.id,
    path: Buffer.from('/data/index'),
    offsetBytes: 5,
    message: 'its data is damaged',
  },
]
const damaged = {
  ...checked,
  damagedObjects,
  lostFiles,
  lostPlaces: 1,
  damagedSnapshots: [snapshot.id],
}

describe('holdfast check', () => {
  it('says what was checked, how old the oldest reading is and what was never read', async () => {
    const { status, out, err } = await run(['check'], { environment: { TZ: 'UTC' } })
    expect(status).toBe(0)
    expect(err).toBe('')
    expect(out).toContain('Checked 2 snapshots, 1 index object, 2 packs (47.7 MiB)')
    expect(out).toContain(
      'The oldest reading of a pack is of 1970-01-01 00:00:00; 1 pack (23.8 MiB) never read whole',
    )
    expect(out.endsWith('No damage\n')).toBe(true)
  })

  it.each([
    ['5%', { kind: 'percent', percent: 5 }],
    ['2.5 %', { kind: 'percent', percent: 2.5 }],
    ['10G', { kind: 'bytes', bytes: 10 * 2 ** 30 }],
    ['1/7', { kind: 'part', part: 1, of: 7 }],
  ])('hands the subset %s over', async (text, readData) => {
    const { given } = await run(['check', '--read-data-subset', text])
    expect(given('check')).toMatchObject({ readData })
  })

  it('reads all with --read-data and nothing without', async () => {
    expect((await run(['check', '--read-data'])).given('check')).toMatchObject({
      readData: { kind: 'all' },
    })
    expect((await run(['check'])).given('check')).not.toHaveProperty('readData')
  })

  it.each(['0%', '101%', '8/7', '0/7', '1/0', '0', 'much', '', '1/7%'])(
    'refuses the subset "%s"',
    async (text) => {
      const { status, err } = await run(['check', '--read-data-subset', text])
      expect(status).toBe(2)
      expect(err).toContain('5%, 10G or 1/7')
    },
  )

  it('refuses both options at once', async () => {
    expect((await run(['check', '--read-data', '--read-data-subset', '5%'])).status).toBe(2)
  })

  it('names damaged objects and lost files, and ends with 20', async () => {
    const standIn = createStandIn({ check: async () => damaged })
    const { status, out, err } = await run(['check'], { standIn })
    expect(status).toBe(20)
    expect(err).toContain(`damaged: packs/${'ab'.repeat(32)} - it is cut off\n`)
    expect(err).toContain('damaged: 1a2b3c4d:/data/index - its data is damaged (from byte 5 on)\n')
    expect(out).toContain('1 object damaged, 1 snapshot cannot be restored whole')
  })

  describe('many lost places', () => {
    const [older, newer] = [toObjectId('1'.repeat(64)), toObjectId('2'.repeat(64))]
    const chunks = (snapshotId: ObjectId, path: string, offsets: readonly number[]) =>
      offsets.map((offsetBytes) => ({
        snapshotId,
        path: Buffer.from(path),
        offsetBytes,
        lengthBytes: 75_000,
        fileBytes: 300_000,
        message: 'its data is damaged',
      }))
    const all = [0, 75_000, 150_000, 225_000]
    const told = async (lost: typeof lostFiles, ...flags: string[]) => {
      const standIn = createStandIn({
        check: async () => ({ ...damaged, lostFiles: lost, lostPlaces: lost.length }),
      })
      const { err } = await run(['check', ...flags], { standIn })
      return err.split('\n').filter((line) => line !== '' && !line.includes('packs/'))
    }

    it('are one line for each path, however many chunks and snapshots are hit alike', async () => {
      const lost = [
        ...chunks(older, 'f35', all),
        ...chunks(older, 'f36', all),
        ...chunks(newer, 'f35', all),
        ...chunks(newer, 'f36', [75_000]),
      ]
      expect(await told(lost)).toEqual([
        'damaged: 22222222:f35 - its data is damaged (300,000 of 300,000 bytes from byte 0 on, in 4 chunks); the same in 11111111',
        'damaged: 11111111:f36 - its data is damaged (300,000 of 300,000 bytes from byte 0 on, in 4 chunks)',
        'damaged: 22222222:f36 - its data is damaged (75,000 of 300,000 bytes from byte 75,000 on)',
      ])
    })

    it('name five other snapshots and count the rest', async () => {
      const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => toObjectId(String(digit).repeat(64)))
      const lines = await told(ids.flatMap((id) => chunks(id, 'f', [0])))
      expect(lines).toHaveLength(1)
      expect(lines[0]).toContain('damaged: 99999999:f - ')
      expect(
        lines[0].endsWith(
          '; the same in 88888888, 77777777, 66666666, 55555555, 44444444 and 3 more',
        ),
      ).toBe(true)
    })

    it('are counted where not all are kept', async () => {
      const standIn = createStandIn({ check: async () => ({ ...damaged, lostPlaces: 12_345 }) })
      const { err } = await run(['check'], { standIn })
      expect(err).toContain('damaged: 12,344 further places in files, which are not named\n')
      const { json } = await run(['check', '--json'], { standIn })
      expect(json()).toMatchObject([{ lost_places: 12_345 }])
    })

    it('are not more lines than somebody reads, unless all are asked for; JSON has each place', async () => {
      const lost = Array.from({ length: 250 }, (_, index) => chunks(older, `f${index}`, all)).flat()
      const lines = await told(lost)
      expect(lines).toHaveLength(201)
      expect(lines[200]).toBe('damaged: 50 further paths: --verbose or --json names all')
      expect(await told(lost, '--verbose')).toHaveLength(250)
      const places = (await told(lost, '--json')).map((line) => JSON.parse(line))
      expect(places).toHaveLength(1000)
      expect(places[5]).toMatchObject({ item: 'f1', offset: 75_000, length: 75_000, size: 300_000 })
    })
  })

  it('ends with 21 when nothing is damaged but an object could not be read', async () => {
    const unread = [{ name: 'packs/cd', message: 'EIO' }]
    const standIn = createStandIn({ check: async () => ({ ...checked, unread }) })
    const { status, out, err } = await run(['check'], { standIn })
    expect(status).toBe(21)
    expect(err).toBe('failed: packs/cd - EIO\n')
    expect(out).not.toContain('No damage\n')
  })

  it('gives one summary as JSON', async () => {
    const standIn = createStandIn({ check: async () => damaged })
    const result = await run(['check', '--json'], { standIn })
    expect(result.json()).toMatchObject([
      {
        message_type: 'summary',
        num_errors: 1,
        lost_places: 1,
        broken_snapshots: [snapshot.id],
        oldest_read: '1970-01-01T00:00:00.000Z',
        never_read_packs: 1,
      },
    ])
    expect(result.err).toContain('"during":"check"')
  })
})
