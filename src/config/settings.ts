/*
 * What a configuration says once it is read: the shapes that the rest of the program gets.
 */

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

/** What the daemon does by itself, as cron expressions; without one of its own a job is done by the intervals of `api.backup.schedule`. */
export interface ScheduleSettings {
  readonly full?: string
  readonly incremental?: string
  readonly index?: string
  readonly cache?: string
  readonly config?: string
  readonly cleanup?: string
  readonly verify?: string
  readonly drill?: string
  /** IANA name; the system's without it. */
  readonly timeZone?: string
}

/** A restore of a sample that is compared, to prove that restores work. */
export interface DrillSettings {
  readonly files: number
  readonly bytesMax: number
}

/** Programs around each backup made from the configuration, split into words and run without a shell. */
export interface HookSettings {
  /** When it fails, no backup is made. */
  readonly before?: string
  /** After a backup that was saved. */
  readonly after?: string
  /** After one that failed. */
  readonly failed?: string
  readonly timeoutSeconds: number
}

/** When the documented alerts are raised. */
export interface AlertThresholds {
  readonly noBackupHours: number
  /** 0 to 1 */
  readonly failureRate: number
  readonly backupBytes: number
  /** 0 to 1 */
  readonly successRate: number
  /** Rates count the runs of so many days. */
  readonly windowDays: number
  /** Something has to be proved intact at least every so many days. */
  readonly verificationDays: number
}

export const channelTypes = ['webhook', 'command', 'email', 'ping'] as const
export type ChannelType = (typeof channelTypes)[number]

/** Who is told of alerts (`webhook`, `command`, `email`), or of every run (`ping`: started, done, failed). */
export type ChannelSettings =
  | {
      readonly type: 'webhook'
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly type: 'command'; readonly command: string; readonly timeoutSeconds: number }
  | {
      readonly type: 'email'
      /** `smtp://` or `smtps://`, with a user name where it takes one. */
      readonly server: string
      readonly passwordFile?: string
      readonly from: string
      readonly to: readonly string[]
    }
  /** `<url>/start` before, `<url>` after success, `<url>/fail` after failure. */
  | { readonly type: 'ping'; readonly url: string }

export interface ServerSettings {
  readonly host: string
  readonly port: number
  /** Names by which the server may be asked for, beside its address and `localhost`. */
  readonly allowedHosts: readonly string[]
  /** Absolute. */
  readonly tokenFile?: string
  readonly readOnlyTokenFile?: string
  /** Absolute folders; restores of the server go below one of them, or to where the project is. */
  readonly restoreRoots: readonly string[]
  readonly certificateFile?: string
  readonly certificateKeyFile?: string
  readonly requestsPerMinute: number
  readonly bodyBytesMax: number
  /** `/metrics` without a token. */
  readonly isMetricsPublic: boolean
}

/** Where the files of the documented system go. */
export interface ExportSettings {
  /** Absolute folder of archives. */
  readonly folder: string
  /** Absolute path of `backup_history.jsonl`. */
  readonly historyFile: string
}

/** The store that an `s3:` address leads to. */
export interface S3StoreSettings {
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** Absolute. */
  readonly secretAccessKeyFile?: string
  /** Of the files of the AWS tools. */
  readonly profile?: string
  readonly region?: string
}

/** Another repository that gets a copy of each backup. */
export interface OtherRepository {
  /** Absolute path or URL. */
  readonly location: string
  readonly passphraseFile?: string
  readonly passphraseCommand?: string
  /** Of its store; undefined where it belongs to the account of the first repository. */
  readonly s3?: S3StoreSettings
}

/** The section `holdfast`, for what the documented system did not have. */
export interface HoldfastSettings {
  readonly repository?: string
  readonly passphraseFile?: string
  readonly passphraseCommand?: string
  readonly cacheDirectory?: string
  /** Absolute path of certificates of authorities that are trusted besides the usual ones. */
  readonly cacert?: string
  /** 0 is without a limit. */
  readonly uploadBytesPerSecond?: number
  readonly downloadBytesPerSecond?: number
  readonly s3: S3StoreSettings
  readonly alsoTo: readonly OtherRepository[]
  readonly host?: string
  readonly tags: readonly string[]
  readonly exclude: readonly string[]
  readonly excludeFiles: readonly string[]
  readonly excludeIfPresent: readonly string[]
  readonly excludeCaches: boolean
  readonly oneFileSystem: boolean
  readonly schedule: ScheduleSettings
  readonly drill: DrillSettings
  readonly hooks: HookSettings
  readonly alerts: AlertThresholds
  readonly channels: readonly ChannelSettings[]
  readonly server: ServerSettings
  readonly exports: ExportSettings
  /** Absolute path of the JSON lines of who did what. */
  readonly accessLog: string
}
