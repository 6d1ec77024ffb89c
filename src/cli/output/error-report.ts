import { HoldfastError, type ErrorCode, type ErrorFacts } from '../../foundation/errors.ts'
import { exitStatusOf, type ExitStatus } from '../exit-status.ts'
import { writeJsonErrorLine } from './json.ts'
import { safeText } from './safe-text.ts'
import type { Terminal } from './terminal.ts'

export interface ErrorReportOptions {
  readonly isJson: boolean
  /** Adds the stack, for reports of faults in Holdfast itself. */
  readonly isVerbose: boolean
}

/** Causes are chained by hand in a few places; a longer chain is a loop. */
const causesMax = 8

/**
 * Tells the operator what went wrong, in the one form that all commands share.
 *
 * As text: `holdfast: <message>`, the causes indented below it, `Try: <remedy>`. As JSON: one line on standard error.
 * @returns The exit status that belongs to the error.
 */
export function reportError(
  error: unknown,
  terminal: Terminal,
  options: ErrorReportOptions,
): ExitStatus {
  const report = describeError(error)
  const status = exitStatusOf(report.code)
  if (options.isJson) {
    writeJsonErrorLine(terminal, {
      message_type: 'exit_error',
      code: status,
      error: report.code,
      message: report.message,
      ...(report.causes.length > 0 && { causes: report.causes }),
      remedy: report.remedy,
      facts: report.facts,
    })
    return status
  }
  const lines = [
    `holdfast: ${report.message}`,
    ...report.causes.map((cause) => `  ${cause}`),
    ...(report.remedy === '' ? [] : [`Try: ${report.remedy}`]),
    ...(options.isVerbose && error instanceof Error ? [error.stack ?? ''] : []),
  ]
  terminal.writeError(lines.map((line) => `${safeText(line)}\n`).join(''))
  return status
}

interface ErrorDescription {
  readonly code: ErrorCode
  readonly message: string
  readonly causes: readonly string[]
  readonly remedy: string
  readonly facts: ErrorFacts
}

function describeError(error: unknown): ErrorDescription {
  const causes = causesOf(error)
  if (error instanceof HoldfastError) {
    return {
      code: error.code,
      message: error.message,
      causes,
      remedy: error.remedy,
      facts: error.facts,
    }
  }
  return {
    code: 'INTERNAL',
    message: `Internal fault: ${messageOf(error)}`,
    causes,
    remedy: 'Run the command again with --verbose and report what it prints',
    facts: {},
  }
}

function causesOf(error: unknown): string[] {
  const causes: string[] = []
  const told = [messageOf(error)]
  let cause = error instanceof Error ? error.cause : undefined
  while (cause !== undefined && cause !== null && told.length <= causesMax) {
    const text = messageOf(cause)
    // Many messages end in the reason already; it is not told twice.
    if (!told.some((earlier) => earlier.includes(text))) causes.push(text)
    told.push(text)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
