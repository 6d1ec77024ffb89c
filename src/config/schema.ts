/*
 * What config.yml may say. The rules are a table of our own and not a schema library's because every command reads
 * this file: loading the library took 48 ms of the 150 ms that `holdfast list` may take, this table takes none, and
 * each rule carries the sentence that an error needs ("allowed: …").
 */

import { readRate } from './read-rate.ts'
import { readSize } from './read-size.ts'
import { channelTypes, type ChannelType } from './settings.ts'

/** What one key may hold. */
export interface Rule {
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  accepts(value: unknown): boolean
  /** What stands there is told to nobody, also when it is wrong. */
  readonly isSecret?: true
}

/** A list of mappings, each with keys of its own kind. */
export interface SectionList {
  readonly allowed: string
  /** The rules for one element, by what it says of itself. */
  sectionOf(element: unknown): Section
}

/** Keys of a mapping; every key may be left out, and no other key may stand there. */
export interface Section {
  /** Except these. */
  readonly needs?: readonly string[]
  /** What stands in its place is told to nobody. */
  readonly isSecret?: true
  readonly keys: Readonly<Record<string, Rule | Section | SectionList>>
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
const secret: Rule = { ...text, isSecret: true }
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

function number(unit: string, least: number, most: number): Rule {
  return {
    allowed: `a number of ${unit} from ${least} to ${most}`,
    accepts: (value) => typeof value === 'number' && value >= least && value <= most,
  }
}

const size: Rule = {
  allowed: 'a size such as 500M or 1GB',
  accepts: (value) => readSize(value) !== undefined,
}

const rate: Rule = {
  allowed: 'a rate such as 500 (KiB in a second), 10M or 0 for no limit',
  accepts: (value) => readRate(value) !== undefined,
}

const url: Rule = {
  allowed: 'an http or https address',
  accepts: (value) => isText(value) && /^https?:\/\/[^\s/]/.test(value),
}

const mailServer: Rule = {
  allowed: 'smtp://[user@]host[:port] or smtps://…, without a password',
  accepts: (value) => isText(value) && /^smtps?:\/\/(?:[^\s:@/]+@)?[^\s@/]+\/?$/.test(value),
}

const headers: Rule = {
  allowed: 'a mapping of header names to texts',
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(([name, text_]) => /^[\w-]+$/.test(name) && isText(text_)),
}

/** Whether the expression means anything is found by what reads it, the daemon and `doctor`; here only its form. */
const cron: Rule = {
  allowed: 'a cron expression of five fields, such as "0 2 * * 0"',
  accepts: (value) =>
    isText(value) &&
    (/^@\w+$/.test(value) || /^[\d*,/\-A-Za-z#?]+(?: +[\d*,/\-A-Za-z#?]+){4}$/.test(value)),
}

const timeZone: Rule = {
  allowed: 'the name of a time zone, such as Europe/Berlin or UTC',
  accepts: (value) => isText(value) && isTimeZone(value),
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const channelSections: Readonly<Record<ChannelType, Section>> = {
  webhook: { keys: { type: text, url, headers } },
  command: { keys: { type: text, command: text, timeout_seconds: wholeNumber('seconds') } },
  email: { keys: { type: text, server: mailServer, password_file: path, from: text, to: texts } },
  ping: { keys: { type: text, url } },
}

/** What a channel cannot do without. */
const channelNeeds: Readonly<Record<ChannelType, readonly string[]>> = {
  webhook: ['url'],
  command: ['command'],
  email: ['server', 'from', 'to'],
  ping: ['url'],
}

const channels: SectionList = {
  allowed: 'a list of channels, each with a type (webhook, command, email, ping) and what it needs',
  sectionOf(element) {
    const type = (element as { type?: unknown } | null)?.type as ChannelType
    if (!channelTypes.includes(type)) {
      return {
        keys: { type: { allowed: channelTypes.join(', '), accepts: () => false } },
        needs: ['type'],
      }
    }
    return { ...channelSections[type], needs: channelNeeds[type] }
  },
}

const s3Section: Section = {
  isSecret: true,
  keys: {
    access_key_id: text,
    secret_access_key: secret,
    secret_access_key_file: path,
    profile: text,
    region: text,
  },
}

const alsoTo: SectionList = {
  allowed:
    'a list of repositories, each with repository, where it is encrypted passphrase_file or passphrase_command, and where its bucket belongs to another account s3',
  sectionOf: () => ({
    keys: { repository: path, passphrase_file: path, passphrase_command: text, s3: s3Section },
    needs: ['repository'],
  }),
}

export const holdfastSection: Section = {
  keys: {
    repository: path,
    also_to: alsoTo,
    passphrase_file: path,
    passphrase_command: text,
    cache_directory: path,
    cacert: path,
    limit_upload: rate,
    limit_download: rate,
    s3: s3Section,
    host: text,
    tags: texts,
    exclude: texts,
    exclude_files: paths,
    exclude_if_present: texts,
    exclude_caches: truth,
    one_file_system: truth,
    schedule: {
      keys: {
        full: cron,
        incremental: cron,
        index: cron,
        cache: cron,
        config: cron,
        cleanup: cron,
        verify: cron,
        drill: cron,
        time_zone: timeZone,
      },
    },
    drill: { keys: { files: wholeNumber('files'), bytes_max: size } },
    hooks: {
      keys: { before: text, after: text, failed: text, timeout_seconds: wholeNumber('seconds') },
    },
    alerts: {
      keys: {
        no_backup_hours: number('hours', 1, 100_000),
        failure_rate: number('failures in each run', 0, 1),
        backup_size: size,
        success_rate: number('successes in each run', 0, 1),
        window_days: wholeNumber('days'),
        verification_days: wholeNumber('days'),
      },
    },
    channels,
    server: {
      keys: {
        host: text,
        port: number('the port', 0, 65_535),
        allowed_hosts: texts,
        token_file: path,
        read_only_token_file: path,
        restore_roots: paths,
        certificate_file: path,
        certificate_key_file: path,
        requests_per_minute: wholeNumber('requests'),
        body_size_max: size,
        metrics_public: truth,
      },
    },
    backups_folder: path,
    history_file: path,
    access_log: path,
  },
}

export const repositoryRule: Rule = path

export function isSection(entry: Rule | Section | SectionList): entry is Section {
  return 'keys' in entry
}

export function isSectionList(entry: Rule | Section | SectionList): entry is SectionList {
  return 'sectionOf' in entry
}
