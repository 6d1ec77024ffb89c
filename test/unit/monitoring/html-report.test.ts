import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { escapeHtml } from '../../../src/monitoring/report/escape-html.ts'
import { renderHtmlReport } from '../../../src/monitoring/report/render-html-report.ts'
import { reportOf } from '../../../src/monitoring/report/report.ts'
import { writeJournal } from '../../../src/repository/write-journal.ts'
import { snapshotOf } from '../catalogue/catalogue-fixtures.ts'
import { dayMs, memoryRepository, nowMs, thresholds } from './monitoring-fixtures.ts'

const attack = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)> \u202egnp.exe\u0007'
const plan = { fullBackupDays: 7, incrementalHours: 24 }
/** All that a page of ours is made of. */
const allowed = new Set(
  'html head meta title style body main header h1 h2 p div b span i ul li section svg rect line text polyline table thead tbody tr th td'.split(
    ' ',
  ),
)

async function hostilePage(): Promise<string> {
  const repository = await memoryRepository()
  for (let day = 0; day < 20; day++) {
    const startedAtMs = nowMs - day * dayMs
    repository.catalogue.snapshots.add(
      snapshotOf(`s${day}`, { startedAtMs, description: attack, hostname: attack }),
    )
  }
  await writeJournal(repository, { kind: 'failure', type: 'full', message: attack })
  await writeJournal(repository, { kind: 'drill', result: 'failed', message: attack })
  await writeJournal(repository, {
    kind: 'alert',
    rule: 'drill_failed',
    state: 'raised',
    message: attack,
  })
  return renderHtmlReport(reportOf(repository, { thresholds, plan }, nowMs))
}

describe('the page', () => {
  it('lets nothing of the repository become markup', async () => {
    const page = await hostilePage()
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    const body = page.replace(/<style>[^]*?<\/style>/, '<style></style>')
    for (const [, name] of body.matchAll(/<\/?([a-z0-9!]+)/gi)) {
      if (name !== '!doctype') expect(allowed.has(name) || name === 'title', name).toBe(true)
    }
    // Every attribute is in quotes, none of them acts, and none asks for anything.
    for (const [, attributes] of body.matchAll(
      /<[a-z0-9]+((?: [a-zA-Z0-9-]+="[^"<>]*")*) ?\/?>/g,
    )) {
      expect(attributes).not.toMatch(/ (?:on\w+|src|href|style)=/)
    }
    expect(
      body.replaceAll(
        /<[a-z0-9]+(?: [a-zA-Z0-9-]+="[^"<>]*")* ?\/?>|<\/[a-z0-9]+>|<!doctype html>/g,
        '',
      ),
    ).not.toMatch(/[<>]/)
    for (const unsafe of ['\u202e', '\u0007']) expect(page).not.toContain(unsafe)
    expect(page).not.toMatch(/https?:|url\(|@import/)
  })

  it('has a policy that allows its own style and nothing else', async () => {
    const page = await hostilePage()
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
    expect(policy).toMatch(
      /^default-src &#39;none&#39;; style-src &#39;sha256-[A-Za-z0-9+/]{43}=&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;$/,
    )
  })

  it('is whole for a repository without anything', async () => {
    const repository = await memoryRepository()
    const page = renderHtmlReport(reportOf(repository, { thresholds }, nowMs))
    expect(page).toContain('There is no backup that can be restored')
    expect(page).toContain('There was no run yet')
    expect(page).not.toMatch(/NaN|undefined|Infinity|null/)
  })

  it('escapes every text so that it reads back the same', () => {
    const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = escapeHtml(text)
        expect(escaped).not.toMatch(/[<>"']/)
        const back = escaped.replaceAll(/&([a-z0-9#]+);/g, (_, name: string) => entities[name])
        expect(back.length).toBe(text.length)
      }),
    )
  })
})
