/*
 * What config.yml may say. The rules are a table of our own and not a schema library's because every command reads
 * this file: loading the library took 48 ms of the 150 ms that `holdfast list` may take, this table takes none, and
 * each rule carries the sentence that an error needs ("allowed: …").
 */

/** What one key may hold. */
export interface Rule {
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  accepts(value: unknown): boolean
}

/** Keys of a mapping; every key may be left out, and no other key may stand there. */
export interface Section {
  readonly keys: Readonly<Record<string, Rule | Section>>
}

export interface BackupSchedule {
  readonly fullBackupDays: number
  readonly incrementalHours: number
  readonly retentionDays: number
  readonly maxBackups: number
}

export type PathGroup = 'index' | 'cache' | 'config' | 'logs'

/** The section `api.backup`. */
export interface BackupSettings {
  readonly enabled: boolean
  readonly schedule: BackupSchedule
  /** As written, relative to the configuration file's folder. */
  readonly paths: Readonly<Partial<Record<PathGroup, readonly string[]>>>
  readonly compression: boolean
  readonly verification: boolean
  readonly autoCleanup: boolean
}

/** The section `holdfast`, for what the documented system did not have. */
export interface HoldfastSettings {
  readonly repository?: string
  readonly passphraseFile?: string
  readonly passphraseCommand?: string
  readonly cacheDirectory?: string
  readonly host?: string
  readonly tags: readonly string[]
  readonly exclude: readonly string[]
  readonly excludeFiles: readonly string[]
  readonly excludeIfPresent: readonly string[]
  readonly excludeCaches: boolean
  readonly oneFileSystem: boolean
}

const truth: Rule = {
  allowed: 'true or false',
  accepts: (value) => typeof value === 'boolean',
}

function isText(value: unknown): value is string {
  // A NUL byte can stand in YAML text but in no path or argument of this system.
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

const text: Rule = { allowed: 'text that is not empty', accepts: isText }
const path: Rule = { allowed: 'a path', accepts: isText }

const texts: Rule = {
  allowed: 'text or a list of texts, none of them empty',
  accepts: (value) => isText(value) || (Array.isArray(value) && value.every(isText)),
}

const paths: Rule = {
  allowed: 'a path or a list of paths',
  accepts: (value) =>
    isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
}

function wholeNumber(unit: string): Rule {
  return {
    allowed: `a whole number of ${unit}, 1 or more`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  }
}

export const backupSection: Section = {
  keys: {
    enabled: truth,
    schedule: {
      keys: {
        full_backup_days: wholeNumber('days'),
        incremental_hours: wholeNumber('hours'),
        retention_days: wholeNumber('days'),
        max_backups: wholeNumber('backups'),
      },
    },
    paths: { keys: { index: paths, cache: paths, config: paths, logs: paths } },
    compression: truth,
    verification: truth,
    auto_cleanup: truth,
  },
}

export const holdfastSection: Section = {
  keys: {
    repository: path,
    passphrase_file: path,
    passphrase_command: text,
    cache_directory: path,
    host: text,
    tags: texts,
    exclude: texts,
    exclude_files: paths,
    exclude_if_present: texts,
    exclude_caches: truth,
    one_file_system: truth,
  },
}

export const repositoryRule: Rule = path

export function isSection(entry: Rule | Section): entry is Section {
  return 'keys' in entry
}
