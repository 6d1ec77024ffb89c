import { spawnSync } from 'node:child_process'

import { HoldfastError } from '../../foundation/errors.ts'

/** Runs a program of the system to its end. */
function runTool(
  program: string,
  words: readonly string[],
  input = '',
): ReturnType<typeof spawnSync> {
  return spawnSync(program, words, { input, encoding: 'utf8', timeout: 30_000 })
}

/** @throws {HoldfastError} `INTERNAL` when it cannot be run or fails */
export function requireTool(program: string, words: readonly string[], input = ''): void {
  const { status, error, stderr } = runTool(program, words, input)
  if (error === undefined && status === 0) return
  const command = [program, ...words].join(' ')
  const reason = error?.message ?? (String(stderr).trim() || `it ended with ${status}`)
  throw new HoldfastError('INTERNAL', `Cannot run "${command}": ${reason}`, {
    remedy: `Install ${program}, or make it work for this user, or run \`holdfast daemon\` instead`,
  })
}

/** @returns the crontab of this user, empty when there is none; undefined when there is no crontab program */
export function readCrontab(): string | undefined {
  const { status, error, stdout } = runTool('crontab', ['-l'])
  if (error !== undefined) return undefined
  return status === 0 ? String(stdout) : ''
}
