import type { Configuration } from '../../config/load-config.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { HoldfastEvent } from '../../foundation/progress-event.ts'
import type { Actor } from '../../model/actor.ts'
import type { Repository } from '../../repository/repository.ts'
import { errorText } from '../error-text.ts'
import { lockProcess } from '../process-lock.ts'
import { readCronTimes, type NextTime } from '../schedule/cron-times.ts'
import type { JobKind } from '../schedule/job-kinds.ts'
import { planDue, requireSchedule } from '../schedule/plan-due.ts'
import { runJob, type JobOutcome } from '../schedule/run-job.ts'
import type { OtherRepositories } from '../also-to/other-repositories.ts'
import type { ServiceContext } from '../service-context.ts'
import { pingRuns } from '../tell-after-run.ts'
import type { DaemonClock } from './daemon-clock.ts'
import type { DaemonLog } from './daemon-log.ts'
import { hasJumped, napMs, nextLook } from './next-look.ts'
import { RetryTimes } from './retry-times.ts'

export interface DaemonOptions {
  /** Reads the configuration, at the start and when it is told to. */
  readonly loadConfiguration: () => Promise<Configuration | undefined>
  readonly openRepository: () => Promise<Repository>
  /** What opening the repositories takes that get a copy of each backup. */
  readonly others?: Omit<OtherRepositories, 'repositories'>
  readonly actor: Actor
  /** Ends the daemon, and what it does just now. */
  readonly signal: AbortSignal
  readonly log: DaemonLog
  readonly clock: DaemonClock
  /** Does what is due now, and ends. */
  readonly isOnce?: boolean
}

/**
 * Does what the schedule wants, when it wants it. The repository is opened for each look and closed after it, so that nothing is held while nothing
 * is done. What was missed, because the machine slept or was off, is done once.
 */
export class Daemon {
  readonly #options: DaemonOptions
  readonly #begun = new Map<JobKind, number>()
  readonly #retries = new RetryTimes()
  #configuration: Configuration | undefined
  #nextTime: NextTime = () => undefined
  #mustReload = false
  #wake = new AbortController()

  constructor(options: DaemonOptions) {
    this.#options = options
  }

  /** Reads the configuration again before anything else is done. One that is wrong is told, and the one before stays. */
  reload(): void {
    this.#mustReload = true
    this.#wake.abort()
  }

