import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { runCommand, type Command } from '../harness/measure-command.ts'
import { baseEnvironment } from './environment.ts'
import type { Tool, ToolSite } from './tool.ts'

/**
 * What no backup tool is expected to beat by much: each backup packs the whole folder with `tar` and
 * zstd's level 1 on all cores, each restore is a plain copy. Nothing is encrypted, synced, checked
 * or deduplicated. `tar` is told to look for holes, which makes a difference for sparse files only.
 */
export function floorTool(): Tool {
  const command = (site: ToolSite, ...argv: string[]): Command => ({
    argv,
    environment: baseEnvironment(site.home),
    workingFolder: site.source,
  })
  const archives = (site: ToolSite): string[] =>
    readdirSync(site.repository).toSorted((left, right) => left.localeCompare(right, 'en'))
  return {
    name: 'floor',
    description: `\`tar | zstd -1 -T0\` and \`cp -a\`: ${versionOf('tar')}, ${versionOf('zstd')}`,
    create: (site) => [{ ...command(site, 'mkdir', site.repository), workingFolder: site.home }],
    backup: (site) => {
      const name = `${String(archives(site).length + 1).padStart(3, '0')}.tar.zst`
      const script = 'tar -c --sparse . | zstd -1 -T0 -q -o "$1"'
      return [
        command(site, 'bash', '-o', 'pipefail', '-c', script, 'bash', join(site.repository, name)),
      ]
    },
    snapshots: archives,
    restore: (site, { original, target }) => [
      command(site, 'cp', '--archive', '--no-target-directory', original, join(target, 'copy')),
    ],
    restoredFolders: (_site, target) => [join(target, 'copy')],
  }
}

function versionOf(program: string): string {
  const environment = baseEnvironment('/')
  const text = runCommand({ argv: [program, '--version'], environment, workingFolder: '/' })
  return `${program} ${/\d+\.[\d.]*\d/.exec(text)?.[0] ?? ''}`.trim()
}
