import type { BackupSettings } from './schema.ts'

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
