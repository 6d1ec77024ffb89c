import { renderMetrics } from '../../monitoring/metrics.ts'
import { overviewOf } from '../../monitoring/overview.ts'
import {
  addRequests,
  storeRequestsOf,
  type StoreRequests,
} from '../../repository/store-requests.ts'
import { readCronTimes } from '../../service/schedule/cron-times.ts'
import { jobKinds } from '../../service/schedule/job-kinds.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import type { ServerContext } from '../server-context.ts'
import { configurationSchema } from './answer-schemas.ts'
import type * as answers from './answers.ts'
import { timeText } from './path-text.ts'

/** What the configuration says, for the page of the schedule; addresses and programs may hold secrets and are left out. */
export function addSystemRoutes(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/config',
      tag: 'system',
      summary: 'The configuration, without secrets',
      answer: configurationSchema,
    },
    () => configJson(server),
  )
}

/** With a token, unless the configuration says otherwise: whoever calls this decides where it stands. */
export function addMetrics(app: ServerApp, server: ServerContext): void {
  app.get('/metrics', async () => {
    const repository = await server.held.current()
    const overview = overviewOf(repository, server.monitoring, server.nowMs())
    const { contentType, text } = await renderMetrics(overview, await requestsOf(server))
    return new Response(text, { headers: { 'content-type': contentType } })
  })
}

/** What this server and its jobs have asked stores for; null where requests cost nothing. */
async function requestsOf({ held, told }: ServerContext): Promise<StoreRequests | null> {
  const own = await storeRequestsOf(held.handle)
  if (own === null || told.total === null) return own ?? told.total
  return addRequests(own, told.total)
}

/** The next times of what the daemon does by cron expressions, the soonest first. */
export async function nextRuns({
  configuration,
  nowMs,
}: ServerContext): Promise<answers.Overview['next_runs']> {
  if (configuration?.backup?.enabled !== true) return []
  try {
    const nextTime = await readCronTimes(configuration.settings.schedule)
    return jobKinds
      .flatMap((kind) => {
        const at = nextTime(kind, nowMs())
        return at === undefined ? [] : [{ kind, at }]
      })
      .sort((one, other) => one.at - other.at)
      .map(({ kind, at }) => ({ kind, at: timeText(at / 1000) }))
  } catch {
    // An expression that means nothing plans nothing; `doctor` names it.
    return []
  }
}

function configJson({ configuration, settings }: ServerContext): object {
  const restore_roots = settings.restoreRoots
  if (configuration === undefined) return { file: null, restore_roots }
  const { backup, settings: all } = configuration
  return {
    file: configuration.file,
    folder: configuration.folder,
    restore_roots,
    backup: backup && {
      enabled: backup.enabled,
      schedule: {
        full_backup_days: backup.schedule.fullBackupDays,
        incremental_hours: backup.schedule.incrementalHours,
        retention_days: backup.schedule.retentionDays,
        max_backups: backup.schedule.maxBackups,
      },
      paths: backup.paths,
      compression: backup.compression,
      verification: backup.verification,
      auto_cleanup: backup.autoCleanup,
    },
    schedule: all.schedule,
    drill: { files: all.drill.files, bytes_max: all.drill.bytesMax },
    alerts: {
      no_backup_hours: all.alerts.noBackupHours,
      failure_rate: all.alerts.failureRate,
      backup_bytes: all.alerts.backupBytes,
      success_rate: all.alerts.successRate,
      window_days: all.alerts.windowDays,
    },
    hooks: Object.keys(all.hooks).filter((name) => name !== 'timeoutSeconds'),
    channels: all.channels.map(({ type }) => type),
    exclude: all.exclude,
    tags: all.tags,
    backups_folder: all.exports.folder,
    also_to: all.alsoTo.map(({ location }) => location),
  }
}
