import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import type { ListedSnapshot } from '../../../../src/cli/library.ts'
import type { PolicyOptions } from '../../../../src/service/service-operations.ts'
import { run, type RunResult } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { forgetGroup, listed, snapshot } from '../stand-in-samples.ts'

function policyGiven(result: RunResult): PolicyOptions {
  return result.given('forgetByPolicy') as unknown as PolicyOptions
}

function names({ calls }: RunResult): string[] {
  return calls.map(({ name }) => name)
}

/** A project folder with a config.yml in it. */
function project(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-forget-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config.yml'), text)
  return folder
}

const config = `
api:
  backup:
    schedule: { retention_days: 14, max_backups: 3 }
    paths: { index: data, logs: /var/log/app }
`

describe('holdfast forget with a policy', () => {
  it('hands the policy over as it is typed', async () => {
    const typed =
      'forget -l 1 -H 2 -d 3 -w 4 -m 5 -y unlimited --keep-within 1y2m3d4h ' +
      '--keep-within-hourly 1h --keep-within-daily 2d --keep-within-weekly 3m --keep-within-monthly 4y ' +
      '--keep-within-yearly 5y --keep-tag a,b --keep-tag c'
    const given = policyGiven(await run(typed.split(' ')))
    const none = { years: 0, months: 0, days: 0, hours: 0 }
    expect(given.policy).toEqual({
      kind: 'keep',
      last: 1,
      counts: { hourly: 2, daily: 3, weekly: 4, monthly: 5, yearly: Infinity },
      within: { years: 1, months: 2, days: 3, hours: 4 },
      withinPeriods: {
        hourly: { ...none, hours: 1 },
        daily: { ...none, days: 2 },
        weekly: { ...none, months: 3 },
        monthly: { ...none, years: 4 },
        yearly: { ...none, years: 5 },
      },
      tags: [['a', 'b'], ['c']],
    })
    expect(given).toMatchObject({ trustTimes: false, mayRemoveAll: false, dryRun: false })
    expect([...given.groupBy]).toEqual(['host', 'paths'])
  })

  it.each(['-2', '1.5', 'all', '', '1e3'])('refuses %j as a number', async (text) => {
    const result = await run(['forget', `--keep-last=${text}`])
    expect(result.status).toBe(2)
    expect(names(result)).toEqual([])
  })

  it.each(['7', 'd', '7x', '1d2d', '-1d', '1.5d', ''])('refuses %j as a span', async (text) => {
    const result = await run(['forget', `--keep-within=${text}`])
    expect(result.status).toBe(2)
    expect(names(result)).toEqual([])
  })

  it('shows what is kept and removed, and why', async () => {
    const { out, err, status } = await run(['forget', '--keep-last', '1'], {
      environment: { TZ: 'UTC' },
    })
    expect(status).toBe(0)
    const [title, heading, ...rows] = out.split('\n')
    expect(title).toBe('host web1, paths /srv/app/data')
    expect(heading).toMatch(/^ +ID +Time +Type +Tags +Reasons$/)
    expect(rows[0]).toMatch(/^remove {2}ffffffff {2}\S+ \S+ {2}full +not among the last 1$/)
    expect(rows[1]).toMatch(/^keep {4}cccccccc .* suspicious: its time is in the future$/)
    expect(rows[2]).toMatch(/^keep {4}1a2b3c4d .* nightly,web {2}last snapshot, daily snapshot$/)
    expect(out).toContain('Forgot 1 snapshot, 2 snapshots kept\n')
    expect(out).toContain('`holdfast undelete` brings it back for 7 days')
    expect(err).toContain('1 snapshot has a time that does not fit the others')
  })

  it('tells of a clock of a client that was wrong', async () => {
    const [decision] = forgetGroup.decisions
    const hourMs = 3_600_000
    const decisions = [100 * hourMs, -2 * hourMs].map((clockAheadMs) => ({
      ...decision,
      clockAheadMs,
    }))
    const standIn = createStandIn({
      forgetByPolicy: async () => ({ groups: [{ ...forgetGroup, decisions }], isRefused: false }),
    })
    const { out } = await run(['forget', '--keep-last', '1'], { standIn })
    expect(out).toContain('daily snapshot (clock of its host: 4 d 04 h ahead)\n')
    expect(out).toContain('daily snapshot (clock of its host: 2 h 00 min behind)\n')
    const { json } = await run(['forget', '--keep-last', '1', '--json'], { standIn })
    const [[group]] = json() as unknown as [[Record<string, unknown>]]
    expect(group['reasons']).toMatchObject([{ clock_ahead: 360_000 }, { clock_ahead: -7200 }])
  })

  it('changes nothing on a dry run and says so', async () => {
    const result = await run(['forget', '-n', '--keep-last', '1'])
    expect(policyGiven(result).dryRun).toBe(true)
    expect(result.out).toContain('Would forget 1 snapshot, 2 snapshots kept\n')
    expect(result.out).not.toContain('undelete')
  })

  it("gives restic's JSON, with the reasons of the removed", async () => {
    const { json, out, err } = await run(['forget', '--keep-last', '1', '--json'])
    const [groups] = json() as unknown as [Record<string, unknown>[]]
    expect(out.trim().split('\n')).toHaveLength(1)
    expect(groups).toMatchObject([
      {
        host: 'web1',
        paths: ['/srv/app/data'],
        tags: null,
        keep: [{ id: snapshot.id }, { short_id: 'cccccccc' }],
        remove: [{ short_id: 'ffffffff' }],
        reasons: [
          { snapshot: { id: snapshot.id }, matches: ['last snapshot', 'daily snapshot'] },
          { suspicious: 'its time is in the future' },
        ],
        remove_reasons: [{ matches: ['not among the last 1'] }],
      },
    ])
    expect(JSON.parse(err)).toMatchObject({ message_type: 'notice', item: 'cccccccc'.repeat(8) })
  })

  it('needs snapshots or a policy that keeps something', async () => {
    for (const typed of ['forget', 'forget --keep-last 0', 'forget --unsafe-allow-remove-all']) {
      const result = await run(typed.split(' '))
      expect(result.status, typed).toBe(2)
      expect(names(result)).toEqual([])
    }
  })

  it('refuses what would leave nothing of a group, shows it, and forgets nothing', async () => {
    const groups = [{ ...forgetGroup, removesAll: true }]
    const standIn = createStandIn({ forgetByPolicy: async () => ({ groups, isRefused: true }) })
    const result = await run(['forget', '--keep-tag', 'x', '--prune'], { standIn })
    expect(result.status).toBe(1)
    expect(result.out).toContain('not among the last 1')
    expect(result.err).toContain('it keeps nothing of 1 group with 3 snapshots')
    expect(result.err).toContain('--unsafe-allow-remove-all')
    expect(names(result)).not.toContain('prune')
    const allowed = await run(['forget', '--keep-tag', 'x', '--unsafe-allow-remove-all'])
    expect(policyGiven(allowed).mayRemoveAll).toBe(true)
  })

  it.each([
    ['host,paths,tags', ['host', 'paths', 'tags']],
    ['tags,host', ['tags', 'host']],
    ['path', ['paths']],
    ['', []],
  ])('groups by %j', async (text, groupBy) => {
    const given = policyGiven(await run(['forget', '-l', '1', '--group-by', text]))
    expect([...given.groupBy]).toEqual(groupBy)
  })

  it('refuses to group by anything else', async () => {
    const { status, err } = await run(['forget', '-l', '1', '-g', 'host,user'])
    expect(status).toBe(2)
    expect(err).toContain('"user"')
  })

  it.each([
    ['--host web1 --host web2', true],
    ['--host web2', false],
    ['--tag web,nightly', true],
    ['--tag web,weekly --tag nightly', true],
    ['--tag web,weekly', false],
    ['--path /srv/app/data', true],
    ['--path /srv/app/../app/data --path /srv/app', false],
    ['--type full', true],
    ['--type full --host web2', false],
    ['--type incremental', false],
  ])('filters by %s', async (filters, isSelected) => {
    const given = policyGiven(await run(['forget', '-l', '1', ...filters.split(' ')]))
    expect(given.isSelected(listed)).toBe(isSelected)
  })

  it('prunes afterwards when asked to', async () => {
    const result = await run(['forget', '-l', '1', '--prune'])
    expect(names(result).slice(-4)).toEqual([
      'forgetByPolicy',
      'writeJournal',
      'prune',
      'writeJournal',
    ])
    expect(result.given('prune')['dryRun']).toBe(false)
    expect(result.out).toContain('Freed 4.8 MiB')
    expect((await run(['forget', '-nl1', '--prune'])).given('prune')['dryRun']).toBe(true)
  })

  it.each([['-l1'], ['1a2b']])(
    'ends the grace of what %s forgets when it is told to',
    async (what) => {
      const graceGiven = async (...grace: string[]): Promise<unknown> =>
        (await run(['forget', what, '--prune', ...grace])).given('prune')['graceMs']
      expect(await graceGiven()).toBeUndefined()
      expect(await graceGiven('--grace', '0')).toBe(0)
      expect(await graceGiven('--grace', '36h')).toBe(36 * 3_600_000)
      const { status, err, calls } = await run(['forget', what, '--grace', '0'])
      expect(status).toBe(2)
      expect(err).toContain('--prune')
      expect(calls).toEqual([])
    },
  )
})

