/** What a journal object says (docs/FORMAT.md, section 12). Unknown fields are kept by readers and ignored. */
export interface JournalRecord {
  readonly version: 1
  readonly kind: 'verification' | 'restoration' | 'deletion' | 'failure'
  readonly atMs: number
  readonly [field: string]: unknown
}

/** The `result` of a verification record that found everything right. */
export const verificationOk = 'ok'
