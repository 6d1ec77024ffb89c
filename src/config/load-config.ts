import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'

import { HoldfastError } from '../foundation/errors.ts'
import {
  checkSection,
  checkValue,
  isMapping,
  valueAt,
  type ConfigProblem,
  type ParsedConfig,
} from './check-section.ts'
import { checkS3 } from './check-s3.ts'
import { defaultBackupSettings } from './defaults.ts'
import { resolveLocation } from './resolve-location.ts'
import { backupSection, holdfastSection, repositoryRule } from './schema.ts'
import { listOf, readSettings } from './read-settings.ts'
import type { BackupSchedule, BackupSettings, HoldfastSettings, PathGroup } from './settings.ts'

/** What a configuration file says; paths of settings are absolute, except those of `backup.paths`. */
export interface Configuration {
  /** Absolute path of the file. */
  readonly file: string
  /** The folder of the file: the project's root, which relative paths start from. */
  readonly folder: string
  /** Absolute path or URL, undefined when the file names none. */
  readonly repository: string | undefined
  /** Undefined when the file has no section `api.backup`. */
  readonly backup: BackupSettings | undefined
  readonly settings: HoldfastSettings
}

/** A configuration is a page or two; a file this large is another one's data under the same name. */
const configBytesMax = 4 * 1024 * 1024

/**
 * Reads and checks a configuration file.
 *
 * The file belongs to the application: its other top-level sections are ignored, whereas in `api.backup` and `holdfast`
 * every key must be one of ours, because a misspelt `retention_day` would otherwise silently keep the default.
 * @param file Absolute path.
 * @throws {HoldfastError} `CONFIG_INVALID`, naming file, line, key, what was found and what is allowed.
 */
export function loadConfig(file: string): Configuration {
  const { text, isPrivate } = read(file)
  const parsed = parse(file, text)
  const problems = [...check(parsed), ...checkS3(parsed, isPrivate)]
  if (problems.length > 0) throw invalid(file, problems)
  const settings = readSettings(valueAt(parsed.content, ['holdfast']), dirname(file))
  return {
    file,
    folder: dirname(file),
    repository: settings.repository ?? topLevelRepository(parsed.content, dirname(file)),
    backup: readBackup(parsed.content),
    settings,
  }
}

interface ConfigText {
  readonly text: string
  /** Nobody but its owner may read it. */
  readonly isPrivate: boolean
}

function read(file: string): ConfigText {
  let bytes: Buffer
  let isPrivate: boolean
  try {
    // The mode of what is read, whatever takes its name meanwhile.
    const descriptor = openSync(file, 'r')
    try {
      bytes = readFileSync(descriptor)
      const status = fstatSync(descriptor)
      isPrivate = !status.isFile() || (status.mode & 0o044) === 0
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    throw new HoldfastError('CONFIG_INVALID', `Cannot read configuration "${file}"`, {
      cause,
      remedy: 'Name a readable file with --config, or leave the option out',
      facts: { file },
    })
  }
  if (bytes.length > configBytesMax) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      `Cannot read configuration "${file}": ${bytes.length} bytes, at most ${configBytesMax} are allowed`,
      { remedy: 'Name the right file with --config', facts: { file, bytes: bytes.length } },
    )
  }
  return { text: bytes.toString('utf8'), isPrivate }
}

function parse(file: string, text: string): ParsedConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) throw unparsable(file, lines.linePos(error.pos[0]).line, error.message)
  try {
    return { document, lines, content: document.toJS() as unknown }
  } catch (cause) {
    // Aliases that refer to nothing, or that would expand without end.
    throw unparsable(file, 1, (cause as Error).message)
  }
}

function unparsable(file: string, line: number, reason: string): HoldfastError {
  return new HoldfastError(
    'CONFIG_INVALID',
    `Cannot read configuration "${file}", line ${line}: ${reason}`,
    {
      remedy: 'Correct the YAML syntax in that line',
      facts: { file, line },
    },
  )
}

function check(parsed: ParsedConfig): ConfigProblem[] {
  const { content } = parsed
  if (content === null || content === undefined) return []
  if (!isMapping(content)) {
    return [{ line: 1, key: '(top)', found: 'no mapping', allowed: 'a mapping of keys to values' }]
  }
  // An application may use the word `repository` for something else; `holdfast.repository` then frees it.
  const own = valueAt(content, ['holdfast', 'repository'])
  const hasTopLevel = own === undefined && Object.hasOwn(content, 'repository')
  return [
    ...(hasTopLevel
      ? checkValue(parsed, ['repository'], content['repository'], repositoryRule)
      : []),
    ...checkSection(parsed, ['api', 'backup'], backupSection),
    ...checkSection(parsed, ['holdfast'], holdfastSection),
  ]
}

function invalid(file: string, problems: readonly ConfigProblem[]): HoldfastError {
  const [first] = problems
  const told = problems.map(
    ({ line, key, found, allowed }) => `line ${line}: ${key} is ${found}, allowed: ${allowed}`,
  )
  return new HoldfastError(
    'CONFIG_INVALID',
    `Cannot use configuration "${file}", ${told.join('; ')}`,
    {
      remedy: `Correct line ${first.line} of "${file}"`,
      facts: { file, line: first.line, key: first.key, found: first.found, allowed: first.allowed },
    },
  )
}

function topLevelRepository(content: unknown, folder: string): string | undefined {
  const repository = valueAt(content, ['repository'])
  return typeof repository === 'string' ? resolveLocation(repository, folder) : undefined
}

/** The content has passed the checks, so that what is present has the right type. */
function readBackup(content: unknown): BackupSettings | undefined {
  const api = valueAt(content, ['api'])
  if (!isMapping(api) || !Object.hasOwn(api, 'backup')) return undefined
  const section = isMapping(api['backup']) ? api['backup'] : {}
  const defaults = defaultBackupSettings
  return {
    enabled: (section['enabled'] as boolean | undefined) ?? defaults.enabled,
    schedule: readSchedule(section['schedule']),
    paths: readPaths(section['paths']),
    compression: (section['compression'] as boolean | undefined) ?? defaults.compression,
    verification: (section['verification'] as boolean | undefined) ?? defaults.verification,
    autoCleanup: (section['auto_cleanup'] as boolean | undefined) ?? defaults.autoCleanup,
  }
}

function readSchedule(value: unknown): BackupSchedule {
  const section = (value ?? {}) as Record<string, number | undefined>
  const defaults = defaultBackupSettings.schedule
  return {
    fullBackupDays: section['full_backup_days'] ?? defaults.fullBackupDays,
    incrementalHours: section['incremental_hours'] ?? defaults.incrementalHours,
    retentionDays: section['retention_days'] ?? defaults.retentionDays,
    maxBackups: section['max_backups'] ?? defaults.maxBackups,
  }
}

/**
 * A file that lists paths means these and no others: filling in the default `logs/` for somebody who left it out would
 * make every backup of theirs fail, or save what they did not want saved.
 */
function readPaths(value: unknown): BackupSettings['paths'] {
  if (!isMapping(value)) return defaultBackupSettings.paths
  return Object.fromEntries(
    Object.entries(value).map(([group, path]) => [group as PathGroup, listOf(path)]),
  )
}