describe('holdfast forget SNAPSHOT', () => {
  it('forgets each once, without asking, and says how to get it back', async () => {
    const { status, given, out } = await run(['forget', 'latest', '1a2b'])
    expect(status).toBe(0)
    expect(given('forgetSnapshots')['ids']).toEqual([snapshot.id])
    expect(out).toBe(
      'Forgot 1a2b3c4d\n`holdfast undelete` brings it back for 7 days; then `holdfast prune` frees the space\n',
    )
  })

  it('forgets nothing on a dry run, or when one is not found', async () => {
    for (const typed of ['forget -n latest', 'forget latest ffff']) {
      expect(names(await run(typed.split(' ')))).not.toContain('forgetSnapshots')
    }
  })

  it('takes no policy and no filters beside', async () => {
    for (const flag of ['--keep-last=3', '--host=web1', '--config-policy', '--trust-times']) {
      const { status } = await run(['forget', 'latest', flag])
      expect(status, flag).toBe(2)
    }
  })

  it('gives JSON', async () => {
    expect((await run(['forget', 'latest', '--json'])).json()).toEqual([
      {
        message_type: 'forgotten',
        dry_run: false,
        snapshots: [{ id: snapshot.id, backup_id: snapshot.backupId }],
      },
    ])
  })
})

