import { createHash, randomBytes } from 'node:crypto'

import type { Identity } from './credentials.ts'

interface OpenSession {
  readonly identity: Identity
  readonly endsAtMs: number
  idleAtMs: number
}

const lifetimeMs = 12 * 60 * 60_000
const idleMaxMs = 2 * 60 * 60_000
/** Whoever has the token can open sessions without end; the oldest gives way. */
const sessionsMax = 1000

/** Sessions of browsers: they live in this process, and end with it. */
export class SessionStore {
  readonly #sessions = new Map<string, OpenSession>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** @returns the value of the cookie */
  open(identity: Identity): string {
    const value = randomBytes(32).toString('base64url')
    const nowMs = this.#nowMs()
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size >= sessionsMax) this.#sessions.delete(oldest)
    this.#sessions.set(keyOf(value), {
      identity,
      endsAtMs: nowMs + lifetimeMs,
      idleAtMs: nowMs + idleMaxMs,
    })
    return value
  }

  find(value: string): Identity | undefined {
    const key = keyOf(value)
    const session = this.#sessions.get(key)
    if (session === undefined) return undefined
    const nowMs = this.#nowMs()
    if (nowMs >= session.endsAtMs || nowMs >= session.idleAtMs) {
      this.#sessions.delete(key)
      return undefined
    }
    session.idleAtMs = nowMs + idleMaxMs
    return session.identity
  }

  close(value: string): void {
    this.#sessions.delete(keyOf(value))
  }
}

/** By its hash, so that looking it up takes no longer the more of it is right. */
function keyOf(value: string): string {
  return createHash('sha256').update(value).digest('base64')
}
