import { join } from 'node:path'

import { runCommand, type Command } from '../harness/measure-command.ts'
import { baseEnvironment, benchPassphrase } from './environment.ts'
import type { Tool, ToolSite } from './tool.ts'

/**
 * restic with its default options: always encrypted, compression "auto" (zstd's default level), no
 * fsync left out.
 * @param executable Path of the restic binary.
 */
export function resticTool(executable: string): Tool {
  const command = (site: ToolSite, ...argv: string[]): Command => ({
    argv: [executable, ...argv],
    environment: {
      ...baseEnvironment(site.home),
      RESTIC_REPOSITORY: site.repository,
      RESTIC_PASSWORD: benchPassphrase,
      RESTIC_CACHE_DIR: site.cache,
    },
    workingFolder: site.home,
  })
  return {
    name: 'restic',
    description: `${resticVersion(executable)}, encrypted, default options`,
    create: (site) => [command(site, 'init')],
    backup: (site) => [command(site, 'backup', site.source)],
    restore: (site) => [command(site, 'restore', 'latest', '--target', site.restoreTarget)],
    restoredFolders: (site) => [join(site.restoreTarget, site.source)],
    verify: (site) => [command(site, 'check', '--read-data')],
    deleteAndPrune: (site) => {
      const snapshots = JSON.parse(runCommand(command(site, 'snapshots', '--json'))) as {
        id: string
        time: string
      }[]
      const oldestFirst = snapshots.toSorted((left, right) => left.time.localeCompare(right.time))
      return [
        command(
          site,
          'forget',
          '--prune',
          ...oldestFirst.slice(0, -1).map((snapshot) => snapshot.id),
        ),
      ]
    },
  }
}

function resticVersion(executable: string): string {
  const environment = baseEnvironment('/')
  const text = runCommand({ argv: [executable, 'version'], environment, workingFolder: '/' })
  return text.trim().split(' ').slice(0, 2).join(' ')
}
