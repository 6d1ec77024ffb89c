export type Severity = 'ok' | 'warning' | 'problem'

/** What a look at one thing found. */
export interface Finding {
  /** What was looked at: `disk space`, `configuration` … */
  readonly check: string
  readonly severity: Severity
  readonly message: string
  /** The command or the change that mends it; empty when nothing has to be mended. */
  readonly fix: string
}

export function fine(check: string, message: string): Finding {
  return { check, severity: 'ok', message, fix: '' }
}

export function warning(check: string, message: string, fix: string): Finding {
  return { check, severity: 'warning', message, fix }
}

export function problem(check: string, message: string, fix: string): Finding {
  return { check, severity: 'problem', message, fix }
}
