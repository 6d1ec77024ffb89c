import { join } from 'node:path'

import { runCommand, type Command } from '../harness/measure-command.ts'
import { borgCommand } from './borg-command.ts'
import { baseEnvironment } from './environment.ts'
import type { Tool, ToolSite } from './tool.ts'

export interface BorgOptions {
  readonly executable: string
  readonly isEncrypted: boolean
}

/**
 * borg 1.4, with its key in the repository where it encrypts, and with zstd level 3 in place of its
 * default lz4, because the other tools compress with zstd and sizes would not compare otherwise.
 */
export function borgTool({ executable, isEncrypted }: BorgOptions): Tool {
  const command = (site: ToolSite, ...argv: string[]): Command =>
    borgCommand(executable, site, argv)
  /** borg extracts into the working folder. */
  const extract = (site: ToolSite, target: string, ...argv: string[]): Command => ({
    ...command(site, 'extract', ...argv),
    workingFolder: target,
  })
  const environment = baseEnvironment('/')
  const version = runCommand({ argv: [executable, '--version'], environment, workingFolder: '/' })
  const mode = isEncrypted ? 'repokey-blake2' : 'none'
  const encryption = isEncrypted ? `encrypted (${mode})` : 'not encrypted'
  return {
    name: isEncrypted ? 'borg' : 'borg-plain',
    description: `${version.trim()}, ${encryption}, zstd level 3, else default options`,
    create: (site) => [command(site, 'init', '--encryption', mode)],
    backup: (site) => [
      command(site, 'create', '--compression', 'zstd,3', '::{utcnow:%Y%m%dT%H%M%S%f}', site.source),
    ],
    snapshots: (site) =>
      runCommand(command(site, 'list', '--short'))
        .trimEnd()
        .split('\n'),
    restore: (site, { snapshot, target, isSparse }) => [
      extract(site, target, ...(isSparse ? ['--sparse'] : []), `::${snapshot}`),
    ],
    restoredFolders: (site, target) => [join(target, site.source)],
    // Archives hold paths without the leading slash.
    restoreFile: (site, { snapshot, path, target }) => [
      extract(site, target, `::${snapshot}`, join(site.source, path).slice(1)),
    ],
    verify: (site) => [command(site, 'check', '--verify-data')],
    deleteAndPrune: (site, [oldest, ...others]) => [
      // Only the first name carries the mark of the repository.
      command(site, 'delete', `::${oldest}`, ...others),
      command(site, 'compact'),
    ],
  }
}
