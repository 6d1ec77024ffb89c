import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { failedRun } from '../report-fixture.ts'
import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'

describe('holdfast status', () => {
  it('shows the documented numbers, the verdict and raised alerts with their time', async () => {
    const { out, status } = await run(['status'])
    expect(status).toBe(0)
    expect(out).toContain('Backups        2, 1 successful, 1 failed\n')
    expect(out).toContain('Success rate   50 %\n')
    expect(out).toContain('Types          full 2\n')
    expect(out).toContain('Attention needed: no recent backup')
    expect(out).toMatch(/no recent backup +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +The newest backup is/)
  })

  it('adds to its JSON', async () => {
    const [json] = (await run(['status', '--json'])).json()
    expect(json).toMatchObject({
      snapshots: 2,
      success_rate: 0.5,
      total_backups: 2,
      type_breakdown: { full: 2 },
      last_drill: { result: 'ok', files: 20 },
      verdict: { is_protected: false },
    })
    expect(json['alerts']).toHaveLength(8)
  })

  it('--check is one line and an exit status', async () => {
    const { out, status } = await run(['status', '--check'])
    expect(status).toBe(1)
    expect(out).toMatch(/^Attention needed: [^\n]+\n$/)
    const json = (await run(['status', '--check', '--json'])).json()
    expect(json).toMatchObject([{ message_type: 'status_check', is_protected: false }])
    expect((await run(['status', '--check', '--quiet'])).out).toBe('')
  })

  it('--notify tells of a channel that fails and goes on', async () => {
    const standIn = createStandIn({
      tellAlerts: async (_, { channels, thresholds }) => ({
        assessment: undefined as never,
        changes: [],
        told: [
          { channel: 'webhook of example.org', error: 'no answer in time' },
          { channel: `${channels.length} channels, ${thresholds.noBackupHours} h` },
        ],
      }),
    })
    const { err, out } = await run(['status', '--check', '--notify'], { standIn })
    expect(err).toBe('warning: Cannot tell the webhook of example.org: no answer in time\n')
    expect(out).toMatch(/^Attention needed/)
  })
})

describe('holdfast report', () => {
  it('is text, JSON or a page', async () => {
    const { out } = await run(['report'])
    expect(out).toContain('Attention needed')
    expect(out).toContain('# backed up')
    expect((await run(['report', '--json'])).json()[0]).toMatchObject({
      message_type: 'report',
      verdict: { is_protected: false },
      alert_history: [],
      by_type: [{ type: 'full' }],
    })
    expect((await run(['report', '--html'])).out).toMatch(/^<!doctype html>/)
    expect((await run(['report', '--html', '--json'])).status).toBe(2)
  })

  it('goes to a file', async () => {
    const workingFolder = mkdtempSync(join(tmpdir(), 'holdfast-report-'))
    const { out, status } = await run(['report', '--html', '-o', 'r.html'], { workingFolder })
    expect(status).toBe(0)
    expect(out).toBe(`Wrote ${join(workingFolder, 'r.html')}\n`)
    expect(readFileSync(join(workingFolder, 'r.html'), 'utf8')).toContain('</html>')
    const refused = await run(['report', '-o', 'no/such/r.txt'], { workingFolder })
    expect(refused.status).toBe(1)
    expect(refused.err).toContain('ENOENT')
  })
})

describe('holdfast list', () => {
  const standIn = createStandIn({ listBackups: async () => [failedRun] })

  it('shows runs that failed, escaped and without an id', async () => {
    const { out } = await run(['list'], { standIn })
    expect(out).toMatch(/^- +backup_\d+ .* failed .* - +- +Failed: no\\x1bspace$/m)
    const rows = (await run(['list', '--json'], { standIn })).json() as unknown as object[][]
    const failed = rows[0].filter((row) => (row as { id: unknown }).id === null)
    expect(failed).toMatchObject([{ id: null, status: 'failed', error: 'no space', paths: [] }])
  })

  it.each([
    ['--type', 'index'],
    ['--tag', 'nightly'],
    ['--host', 'web1'],
  ])('leaves them out with %s %s', async (...filter) => {
    expect((await run(['list', ...filter], { standIn })).out).not.toContain('Failed:')
  })
})
