import { spawn, type ChildProcess } from 'node:child_process'
import { basename } from 'node:path'

import { childEnvironment } from '../../foundation/child-environment.ts'
import type { AlertChange } from '../alerts/alert-history.ts'
import { alertNames } from '../../model/alert-rule.ts'
import type { AlertChannel, ChannelOptions, ChannelResult, Notice } from './channel.ts'
import { noticeText } from './notice-text.ts'

type CommandChannel = Extract<AlertChannel, { type: 'command' }>

/** After a polite end, what is still there of the group is killed. */
const killAfterMs = 2_000

/** Runs the program once for each change: the text on standard input, the parts in `HOLDFAST_ALERT_…`. Its output goes nowhere. */
export async function tellCommand(
  command: CommandChannel,
  notice: Notice,
  options: ChannelOptions,
): Promise<ChannelResult> {
  const channel = `command ${basename(command.argv[0] ?? '')}`
  for (const change of notice.changes) {
    const error = await runOnce(command, { ...notice, changes: [change] }, options)
    if (error !== undefined) return { channel, error }
  }
  return { channel }
}

function variablesOf(
  change: AlertChange,
  { hostname, location, repositoryId, verdict }: Notice,
): Record<string, string> {
  return {
    HOLDFAST_ALERT_RULE: change.rule,
    HOLDFAST_ALERT_NAME: alertNames[change.rule],
    HOLDFAST_ALERT_STATE: change.state,
    HOLDFAST_ALERT_AT: change.at,
    HOLDFAST_ALERT_VALUE: change.value === null ? '' : String(change.value),
    HOLDFAST_ALERT_THRESHOLD: change.threshold === null ? '' : String(change.threshold),
    HOLDFAST_ALERT_MESSAGE: change.message,
    HOLDFAST_ALERT_VERDICT: verdict.sentence,
    HOLDFAST_ALERT_HOST: hostname,
    HOLDFAST_ALERT_REPOSITORY: location,
    HOLDFAST_ALERT_REPOSITORY_ID: repositoryId,
  }
}

function runOnce(
  { argv, timeoutSeconds }: CommandChannel,
  notice: Notice,
  { signal, timeoutMs = timeoutSeconds * 1000 }: ChannelOptions,
): Promise<string | undefined> {
  const [program, ...words] = argv
  if (program === undefined) return Promise.resolve('it has no words')
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      // A group of its own, so that what it starts can be ended with it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...childEnvironment(notice.location), ...textVariables(notice) },
    })
    let end: string | undefined
    const stop = (reason: string) => (): void => {
      end ??= reason
      endGroup(child)
    }
    const timer = setTimeout(stop('it took too long and was ended'), timeoutMs)
    const interrupt = stop('interrupted')
    signal?.addEventListener('abort', interrupt, { once: true })
    const finish = (error: string | undefined): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', interrupt)
      resolve(end ?? error)
    }
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish(`it cannot be started: ${error.code ?? 'unknown'}`),
    )
    child.once('close', (status, signalName) => {
      if (status === 0) finish(undefined)
      else finish(status === null ? `it was ended by ${signalName}` : `it ended with ${status}`)
    })
    // Whoever does not want to read the message need not.
    child.stdin.on('error', () => undefined)
    child.stdin.end(noticeText(notice))
  })
}

function textVariables(notice: Notice): Record<string, string> {
  const variables = variablesOf(notice.changes[0], notice)
  // A NUL byte cannot stand in an environment, and `spawn` would throw.
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value.replaceAll('\0', ' ')]),
  )
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM')
  setTimeout(() => signalGroup(child, 'SIGKILL'), killAfterMs).unref()
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // Nobody of it is left.
  }
}
