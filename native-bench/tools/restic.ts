import { basename, join } from 'node:path'

import { runCommand, type Command } from '../harness/measure-command.ts'
import { baseEnvironment, benchPassphrase } from './environment.ts'
import { snapshotIds } from './snapshot-ids.ts'
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
      ...site.environment,
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
    snapshots: (site) => snapshotIds(runCommand(command(site, 'snapshots', '--json'))),
    restore: (site, { snapshot, target, isSparse }) => [
      command(site, 'restore', snapshot, '--target', target, ...(isSparse ? ['--sparse'] : [])),
    ],
    restoredFolders: (site, target) => [join(target, site.source)],
    // `restore SNAPSHOT:FOLDER --include NAME` does the same with the metadata on top.
    restoreFile: (site, { snapshot, path, target }) => [
      command(
        site,
        'dump',
        snapshot,
        join(site.source, path),
        '--target',
        join(target, basename(path)),
      ),
    ],
    verify: (site) => [command(site, 'check', '--read-data')],
    deleteAndPrune: (site, snapshots) => [command(site, 'forget', '--prune', ...snapshots)],
  }
}

function resticVersion(executable: string): string {
  const environment = baseEnvironment('/')
  const text = runCommand({ argv: [executable, 'version'], environment, workingFolder: '/' })
  return text.trim().split(' ').slice(0, 2).join(' ')
}
