import { join } from 'node:path'

import { runCommand, type Command } from '../harness/measure-command.ts'
import { baseEnvironment, benchPassphrase } from './environment.ts'
import type { Tool, ToolSite } from './tool.ts'

/**
 * borg 1.4, encrypted with its key in the repository, and with zstd level 3 in place of its default
 * lz4, because the other tools compress with zstd and sizes would not compare otherwise.
 * @param executable Path of the wrapper that `install-peers.sh --borg` makes; it adds some
 * milliseconds to each command.
 */
export function borgTool(executable: string): Tool {
  const command = (site: ToolSite, ...argv: string[]): Command => ({
    argv: [executable, ...argv],
    environment: {
      ...baseEnvironment(site.home),
      BORG_REPO: site.repository,
      BORG_PASSPHRASE: benchPassphrase,
      BORG_BASE_DIR: site.home,
      BORG_CACHE_DIR: site.cache,
    },
    workingFolder: site.home,
  })
  /** Names, the oldest first. */
  const archives = (site: ToolSite): string[] =>
    runCommand(command(site, 'list', '--short'))
      .trimEnd()
      .split('\n')
  const environment = baseEnvironment('/')
  const version = runCommand({ argv: [executable, '--version'], environment, workingFolder: '/' })
  return {
    name: 'borg',
    description: `${version.trim()}, encrypted (repokey-blake2), zstd level 3, else default options`,
    create: (site) => [command(site, 'init', '--encryption', 'repokey-blake2')],
    backup: (site) => [
      command(site, 'create', '--compression', 'zstd,3', '::{utcnow:%Y%m%dT%H%M%S%f}', site.source),
    ],
    // borg extracts into the working folder.
    restore: (site) => [
      {
        ...command(site, 'extract', `::${archives(site).at(-1) ?? ''}`),
        workingFolder: site.restoreTarget,
      },
    ],
    restoredFolders: (site) => [join(site.restoreTarget, site.source)],
    verify: (site) => [command(site, 'check', '--verify-data')],
    deleteAndPrune: (site) => {
      // Only the first name carries the mark of the repository.
      const [oldest, ...others] = archives(site).slice(0, -1)
      return [command(site, 'delete', `::${oldest}`, ...others), command(site, 'compact')]
    },
  }
}
