import type { CrashRun } from './standby.ts'

/** What is known of one snapshot: `saved` and it has to be there; `deleting` (or coming back) and it may be; `deleted` and it must not. */
export interface LedgerEntry {
  readonly id: string
  /** What the source was, as the snapshot's description says. */
  readonly state: string
  status: 'saved' | 'deleting' | 'deleted'
}

/** The acknowledgements of all processes, kept outside of what they work on. */
export interface Ledger {
  readonly entries: ReadonlyMap<string, LedgerEntry>
  /** Enters what a process acknowledged, in order. */
  note(run: CrashRun): void
  /** Compares with what is there now, and settles what was open. Call it when no process is at work. */
  settle(present: readonly { readonly id: string; readonly state: string }[]): string[]
  /** Ids of the snapshots that must be there, oldest first. */
  saved(): string[]
}

export function openLedger(): Ledger {
  const entries = new Map<string, LedgerEntry>()
  return {
    entries,
    note(run) {
      for (const line of run.lines) noteLine(entries, run, line)
    },
    settle(present) {
      const violations: string[] = []
      const found = new Set(present.map(({ id }) => id))
      for (const entry of entries.values()) {
        const { id, status } = entry
        if (status === 'saved' && !found.has(id))
          violations.push(`acknowledged snapshot ${id} is lost`)
        if (status === 'deleted' && found.has(id)) violations.push(`deleted snapshot ${id} is back`)
        if (status === 'deleting') entry.status = found.has(id) ? 'saved' : 'deleted'
      }
      // One that was never acknowledged may be there, and then it is whole and stays.
      for (const { id, state } of present) {
        if (!entries.has(id)) entries.set(id, { id, state, status: 'saved' })
      }
      return violations
    },
    saved: () =>
      [...entries.values()].filter(({ status }) => status === 'saved').map(({ id }) => id),
  }
}

function noteLine(entries: Map<string, LedgerEntry>, run: CrashRun, line: string): void {
  const [word, ...rest] = line.split(' ')
  const step = run.steps[Number(rest[0])]
  if (word === 'begin' && step?.do === 'delete') {
    for (const id of step.ids) setStatus(entries, id, 'deleting')
  }
  if (word === 'undeleting') setStatus(entries, rest[0], 'deleting')
  if (word === 'undeleted' && rest.length > 0) setStatus(entries, rest[0], 'saved')
  if (word === 'deleted') for (const id of rest) setStatus(entries, id, 'deleted')
  if (word === 'saved') {
    // The last step that was begun is the one that says it.
    const begun = run.lines
      .slice(0, run.lines.indexOf(line))
      .findLast((said) => said.startsWith('begin '))
    const by = run.steps[Number(begun?.slice('begin '.length))]
    if (by?.do === 'snapshot') {
      entries.set(rest[0], { id: rest[0], state: by.description, status: 'saved' })
    }
  }
}

function setStatus(
  entries: ReadonlyMap<string, LedgerEntry>,
  id: string,
  status: LedgerEntry['status'],
): void {
  const entry = entries.get(id)
  if (entry) entry.status = status
}