  /**
   * Ends when the signal does, or after one look with `isOnce`.
   *
   * @returns how many jobs failed
   * @throws {HoldfastError} `ALREADY_RUNNING`; what the configuration or the repository is refused with at the start
   */
  async run(): Promise<number> {
    const { log, signal, isOnce } = this.#options
    await this.#load()
    const repositoryId = await this.#firstOpen()
    const lock = await lockProcess(`daemon ${repositoryId}`, 'the daemon')
    log.info({ repository: repositoryId, config: this.#configuration?.file }, 'daemon started')
    try {
      let failures = await this.#look()
      if (isOnce === true) return failures
      while (!signal.aborted) {
        await this.#sleep()
        if (signal.aborted) break
        if (this.#mustReload) await this.#reloadNow()
        failures += await this.#look()
      }
      return failures
    } finally {
      await lock.release()
      log.info({}, 'daemon stopped')
    }
  }

  async #load(): Promise<void> {
    const configuration = requireSchedule(await this.#options.loadConfiguration())
    this.#nextTime = await readCronTimes(configuration.settings.schedule)
    this.#configuration = configuration
  }

  async #reloadNow(): Promise<void> {
    this.#mustReload = false
    const { log } = this.#options
    try {
      await this.#load()
      log.info({ config: this.#configuration?.file }, 'configuration read again')
    } catch (error) {
      log.error(faultFields(error), 'the configuration is wrong, the one before stays in use')
    }
  }

  async #firstOpen(): Promise<string> {
    const repository = await this.#options.openRepository()
    const { repositoryId } = repository
    await repository.close()
    return repositoryId
  }

  /** Short naps, because a timer stands still while the machine sleeps. */
  async #sleep(): Promise<void> {
    const { clock, signal } = this.#options
    let nowMs = clock.nowMs()
    const lookAtMs = nextLook(this.#nextTime, nowMs)
    while (nowMs < lookAtMs && !signal.aborted && !this.#mustReload) {
      const pauseMs = napMs(lookAtMs, nowMs)
      this.#wake = new AbortController()
      await clock.wait(pauseMs, AbortSignal.any([signal, this.#wake.signal]))
      const expectedMs = nowMs + pauseMs
      nowMs = clock.nowMs()
      if (hasJumped(expectedMs, nowMs) && !signal.aborted) {
        const jumpSeconds = Math.round((nowMs - expectedMs) / 1000)
        this.#options.log.warn(
          { jump_seconds: jumpSeconds },
          'the clock jumped or the machine slept',
        )
        return
      }
    }
  }

  /** @returns how many jobs failed */
  async #look(): Promise<number> {
    const { log, signal, clock } = this.#options
    let failures = 0
    try {
      const due = await this.#withRepository((context) =>
        planDue(context, clock.nowMs(), this.#begun),
      )
      for (const kind of due) {
        if (signal.aborted || !this.#retries.mayRun(kind, clock.nowMs())) continue
        if (!(await this.#do(kind))) failures += 1
      }
    } catch (error) {
      if (signal.aborted) return failures
      failures += 1
      log.error(faultFields(error), 'the repository cannot be looked at')
      await this.#tellWatchdogs()
    }
    return failures
  }

  /** Nobody can write down in the repository that it cannot be opened. */
  async #tellWatchdogs(): Promise<void> {
    const { actor, signal } = this.#options
    const configuration = this.#configuration
    const onEvent = this.#onEvent('watchdog')
    await pingRuns({ configuration, actor, signal, onEvent })('fail')
  }

  /** @returns false when it failed */
  async #do(kind: JobKind): Promise<boolean> {
    const { log, clock, signal } = this.#options
    this.#begun.set(kind, clock.nowMs())
    log.info({ job: kind }, 'job started')
    try {
      const outcome = await this.#underLock(kind)
      this.#retries.succeed(kind)
      log.info({ job: kind, ...outcomeFields(outcome) }, 'job done')
      return outcome.drill?.result !== 'failed' && outcome.backup?.isVerified !== false
    } catch (error) {
      if (signal.aborted) {
        log.warn({ job: kind }, 'job interrupted')
        return true
      }
      this.#begun.delete(kind)
      const retryAtMs = this.#retries.fail(kind, clock.nowMs())
      const retryAt = new Date(retryAtMs).toISOString()
      log.error({ job: kind, retry_at: retryAt, ...faultFields(error) }, 'job failed')
      return false
    }
  }

  /** Never two at once, also with a `holdfast schedule` of cron beside. */
  async #underLock(kind: JobKind): Promise<JobOutcome> {
    return await this.#withRepository(async (context) => {
      const name = `run ${context.repository.repositoryId}`
      const lock = await lockProcess(name, `the scheduled ${kind}`)
      try {
        return await runJob({ ...context, onEvent: this.#onEvent(kind) }, kind)
      } finally {
        await lock.release()
      }
    })
  }

  async #withRepository<T>(use: (context: ServiceContext) => Promise<T>): Promise<T> {
    const { actor, signal, openRepository } = this.#options
    const repository = await openRepository()
    try {
      const configuration = this.#configuration
      const others = {
        ...this.#options.others,
        repositories: configuration?.settings.alsoTo ?? [],
      }
      const onEvent = (): void => undefined
      return await use({ repository, configuration, actor, signal, others, onEvent })
    } finally {
      await repository.close()
    }
  }

  #onEvent(job: string): (event: HoldfastEvent) => void {
    const { log } = this.#options
    return (event) => {
      if (event.type === 'progress') return
      const path = event.path === undefined ? {} : { path: event.path.toString() }
      // What something costs is nothing to worry about.
      const level = event.type === 'cost' ? 'info' : 'warn'
      log[level]({ job, event: event.type, ...path }, event.message)
    }
  }
}

function faultFields(error: unknown): object {
  const code = error instanceof HoldfastError ? error.code : 'INTERNAL'
  const remedy = error instanceof HoldfastError && error.remedy !== '' ? error.remedy : undefined
  return { code, error: errorText(error), ...(remedy !== undefined && { remedy }) }
}

function outcomeFields({ backup, cleanup, verification, drill }: JobOutcome): object {
  return {
    ...(backup !== null && {
      backup_id: backup.snapshot?.backupId,
      files: backup.statistics.files,
      bytes: backup.statistics.bytes,
      unreadable: backup.unreadable,
      verified: backup.isVerified,
    }),
    ...(cleanup !== null && { deleted: cleanup.removed.map(({ backupId }) => backupId) }),
    ...(verification !== null && { damaged: verification.damaged.length }),
    ...(drill !== null && { drill: drill.result, drill_files: drill.files }),
  }
}
