import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import {
  addPolicyOptions,
  policyOf,
  type PolicyFlags,
} from '../../../../src/cli/retention-options.ts'
import { applyRetention } from '../../../../src/operations/retention/apply-retention.ts'
import { inZone, snapshotAt } from '../../../support/retention/retention-fixtures.ts'

interface Fixture {
  readonly version: string
  readonly nowMs: number
  readonly snapshots: readonly { readonly time: string; readonly tags: readonly string[] }[]
  readonly cases: readonly {
    readonly zone: string
    readonly answers: readonly {
      readonly policy: string
      /** Index of a kept snapshot to restic's reasons. */
      readonly kept: Readonly<Record<string, string>>
    }[]
  }[]
}

const fixture = JSON.parse(
  readFileSync(new URL('../../../fixtures/restic-forget/cases.json', import.meta.url), 'utf8'),
) as Fixture
const snapshots = fixture.snapshots.map(({ time, tags }) => snapshotAt(time, { tags }))

function parsePolicy(text: string): ReturnType<typeof policyOf> {
  const command = new Command()
  addPolicyOptions(command)
  return policyOf(command.parse(text.split(' '), { from: 'user' }).opts<PolicyFlags>())
}

describe(`applyRetention() keeps what ${fixture.version} keeps, for the same reasons`, () => {
  const suspicious = new Map<string, string>()

  it.each(
    fixture.cases.flatMap(({ zone, answers }) =>
      answers.map(({ policy, kept }) => [zone, policy, kept] as const),
    ),
  )('in %s with %s', (zone, policy, kept) => {
    const decisions = inZone(zone, () =>
      applyRetention(snapshots, parsePolicy(policy), { nowMs: fixture.nowMs, suspicious }),
    )
    const ours = decisions
      .filter(({ isKept }) => isKept)
      .map(({ snapshot, reasons }) => [snapshots.indexOf(snapshot), reasons.join('; ')])
    expect(Object.fromEntries(ours)).toEqual(kept)
  })

  it('in places that differ from zone to zone', () => {
    const [first, ...others] = fixture.cases.map(({ answers }) => JSON.stringify(answers))
    for (const other of others) expect(other).not.toBe(first)
  })
})
