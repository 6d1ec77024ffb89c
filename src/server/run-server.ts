import { pino } from 'pino'

import type { Configuration } from '../config/load-config.ts'
import { defaultServer } from '../config/defaults.ts'
import type { ServerSettings } from '../config/settings.ts'
import { HoldfastError } from '../foundation/errors.ts'
import type { Repository } from '../repository/repository.ts'
import { assessRepository, type MonitoringSettings } from '../monitoring/assess-repository.ts'
import { loadMetricsLibrary } from '../monitoring/metrics.ts'
import type { AccessFields } from '../repository/record-access.ts'
import { logAccess } from '../service/access-log.ts'
import { aggregateFailedLogins } from '../service/failed-logins.ts'
import { monitoringSettings } from '../service/monitoring-settings.ts'
import { EventHub } from './api/event-hub.ts'
import { AnswerCache } from './answer-cache.ts'
import { bindServer, type BoundServer, type ListenOptions } from './serve.ts'
import { HeldRepository } from './held-repository.ts'
import type { JobEnd } from './jobs/job.ts'
import { forkJobs } from './jobs/fork-job.ts'
import { PreparedStatistics } from './prepared-statistics.ts'
import { Jobs, type JobRunner } from './jobs/jobs.ts'
import { ToldRequests } from './jobs/told-requests.ts'
import { AccessControl } from './security/access-control.ts'
import { AllowedHosts, isLoopback } from './security/allowed-hosts.ts'
import { Credentials, type Tokens } from './security/credentials.ts'
import type { ServerContext, ServerLog } from './server-context.ts'

export interface ServerOptions {
  readonly repository: Repository
  readonly configuration: Configuration | undefined
  /** Other than what the configuration says, as where it names another repository. */
  readonly monitoring?: MonitoringSettings
  readonly tokens: Tokens
  /** Over what the configuration says. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly certificateFile?: string | undefined
  readonly certificateKeyFile?: string | undefined
  /** Listen for other machines without TLS. */
  readonly allowsInsecureHttp: boolean
  /** Takes lines of JSON. */
  readonly writeLog: (line: string) => void
  readonly logsRequests: boolean
  /** Wrong tokens that one address may send in a minute; 10 unless given. */
  readonly failedLoginsPerMinute?: number
  /** What limits and sessions go by, in milliseconds; a clock that nobody sets unless given. */
  readonly monotonicMs?: () => number
  /** How often those who follow events get a sign of life; 15 s unless given. */
  readonly heartbeatMs?: number
  /** How long a download may stand still before it is given up; 2 minutes unless given. */
  readonly downloadStallMs?: number
  /** Whether one more job may be started; it fails otherwise, as on a machine that has no room for it. */
  readonly mayRunJob?: () => boolean
  /** Does the work of a job in place of a process of its own. */
  readonly runJob?: JobRunner
}

export interface RunningServer {
  /** Where it is asked for, such as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly port: number
  /** Lets requests and jobs end, or ends them when that takes too long. */
  stop(): Promise<void>
}

/** How long requests may go on after the server was told to stop. */
const graceMs = 10_000
const heartbeatMsDefault = 15_000
const downloadStallMsDefault = 120_000

/**
 * Starts the server over a repository that is open already, and stays so.
 *
 * @throws {HoldfastError} `USAGE` for an address that others reach without TLS, `CONFIG_INVALID`, `LISTEN_FAILED`
 */
export async function runServer(options: ServerOptions): Promise<RunningServer> {
  const settings = options.configuration?.settings.server ?? defaultServer
  const place = listenOptions(options, settings)
  const log = createLog(options.writeLog, options.logsRequests)
  const bound = await bindServer(place)
  try {
    return await start(options, { settings, place, log, bound })
  } catch (error) {
    await bound.close()
    throw error
  }
}

interface Started {
  readonly settings: ServerSettings
  readonly place: ListenOptions
  readonly log: ServerLog
  readonly bound: BoundServer
}

