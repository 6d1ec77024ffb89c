import type { Configuration } from '../config/load-config.ts'
import type { ServerSettings } from '../config/settings.ts'
import type { MonitoringSettings } from '../monitoring/assess-repository.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { EventHub } from './api/event-hub.ts'
import type { HeldRepository } from './held-repository.ts'
import type { Jobs } from './jobs/jobs.ts'
import type { ToldRequests } from './jobs/told-requests.ts'
import type { PreparedStatistics } from './prepared-statistics.ts'
import type { AccessControl } from './security/access-control.ts'
import type { Identity } from './security/credentials.ts'

/** What is written to the log; never a secret, never a body. */
export interface ServerLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** What routes work with. */
export interface ServerContext {
  readonly held: HeldRepository
  readonly configuration: Configuration | undefined
  readonly settings: ServerSettings
  readonly monitoring: MonitoringSettings
  readonly access: AccessControl
  readonly jobs: Jobs
  readonly events: EventHub
  /** What ends the streams of events that are open. */
  readonly streams: Set<() => void>
  /** How often those who follow get a sign of life. */
  readonly heartbeatMs: number
  /** A download of which nothing was taken for so long is given up. */
  readonly downloadStallMs: number
  readonly answers: AnswerCache
  /** What the processes of jobs have asked stores for. */
  readonly told: ToldRequests
  readonly statistics: PreparedStatistics
  readonly log: ServerLog
  /** TLS is spoken. */
  readonly isSecure: boolean
  readonly nowMs: () => number
}

/** What is known of a request beside itself. */
export interface RequestFacts {
  /** Of the other end of the connection. */
  readonly address: string
  /** Ends the connection at once, whatever is on its way. */
  readonly hangUp: () => void
  /** Ends the connection when nothing of the answer has moved for so long. */
  readonly limitStall: (stallMs: number) => void
}

/** Hono's types of a request. */
export interface ServerEnvironment {
  readonly Bindings: RequestFacts
  readonly Variables: { identity: Identity | undefined }
}
