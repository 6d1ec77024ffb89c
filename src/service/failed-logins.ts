import type { AccessFields } from '../repository/record-access.ts'

const windowMsDefault = 60_000

export interface FailedLogins {
  /** A wrong or missing credential came from there. */
  note(login: { readonly user: string; readonly address: string }): void
  /** Writes what was counted and not written yet. */
  flush(): Promise<void>
}

/**
 * Counts failed logins and hands on at most one record a minute, so that nobody fills the repository by guessing. The first is handed on at
 * once, those of the minute after it together.
 *
 * @param write what records; it must not throw
 */
export function aggregateFailedLogins(
  write: (fields: AccessFields) => Promise<void>,
  options: { readonly windowMs?: number; readonly now?: () => number } = {},
): FailedLogins {
  const windowMs = options.windowMs ?? windowMsDefault
  const now = options.now ?? (() => performance.now())
  let counted = 0
  let last = { user: '', address: '' }
  let addresses = new Set<string>()
  let writtenAt = -Infinity
  let timer: NodeJS.Timeout | undefined
  const flush = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    if (counted === 0) return
    const message =
      addresses.size === 1
        ? `from ${last.address}`
        : `from ${addresses.size} addresses, last ${last.address}`
    const count = counted
    counted = 0
    addresses = new Set()
    writtenAt = now()
    const actor = { via: 'http', user: last.user, address: last.address } as const
    const common = { action: 'login-failed', target: 'server', result: 'refused' } as const
    await write({ ...common, message, actor, count })
  }
  return {
    note(login) {
      counted += 1
      // What is told of them is short whatever was sent.
      last = { user: login.user.slice(0, 200), address: login.address.slice(0, 200) }
      if (addresses.size < 1_000) addresses.add(last.address)
      const waitMs = writtenAt + windowMs - now()
      if (waitMs <= 0) void flush()
      else if (timer === undefined) {
        timer = setTimeout(() => void flush(), waitMs)
        timer.unref()
      }
    },
    flush,
  }
}
