/** What is recorded in the journal; readers ignore kinds that they do not know. */
export const journalKinds = [
  'verification',
  'restoration',
  'deletion',
  'undeletion',
  'failure',
  'revocation',
  'damage',
  'check',
  'recovery',
  'settings',
  'export',
  'import',
  'drill',
  'alert',
  'access',
] as const
export type JournalKind = (typeof journalKinds)[number]

/** What a journal object says (docs/FORMAT.md, section 12). Unknown fields are kept by readers and ignored. */
export interface JournalRecord {
  readonly version: 1
  readonly kind: JournalKind
  readonly atMs: number
  readonly [field: string]: unknown
}

/** The `result` of a verification record that found everything right. */
export const verificationOk = 'ok'
/** The `result` of one that found damage. */
export const verificationDamaged = 'damaged'

/** Records of kind `check` name packs by so many bytes of their ids: two of a million packs begin alike once in 30 million repositories. */
export const packPrefixBytes = 8
