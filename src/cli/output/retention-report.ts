import { escapeBytes, escapeText } from '../../foundation/escape-bytes.ts'
import type { PolicyDecision, PolicyGroup } from '../../service/service-operations.ts'
import type { Session } from '../session.ts'
import { counted, humanDuration, humanTime, jsonTime } from '../../foundation/human.ts'
import { formatTable, type Column } from '../../foundation/table.ts'
import { pathTextBytes, writeJsonErrorLine, type JsonObject } from './json.ts'
import { listedSnapshotJson, pathsJson, shortId } from './snapshot-json.ts'
import { headingStyle } from './terminal.ts'

const columns: readonly Column[] = [
  { title: '' },
  { title: 'ID' },
  { title: 'Time' },
  { title: 'Type' },
  { title: 'Tags' },
  { title: 'Reasons' },
]

/** What a policy keeps and removes, a table for each group, oldest first; never cut, because the reasons are what it is for. */
export function retentionText(session: Session, groups: readonly PolicyGroup[]): string {
  const style = { width: undefined, heading: headingStyle(session.terminal) }
  return groups
    .map((group) => {
      const rows = group.decisions.toReversed().map(toRow)
      return `${groupTitle(group)}${formatTable(columns, rows, style)}\n`
    })
    .join('')
}

function toRow(decision: PolicyDecision): string[] {
  const { snapshot, timeMs, isKept, reasons } = decision
  return [
    isKept ? 'keep' : 'remove',
    shortId(snapshot.id),
    humanTime(timeMs),
    snapshot.type,
    escapeText(snapshot.tags.join(',')),
    escapeText(reasons.join(', ')) + clockText(decision),
  ]
}

function clockText({ clockAheadMs }: PolicyDecision): string {
  if (clockAheadMs === undefined) return ''
  const direction = clockAheadMs > 0 ? 'ahead' : 'behind'
  return ` (clock of its host: ${humanDuration(Math.abs(clockAheadMs))} ${direction})`
}

function groupTitle({ hostname, paths, tags, copiedFrom }: PolicyGroup): string {
  const shownPaths = paths?.map((path) => escapeBytes(pathTextBytes(path))).join(' ')
  const parts = [
    hostname === undefined ? undefined : `host ${escapeText(hostname)}`,
    shownPaths === undefined ? undefined : `paths ${shownPaths}`,
    tags === undefined ? undefined : `tags ${escapeText(tags.join(','))}`,
    copiedFrom === undefined ? undefined : `copied from ${shortId(copiedFrom)}`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : `${parts.join(', ')}\n`
}

/** restic's array of groups, and with it what restic does not have: the reasons of the removed, and suspicious times. */
export function retentionJson(groups: readonly PolicyGroup[]): JsonObject[] {
  return groups.map(({ hostname, paths, tags, copiedFrom, decisions }) => {
    const kept = decisions.filter(({ isKept }) => isKept)
    const removed = decisions.filter(({ isKept }) => !isKept)
    return {
      tags: tags ?? null,
      host: hostname ?? '',
      ...(paths === undefined ? { paths: null } : pathsJson(paths)),
      ...(copiedFrom !== undefined && { copied_from: copiedFrom }),
      keep: kept.map(({ snapshot }) => listedSnapshotJson(snapshot)),
      remove: removed.map(({ snapshot }) => listedSnapshotJson(snapshot)),
      reasons: kept.map(reasonJson),
      remove_reasons: removed.map(reasonJson),
    }
  })
}

function reasonJson(decision: PolicyDecision): JsonObject {
  const { snapshot, timeMs, reasons, suspicion, clockAheadMs } = decision
  return {
    snapshot: listedSnapshotJson(snapshot),
    matches: reasons,
    retention_time: jsonTime(timeMs),
    ...(suspicion !== undefined && { suspicious: suspicion }),
    ...(clockAheadMs !== undefined && { clock_ahead: clockAheadMs / 1000 }),
  }
}

/** Tells of times that cannot be right, also where only what is removed is looked at. */
export function tellSuspicious(session: Session, groups: readonly PolicyGroup[]): void {
  const { terminal, isJson, isQuiet } = session
  const suspicious = groups
    .flatMap(({ decisions }) => decisions)
    .filter(({ suspicion }) => suspicion !== undefined)
  if (suspicious.length === 0 || isQuiet) return
  for (const { snapshot, suspicion } of isJson ? suspicious : []) {
    const message = `Snapshot ${snapshot.id} is kept and counts for no rule: ${suspicion}`
    writeJsonErrorLine(terminal, { message_type: 'notice', message, item: snapshot.id })
  }
  if (isJson) return
  const verb = suspicious.length === 1 ? 'has a time that does' : 'have times that do'
  terminal.writeError(
    `note: ${counted(suspicious.length, 'snapshot')} ${verb} not fit the others (undelete does that, too): ` +
      'kept, and counted for no rule. Forget by id what is not wanted, or add --trust-times\n',
  )
}