async function start(
  options: ServerOptions,
  { settings, place, log, bound }: Started,
): Promise<RunningServer> {
  const { repository, configuration, tokens } = options
  const isSecure = place.certificate !== undefined
  const scheme = isSecure ? 'https' : 'http'
  const held = new HeldRepository(repository, (error) =>
    log.warn({ err: error }, 'The catalogue could not be brought up to date'),
  )
  const monitoring = options.monitoring ?? (await monitoringSettings(configuration))
  const logins = aggregateFailedLogins((fields) => recordLogin(options, log, fields))
  const told = new ToldRequests()
  const run = forkJobs(repository, configuration, told)
  const statistics = new PreparedStatistics(held, run)
  const jobs = new Jobs({
    run: holdingRunner(held, options.runJob ?? run, options.mayRunJob),
    nowMs: Date.now,
    async afterJob({ id, kind, requested_by: user }) {
      held.expire()
      const current = await held.current()
      events.noteAlerts(assessRepository(current, monitoring).alerts)
      log.info({ job: id, kind, user }, 'A job ended')
    },
  })
  const events = new EventHub(jobs, Date.now())
  events.noteAlerts(assessRepository(repository, monitoring).alerts)
  const server: ServerContext = {
    held,
    configuration,
    settings,
    monitoring,
    access: new AccessControl({
      credentials: new Credentials(tokens),
      allowedHosts: new AllowedHosts(place.host, settings.allowedHosts),
      requestsPerMinute: settings.requestsPerMinute,
      scheme,
      port: bound.port,
      nowMs: options.monotonicMs ?? (() => performance.now()),
      ...failedLoginLimit(options),
      onFailedLogin: (login) => logins.note(login),
    }),
    jobs,
    events,
    streams: new Set(),
    heartbeatMs: options.heartbeatMs ?? heartbeatMsDefault,
    downloadStallMs: options.downloadStallMs ?? downloadStallMsDefault,
    answers: new AnswerCache(),
    told,
    statistics,
    log,
    isSecure,
    nowMs: () => Date.now(),
  }
  const listening = bound.answerWith(server)
  const url = `${scheme}://${hostText(place.host)}:${bound.port}`
  log.info({ url }, 'Listening')
  // The first scrape should not wait for the library.
  void loadMetricsLibrary()
  return {
    url,
    port: bound.port,
    async stop() {
      for (const stop of server.streams) stop()
      await Promise.all([listening.close(graceMs), jobs.stop(), statistics.stop()])
      await logins.flush()
      log.info({}, 'Stopped')
    },
  }
}

function failedLoginLimit({
  failedLoginsPerMinute,
}: ServerOptions): Pick<ServerOptions, 'failedLoginsPerMinute'> {
  return failedLoginsPerMinute === undefined ? {} : { failedLoginsPerMinute }
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** While a job runs it keeps the catalogue up to date; when it has ended, what it made is there for the next reader. */
function holdingRunner(
  held: HeldRepository,
  run: JobRunner,
  mayRun: () => boolean = () => true,
): JobRunner {
  return async (order, signal, onChange) => {
    if (!mayRun()) return noRoom
    const release = held.hold()
    try {
      return await run(order, signal, onChange)
    } finally {
      release()
    }
  }
}

const noRoom: JobEnd = {
  state: 'failed',
  error: {
    error: 'Cannot start the job: there is no room for it',
    code: 'CATALOGUE_BUSY',
    remedy: 'Try again later',
  },
}

async function recordLogin(
  { repository, configuration }: ServerOptions,
  log: ServerLog,
  fields: AccessFields,
): Promise<void> {
  log.warn({ address: fields.actor.address, count: fields.count }, 'Logins failed')
  const { actor, ...access } = fields
  const context = {
    repository,
    configuration,
    actor,
    signal: new AbortController().signal,
    onEvent: () => undefined,
  }
  await logAccess(context, access)
}

function listenOptions(options: ServerOptions, settings: ServerSettings): ListenOptions {
  const host = options.host ?? settings.host
  const port = options.port ?? settings.port
  const file = options.certificateFile ?? settings.certificateFile
  const keyFile = options.certificateKeyFile ?? settings.certificateKeyFile
  if ((file === undefined) !== (keyFile === undefined)) {
    throw new HoldfastError('USAGE', 'Cannot speak TLS with a certificate or a key alone', {
      remedy: 'Give both --tls-certificate and --tls-key',
    })
  }
  if (file === undefined && !isLoopback(host) && !options.allowsInsecureHttp) {
    throw new HoldfastError(
      'USAGE',
      `Cannot listen on "${host}" without TLS: everybody on the way could read the token and the files`,
      {
        remedy:
          'Give --tls-certificate and --tls-key, or allow it with --insecure-http where a proxy speaks TLS',
      },
    )
  }
  const certificate = file === undefined || keyFile === undefined ? undefined : { file, keyFile }
  return { host, port, certificate }
}

function createLog(write: (line: string) => void, isVerbose: boolean): ServerLog {
  const log = pino(
    {
      base: null,
      level: isVerbose ? 'debug' : 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      // Headers are never logged; should they ever be, then without these.
      redact: ['*.authorization', '*.cookie', '*.token', '*.passphrase'],
    },
    { write },
  )
  return log
}
