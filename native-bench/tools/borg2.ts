import { join } from 'node:path'

import { runCommand, type Command } from '../harness/measure-command.ts'
import { borgCommand } from './borg-command.ts'
import { baseEnvironment } from './environment.ts'
import type { Tool, ToolSite } from './tool.ts'

/** borg 2, encrypted with its key in the repository, and with zstd level 3 as `borgTool` does it. */
export function borg2Tool(executable: string): Tool {
  const command = (site: ToolSite, ...argv: string[]): Command =>
    borgCommand(executable, site, argv)
  /** borg extracts into the working folder. */
  const extract = (site: ToolSite, target: string, ...argv: string[]): Command => ({
    ...command(site, 'extract', ...argv),
    workingFolder: target,
  })
  const environment = baseEnvironment('/')
  const version = runCommand({ argv: [executable, '--version'], environment, workingFolder: '/' })
  const mode = 'aes256-ocb'
  return {
    name: 'borg2',
    description: `${version.trim()}, encrypted (${mode}), zstd level 3, else default options`,
    create: (site) => [command(site, 'repo-create', '--encryption', mode)],
    backup: (site) => [
      command(site, 'create', '--compression', 'zstd,3', newArchiveName(), site.source),
    ],
    // Archives made within a second have no order but that of their names.
    snapshots: (site) =>
      runCommand(command(site, 'repo-list', '--format', '{name}{NL}'))
        .trimEnd()
        .split('\n')
        .sort(),
    restore: (site, { snapshot, target, isSparse }) => [
      extract(site, target, ...(isSparse ? ['--sparse'] : []), snapshot),
    ],
    restoredFolders: (site, target) => [join(target, site.source)],
    // Archives hold paths without the leading slash.
    restoreFile: (site, { snapshot, path, target }) => [
      extract(site, target, snapshot, join(site.source, path).slice(1)),
    ],
    verify: (site) => [command(site, 'check', '--verify-data')],
    deleteAndPrune: (site, snapshots) => [
      // It takes one name, or a pattern.
      command(site, 'delete', '--match-archives', `re:^(${snapshots.join('|')})$`),
      command(site, 'compact'),
    ],
  }
}

/** borg 2 has no time of more than seconds in its placeholders. */
function newArchiveName(): string {
  return new Date().toISOString().replaceAll(/[-:.]/g, '')
}
