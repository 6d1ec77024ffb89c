import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { jsonTime } from '../../foundation/human.ts'
import { formatPairs } from '../../foundation/table.ts'
import type { ChannelResult } from '../../monitoring/channels/channel.ts'
import type { Overview } from '../../monitoring/overview.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { StatusResult } from '../library.ts'
import { writeJsonErrorLine, writeJsonLine, type JsonObject } from '../output/json.ts'
import { listedSnapshotJson } from '../output/snapshot-json.ts'
import { repositoryPairs } from '../output/status-pairs.ts'
import { headingStyle } from '../output/terminal.ts'
import { readMonitoringSettings } from '../read-monitoring-settings.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface StatusFlags {
  readonly check?: true
  readonly notify?: true
}

export function defineStatus(command: Command, run: RunAction): void {
  command
    .option('--check', 'for monitors: one line, and exit status 1 when an alert is raised')
    .option('--notify', 'tell the channels of config.yml which alerts were raised or cleared')
  addExamples(command, [
    ['holdfast status', 'show snapshots, sizes, alerts and how much deduplication saves'],
    ['holdfast status --check', 'print one sentence, for a monitor or a script'],
    ['holdfast status --check --quiet --notify', 'the same from cron, which tells the channels'],
    ['holdfast status --json', 'print everything as one JSON object'],
  ])
  command.action((flags: StatusFlags) => run(command, (session) => showStatus(session, flags)))
}

async function showStatus(session: Session, flags: StatusFlags): Promise<ExitStatus> {
  const { terminal } = session
  const { location } = await session.openOptions()
  const { settings, channels } = await readMonitoringSettings(session)
  return session.withRepository(async (library, repository) => {
    if (flags.notify === true) {
      const { told } = await library.tellAlerts(repository, {
        ...settings,
        channels,
        signal: session.signal,
      })
      reportChannels(session, told)
    }
    const overview = await library.overview(repository, settings)
    if (flags.check === true) return check(session, overview)
    const status = await library.status(repository)
    if (session.isJson) writeJsonLine(terminal, statusJson(status, location, overview))
    else terminal.writeOutput(await statusText(session, { status, location, overview }))
    return exitStatus.done
  })
}

/** A monitor reads the exit status and shows the line; `--quiet` leaves only the first. */
function check(session: Session, { verdict, alerts }: Overview): ExitStatus {
  const { terminal } = session
  if (session.isJson) {
    writeJsonLine(terminal, {
      message_type: 'status_check',
      ...verdict,
      alerts: alerts.filter(({ is_raised }) => is_raised),
    })
  } else session.say(`${escapeText(verdict.sentence)}\n`)
  return verdict.is_protected ? exitStatus.done : exitStatus.failed
}

/** A channel that fails is told of and changes nothing else. */
function reportChannels({ terminal, isJson }: Session, told: readonly ChannelResult[]): void {
  for (const { channel, error } of told) {
    if (error === undefined) continue
    const message = `Cannot tell the ${channel}: ${error}`
    if (isJson) writeJsonErrorLine(terminal, { message_type: 'notice', message, item: channel })
    else terminal.writeError(`warning: ${escapeText(message)}\n`)
  }
}

async function statusText(
  { terminal }: Session,
  shown: {
    readonly status: StatusResult
    readonly location: string
    readonly overview: Overview
  },
): Promise<string> {
  const { status, location, overview } = shown
  const { alertTable } = await import('../../monitoring/report/alert-table.ts')
  const { statisticsPairs } = await import('../../monitoring/report/statistics-pairs.ts')
  const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
  const alerts = alertTable(overview, style)
  return (
    formatPairs([...repositoryPairs(status, location), ...statisticsPairs(overview)]) +
    `\n${escapeText(overview.verdict.sentence)}\n` +
    (alerts === '' ? '' : `\n${alerts}`)
  )
}

function statusJson(status: StatusResult, location: string, overview: Overview): JsonObject {
  return {
    message_type: 'status',
    repository: location,
    id: status.repositoryId,
    encryption: status.encryption,
    chunk_average_bytes: status.chunkAverageBytes,
    snapshots: status.snapshots,
    verified_snapshots: status.verifiedSnapshots,
    latest: status.latest === undefined ? null : listedSnapshotJson(status.latest),
    packs: status.packs,
    stored_bytes: status.storedBytes,
    blobs: status.blobs,
    unique_bytes: status.uniqueBytes,
    source_bytes: status.sourceBytes,
    ...statisticsJson(overview),
  }
}

function statisticsJson(overview: Overview): JsonObject {
  const { oldest_backup: oldest, newest_backup: newest, ...statistics } = overview.statistics
  return {
    ...statistics,
    oldest_backup_at: oldest === null ? null : jsonTime(oldest * 1000),
    newest_backup_at: newest === null ? null : jsonTime(newest * 1000),
    dedup_ratio: overview.storage.dedup_ratio,
    compression_ratio: overview.storage.compression_ratio,
    last_check: overview.last_check,
    last_drill: overview.last_drill,
    freshness: overview.freshness,
    alerts: overview.alerts,
    verdict: overview.verdict,
  }
}
