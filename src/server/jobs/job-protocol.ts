import type { Actor } from '../../model/actor.ts'
import type { StoreRequests } from '../../repository/store-requests.ts'
import type { StorageSettings } from '../../repository/open-chosen-storage.ts'
import type { JobChange, JobEnd } from './job.ts'
import type { JobRequest } from './job-request.ts'

/** What the server has computed for itself, and no client can ask for: it is no job in any list. */
export interface StatisticsRequest {
  readonly kind: 'statistics'
}

/** What the process of a job is told first. Nothing of it is on a command line or in the environment. */
export interface JobStart {
  readonly location: string
  readonly cacheDirectory: string | undefined
  /** Credentials, certificates and limits of a repository that is no folder. */
  readonly storage: StorageSettings
  readonly masterSecret: Uint8Array
  readonly slotId: string | null
  /** Absolute path of the configuration; undefined when there is none. */
  readonly configFile: string | undefined
  readonly actor: Actor
  readonly request: JobRequest | StatisticsRequest
}

export type ToJobProcess =
  | { readonly type: 'start'; readonly start: JobStart }
  | { readonly type: 'cancel' }

export type FromJobProcess =
  | { readonly type: 'change'; readonly change: JobChange }
  /** All that this process has asked stores for until now. */
  | { readonly type: 'requests'; readonly requests: StoreRequests }
  | { readonly type: 'end'; readonly end: JobEnd }