describe('holdfast cleanup', () => {
  it("applies the configuration's limits to its own backups and prunes", async () => {
    const folder = project(config)
    const result = await run(['cleanup'], { workingFolder: folder })
    const given = policyGiven(result)
    expect(given).toMatchObject({
      policy: { kind: 'limit', ageDaysMax: 14, countMax: 3 },
      trustTimes: false,
      mayRemoveAll: false,
    })
    expect([...given.groupBy]).toEqual(['host'])
    const from = (base: string, ...paths: string[]): ListedSnapshot => ({ ...listed, base, paths })
    expect(given.isSelected(from(folder, join(folder, 'anything')))).toBe(true)
    expect(given.isSelected(from('/', '/var/log/app', join(folder, 'data')))).toBe(true)
    expect(given.isSelected(from('/', '/var/log/app', '/home'))).toBe(false)
    expect(given.isSelected(from(`${folder}/sub`, join(folder, 'data')))).toBe(false)
    expect(result.out).toMatch(/^Cleaned up 1 old backups\nFreed /)
    expect(names(result)).toContain('prune')
  })

  it('is forget --config-policy in fewer words', async () => {
    const workingFolder = project(config)
    const given = policyGiven(await run(['forget', '--config-policy'], { workingFolder }))
    expect(given.policy).toEqual({ kind: 'limit', ageDaysMax: 14, countMax: 3 })
    const narrowed = policyGiven(
      await run(['forget', '--config-policy', '--type', 'index', '-g', ''], { workingFolder }),
    )
    expect(narrowed.isSelected({ ...listed, base: workingFolder, type: 'index' })).toBe(true)
    expect(narrowed.isSelected({ ...listed, base: workingFolder })).toBe(false)
    expect(narrowed.groupBy.size).toBe(0)
    const both = await run(['forget', '--config-policy', '-l', '1'], { workingFolder })
    expect(both.status).toBe(2)
  })

  it('shows the reasons on a dry run, and leaves the space alone when told to', async () => {
    const workingFolder = project(config)
    const dry = await run(['cleanup', '-n'], { workingFolder })
    expect(dry.out).toContain('not among the last 1')
    expect(dry.out).toContain('Would clean up 1 old backups\n')
    expect(policyGiven(dry).dryRun).toBe(true)
    expect(names(await run(['cleanup', '--no-prune'], { workingFolder }))).not.toContain('prune')
  })

  it('gives the count as JSON', async () => {
    const { json } = await run(['cleanup', '--no-prune', '--json'], {
      workingFolder: project(config),
    })
    expect(json()[0]).toMatchObject({
      message_type: 'cleanup',
      message: 'Cleaned up 1 old backups',
      deleted_count: 1,
    })
  })

  it('needs a configuration that says something about backups', async () => {
    expect((await run(['cleanup'])).err).toContain('there is none here or in a parent folder')
    const { status, err } = await run(['cleanup'], { workingFolder: project('other: 1\n') })
    expect(status).toBe(2)
    expect(err).toContain('no section api.backup')
  })
})

