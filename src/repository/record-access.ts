import type { Actor } from '../model/actor.ts'
import type { Repository } from './repository.ts'
import { writeJournal } from './write-journal.ts'

/** What is written down of everybody who touches backups. */
export type AccessAction =
  | 'restore'
  | 'delete'
  | 'undelete'
  | 'cleanup'
  | 'forget'
  | 'prune'
  | 'export'
  | 'import'
  | 'download'
  | 'key-add'
  | 'key-remove'
  | 'key-passphrase'
  | 'login-failed'

export type AccessResult = 'ok' | 'failed' | 'refused'

export interface AccessFields {
  readonly action: AccessAction
  /** What it was done to: a backup id, a key, a path. */
  readonly target: string
  readonly result: AccessResult
  /** Empty when there is nothing to say. */
  readonly message: string
  readonly actor: Actor
  /** Of what is counted instead of being recorded one by one. */
  readonly count?: number
}

/** Writes durably, and sealed like everything else, who did what. */
export async function recordAccess(repository: Repository, fields: AccessFields): Promise<void> {
  await writeJournal(repository, { kind: 'access', ...fields, actor: { ...fields.actor } })
}
