import type { AlertThresholds, BackupSettings, DrillSettings, ServerSettings } from './settings.ts'

/** Name of the configuration file that is looked for in the working folder and its parents. */
export const configFileName = 'config.yml'

/** The repository of a fresh checkout, relative to the working folder. */
export const defaultRepository = './repo'

/** The values that the backup guide documents; they stand for every key that a file leaves out. */
export const defaultBackupSettings: BackupSettings = {
  enabled: true,
  schedule: { fullBackupDays: 7, incrementalHours: 24, retentionDays: 30, maxBackups: 10 },
  paths: {
    index: ['data/index/'],
    cache: ['logs/cache/'],
    config: ['config.yml'],
    logs: ['logs/'],
  },
  compression: true,
  verification: true,
  autoCleanup: true,
}

export const defaultDrill: DrillSettings = { files: 20, bytesMax: 256 * 1024 ** 2 }

export const defaultHookTimeoutSeconds = 600
export const defaultCommandTimeoutSeconds = 60

/** The thresholds that the backup guide documents, and that of a rule which it does not have. */
export const defaultAlerts: AlertThresholds = {
  noBackupHours: 48,
  failureRate: 0.1,
  backupBytes: 1024 ** 3,
  successRate: 0.9,
  windowDays: 30,
  verificationDays: 30,
}

export const defaultServer: ServerSettings = {
  host: '127.0.0.1',
  port: 8080,
  allowedHosts: [],
  restoreRoots: [],
  requestsPerMinute: 60_000,
  bodyBytesMax: 1024 ** 2,
  isMetricsPublic: false,
}

/** Relative to the folder of the configuration. */
export const defaultBackupsFolder = 'backups'
export const defaultHistoryFile = 'logs/backup_history.jsonl'
export const defaultAccessLog = 'logs/holdfast_access.jsonl'
