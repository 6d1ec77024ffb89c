/** What a journal object says (docs/FORMAT.md, section 12). Unknown fields are kept by readers and ignored. */
export interface JournalRecord {
  readonly version: 1
  readonly kind: 'verification' | 'restoration' | 'deletion' | 'failure'
  readonly atMs: number
  readonly [field: string]: unknown
}