describe('holdfast undelete', () => {
  it('finds what was forgotten by id, prefix and backup id, each once', async () => {
    const { status, given, out } = await run(['undelete', 'dddd', 'backup_1700000000'])
    expect(status).toBe(0)
    expect(given('undeleteSnapshots')['ids']).toEqual(['dddd'.repeat(16)])
    expect(out).toBe('Brought back dddddddd\n')
  })

  it('takes latest for what was forgotten last', async () => {
    const { status, given } = await run(['undelete', 'latest'])
    expect(status).toBe(0)
    expect(given('undeleteSnapshots')['ids']).toHaveLength(1)
  })

  it('brings nothing back when one is not found or not clear', async () => {
    const missing = await run(['undelete', 'dddd', 'latest~1'])
    expect(missing.status).toBe(1)
    expect(missing.err).toContain('holdfast list --forgotten')
    const unclear = await run(['undelete', 'd'])
    expect(unclear.status).toBe(1)
    expect(unclear.err).toContain('2 forgotten snapshots match')
    for (const result of [missing, unclear])
      expect(names(result)).not.toContain('undeleteSnapshots')
  })

  it('gives JSON', async () => {
    expect((await run(['undelete', 'dddd', '--json'])).json()).toEqual([
      {
        message_type: 'undeleted',
        snapshots: [{ id: 'dddd'.repeat(16), backup_id: 'backup_1700000000' }],
      },
    ])
  })
})

describe('holdfast list --forgotten', () => {
  it('shows how long a snapshot can still be brought back', async () => {
    const { out } = await run(['list', '--forgotten'])
    const [heading, first, second] = out.split('\n')
    expect(heading).toMatch(/Forgotten +Can be pruned$/)
    expect(first).toMatch(/^dddddddd {2}backup_1700000000 .* in 5 d 23 h$/)
    expect(second).toMatch(/^d0d0d0d0 .* now$/)
  })

  it('gives JSON', async () => {
    const [forgotten] = (await run(['list', '--forgotten', '--json'])).json() as unknown as [
      Record<string, string>[],
    ]
    const [{ forgotten_at: from, prunable_at: until }] = forgotten
    expect(Date.parse(until) - Date.parse(from)).toBe(7 * 24 * 3600 * 1000)
  })

  it('takes no filters', async () => {
    expect((await run(['list', '--forgotten', '--type', 'full'])).status).toBe(2)
  })
})
