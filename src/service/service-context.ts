import type { Configuration } from '../config/load-config.ts'
import type { OnEvent } from '../foundation/progress-event.ts'
import type { Actor } from '../model/actor.ts'
import type { Repository } from '../repository/repository.ts'
import type { OtherRepositories } from './also-to/other-repositories.ts'
import { serviceOperations, type ServiceOperations } from './service-operations.ts'

/** What a service works with: the command line, the daemon and the server differ in nothing else. */
export interface ServiceContext {
  readonly repository: Repository
  /** Undefined where there is none; what needs one says so. */
  readonly configuration: Configuration | undefined
  readonly actor: Actor
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  /** Repositories that get a copy of each backup; default: those of the configuration. */
  readonly others?: OtherRepositories
  /** Told of each other repository before it is closed: what it was asked for counts as well. */
  readonly noteRequests?: (other: Repository) => Promise<void>
  /** Default: the operations themselves. */
  readonly operations?: ServiceOperations
}

export function operationsOf({ operations }: ServiceContext): ServiceOperations {
  return operations ?? serviceOperations
}

/** Tells that something went wrong beside the work, which is done all the same. */
export function tellNotice({ onEvent }: Pick<ServiceContext, 'onEvent'>, message: string): void {
  onEvent({ type: 'notice', message })
}
