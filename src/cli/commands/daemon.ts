import type { Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { commandActor } from '../follow-service.ts'
import { findStorage, type Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface DaemonFlags {
  readonly once?: true
}

/** How long a job waits for others that hold the repository. */
const retryLockMsDefault = 10 * 60_000

export function defineDaemon(command: Command, run: RunAction): void {
  command
    .option('--once', 'do what is due now, and end')
    .addHelpText(
      'after',
      '\nDoes what `holdfast schedule` does, whenever it is due, until it is stopped by SIGTERM.' +
        '\nSIGHUP reads the configuration again. What was missed while the machine slept is done once.' +
        '\nEach event is one JSON line on standard output.',
    )
  addExamples(command, [
    ['holdfast daemon', 'do backups, cleanups, verifications and drills by the schedule'],
    ['holdfast daemon --once', 'do what is due now, and end'],
  ])
  command.action((flags: DaemonFlags) => run(command, (session) => runDaemon(session, flags)))
}

async function runDaemon(session: Session, { once }: DaemonFlags): Promise<ExitStatus> {
  const { Daemon } = await import('../../service/daemon/daemon.ts')
  const { openDaemonLog } = await import('../../service/daemon/daemon-log.ts')
  const { daemonClock } = await import('../../service/daemon/daemon-clock.ts')
  const first = await session.configuration()
  const options = await session.openOptions()
  let passphrase: Promise<string> | undefined
  // Nobody is asked a second time.
  const askOnce = (): Promise<string> => (passphrase ??= options.passphrase())
  const daemon = new Daemon({
    loadConfiguration: async () => {
      if (first === undefined) return undefined
      const { loadConfig } = await import('../../config/load-config.ts')
      return loadConfig(first.file)
    },
    openRepository: () =>
      session.library.openRepository({
        ...options,
        passphrase: askOnce,
        retryLockMs: options.retryLockMs ?? retryLockMsDefault,
      }),
    others: {
      passphrase: askOnce,
      cacheDirectory: options.cacheDirectory,
      storage: (location) => findStorage(session, location, 'other'),
    },
    actor: { ...commandActor(), via: 'daemon' },
    signal: session.signal,
    log: await openDaemonLog(),
    clock: daemonClock,
    isOnce: once === true,
  })
  // For every other command a hang-up is the end; a daemon reads its configuration again.
  process.removeAllListeners('SIGHUP')
  process.on('SIGHUP', () => daemon.reload())
  const failures = await daemon.run()
  return once === true && failures > 0 ? exitStatus.failed : exitStatus.done
}
