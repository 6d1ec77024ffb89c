import { resolve } from 'node:path'

import { isMapping } from './check-section.ts'
import {
  defaultAccessLog,
  defaultAlerts,
  defaultBackupsFolder,
  defaultCommandTimeoutSeconds,
  defaultDrill,
  defaultHistoryFile,
  defaultHookTimeoutSeconds,
  defaultServer,
} from './defaults.ts'
import { readRate } from './read-rate.ts'
import { readSize } from './read-size.ts'
import { resolveLocation } from './resolve-location.ts'
import type {
  AlertThresholds,
  ChannelSettings,
  HookSettings,
  HoldfastSettings,
  S3StoreSettings,
  OtherRepository,
  ScheduleSettings,
  ServerSettings,
} from './settings.ts'

/** A mapping that has passed the checks: what is present has the right type. */
type Checked = Readonly<Record<string, unknown>>

/**
 * Reads the section `holdfast`, or nothing, to settings with all defaults.
 *
 * @param value The section, which has passed the checks.
 * @param folder The configuration's, which relative paths start from.
 */
export function readSettings(value: unknown, folder: string): HoldfastSettings {
  const section = mappingOf(value)
  const path = (key: string): string | undefined => pathOf(section[key], folder)
  const repository = section['repository'] as string | undefined
  const drill = mappingOf(section['drill'])
  return {
    ...given({
      repository: repository === undefined ? undefined : resolveLocation(repository, folder),
      passphraseFile: path('passphrase_file'),
      passphraseCommand: section['passphrase_command'] as string | undefined,
      cacheDirectory: path('cache_directory'),
      cacert: path('cacert'),
      uploadBytesPerSecond: readRate(section['limit_upload']),
      downloadBytesPerSecond: readRate(section['limit_download']),
      host: section['host'] as string | undefined,
    }),
    s3: readS3(mappingOf(section['s3']), folder),
    alsoTo: ((section['also_to'] as readonly Checked[] | null | undefined) ?? []).map((other) =>
      readOther(other, folder),
    ),
    tags: listOf(section['tags']),
    exclude: listOf(section['exclude']),
    excludeFiles: listOf(section['exclude_files']).map((file) => resolve(folder, file)),
    excludeIfPresent: listOf(section['exclude_if_present']),
    excludeCaches: (section['exclude_caches'] as boolean | undefined) ?? false,
    oneFileSystem: (section['one_file_system'] as boolean | undefined) ?? false,
    schedule: readSchedule(mappingOf(section['schedule'])),
    drill: {
      files: (drill['files'] as number | undefined) ?? defaultDrill.files,
      bytesMax: readSize(drill['bytes_max']) ?? defaultDrill.bytesMax,
    },
    hooks: readHooks(mappingOf(section['hooks'])),
    alerts: readAlerts(mappingOf(section['alerts'])),
    channels: ((section['channels'] as readonly Checked[] | null | undefined) ?? []).map(
      (channel) => readChannel(channel, folder),
    ),
    server: readServer(mappingOf(section['server']), folder),
    exports: {
      folder: path('backups_folder') ?? resolve(folder, defaultBackupsFolder),
      historyFile: path('history_file') ?? resolve(folder, defaultHistoryFile),
    },
    accessLog: path('access_log') ?? resolve(folder, defaultAccessLog),
  }
}

function readS3(section: Checked, folder: string): S3StoreSettings {
  const text = (key: string): string | undefined => section[key] as string | undefined
  return given({
    accessKeyId: text('access_key_id'),
    secretAccessKey: text('secret_access_key'),
    secretAccessKeyFile: pathOf(section['secret_access_key_file'], folder),
    profile: text('profile'),
    region: text('region'),
  })
}

function readOther(other: Checked, folder: string): OtherRepository {
  return {
    location: resolveLocation(other['repository'] as string, folder),
    ...given({
      passphraseFile: pathOf(other['passphrase_file'], folder),
      passphraseCommand: other['passphrase_command'] as string | undefined,
      s3: isMapping(other['s3']) ? readS3(other['s3'], folder) : undefined,
    }),
  }
}

function readSchedule({ time_zone: timeZone, ...expressions }: Checked): ScheduleSettings {
  return given({ ...(expressions as Record<string, string>), timeZone: timeZone as string })
}

function readHooks({ timeout_seconds: seconds, ...programs }: Checked): HookSettings {
  return {
    ...(programs as Record<string, string>),
    timeoutSeconds: (seconds as number | undefined) ?? defaultHookTimeoutSeconds,
  }
}

function readAlerts(section: Checked): AlertThresholds {
  const number = (key: string, otherwise: number): number =>
    (section[key] as number | undefined) ?? otherwise
  return {
    noBackupHours: number('no_backup_hours', defaultAlerts.noBackupHours),
    failureRate: number('failure_rate', defaultAlerts.failureRate),
    backupBytes: readSize(section['backup_size']) ?? defaultAlerts.backupBytes,
    successRate: number('success_rate', defaultAlerts.successRate),
    windowDays: number('window_days', defaultAlerts.windowDays),
    verificationDays: number('verification_days', defaultAlerts.verificationDays),
  }
}

function readChannel(channel: Checked, folder: string): ChannelSettings {
  switch (channel['type'] as ChannelSettings['type']) {
    case 'webhook':
      return {
        type: 'webhook',
        url: channel['url'] as string,
        headers: (channel['headers'] as Record<string, string> | undefined) ?? {},
      }
    case 'command':
      return {
        type: 'command',
        command: channel['command'] as string,
        timeoutSeconds:
          (channel['timeout_seconds'] as number | undefined) ?? defaultCommandTimeoutSeconds,
      }
    case 'email':
      return {
        type: 'email',
        server: channel['server'] as string,
        ...given({ passwordFile: pathOf(channel['password_file'], folder) }),
        from: channel['from'] as string,
        to: listOf(channel['to']),
      }
    case 'ping':
    default:
      return { type: 'ping', url: channel['url'] as string }
  }
}

function readServer(section: Checked, folder: string): ServerSettings {
  const path = (key: string): string | undefined => pathOf(section[key], folder)
  return {
    host: (section['host'] as string | undefined) ?? defaultServer.host,
    port: (section['port'] as number | undefined) ?? defaultServer.port,
    allowedHosts: listOf(section['allowed_hosts']),
    ...given({
      tokenFile: path('token_file'),
      readOnlyTokenFile: path('read_only_token_file'),
      certificateFile: path('certificate_file'),
      certificateKeyFile: path('certificate_key_file'),
    }),
    restoreRoots: listOf(section['restore_roots']).map((root) => resolve(folder, root)),
    requestsPerMinute:
      (section['requests_per_minute'] as number | undefined) ?? defaultServer.requestsPerMinute,
    bodyBytesMax: readSize(section['body_size_max']) ?? defaultServer.bodyBytesMax,
    isMetricsPublic: (section['metrics_public'] as boolean | undefined) ?? false,
  }
}

/** @returns What is not undefined. */
function given<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  const present = Object.entries(fields).filter(([, field]) => field !== undefined)
  return Object.fromEntries(present) as { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }
}

function mappingOf(value: unknown): Checked {
  return isMapping(value) ? value : {}
}

function pathOf(value: unknown, folder: string): string | undefined {
  return typeof value === 'string' ? resolve(folder, value) : undefined
}

export function listOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? (value as string[]) : [value as string]
}
