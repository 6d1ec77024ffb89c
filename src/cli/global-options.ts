import { Option, type Command } from 'commander'

import { parseDuration, parseRate, parseText } from './option-values.ts'

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly repo?: string
  readonly config?: string
  readonly json?: true
  readonly quiet?: true
  readonly verbose?: true
  /** False with `--no-progress`. */
  readonly progress?: boolean
  readonly passphraseFile?: string
  readonly passphraseCommand?: string
  readonly cacheDir?: string
  readonly cacert?: string
  /** Bytes in a second; 0 is without a limit. */
  readonly limitUpload?: number
  readonly limitDownload?: number
  /** In milliseconds. */
  readonly retryLock?: number
}

const globalGroup = 'Global options:'

/** Adds the global options to one command; each level has its own, so that they may stand on either side of a verb. */
export function addGlobalOptions(command: Command): void {
  const options = [
    new Option(
      '-r, --repo <path>',
      'use the repository at PATH, a folder or s3:https://HOST/BUCKET/PREFIX (else HOLDFAST_REPOSITORY, config.yml, ./repo)',
    ),
    new Option('--config <file>', 'read this configuration instead of the nearest config.yml'),
    new Option('--json', 'write JSON instead of text'),
    new Option('-q, --quiet', 'write no progress, notices or summary'),
    new Option('-v, --verbose', 'write more, and where an error came from'),
    new Option('--no-progress', 'write no progress'),
    new Option(
      '--passphrase-file <file>',
      'read the passphrase from FILE, which only you may read',
    ),
    new Option(
      '--passphrase-command <command>',
      'run COMMAND (words, no shell) and read the passphrase from its output',
    ),
    new Option(
      '--cache-dir <path>',
      'keep catalogues in PATH (else HOLDFAST_CACHE_DIR, ~/.cache/holdfast)',
    ),
    new Option(
      '--cacert <file>',
      'trust the authorities in FILE (PEM) for a store that speaks TLS (else HOLDFAST_CACERT)',
    ).argParser(parseText),
    new Option(
      '--limit-upload <rate>',
      'send at most so much to a bucket: 500 (KiB in a second), 10M',
    ).argParser(parseRate),
    new Option(
      '--limit-download <rate>',
      'fetch at most so much from a bucket: 500 (KiB in a second), 10M',
    ).argParser(parseRate),
  ]
  options.push(
    new Option(
      '--retry-lock <time>',
      'wait so long for others that hold the repository, such as 30s, 5m, 2h',
    ).argParser(parseDuration),
  )
  for (const option of options) command.addOption(option.helpGroup(globalGroup))
  command.addHelpOption(new Option('-h, --help', 'show this help').helpGroup(globalGroup))
}

/** The global options of a command and of those above it; the nearest to the end of the command line wins. */
export function collectGlobalOptions(command: Command): GlobalOptions {
  const levels: Command[] = []
  for (let level: Command | null = command; level !== null; level = level.parent)
    levels.unshift(level)
  const merged: Record<string, unknown> = {}
  for (const level of levels) {
    for (const [name, value] of Object.entries(level.opts())) {
      // `progress` is true at each level that does not say `--no-progress`, which must not undo an earlier "no".
      if (name === 'progress' && merged['progress'] === false) continue
      merged[name] = value
    }
  }
  return merged
}
