import { describe, expect, it } from 'vitest'

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
const damaged = { ...checked, damagedObjects, lostFiles, damagedSnapshots: [snapshot.id] }

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
    expect(err).toContain('damaged: 1a2b3c4d:/data/index at byte 5 - its data is damaged\n')
    expect(out).toContain('1 object damaged, 1 snapshot cannot be restored whole')
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
