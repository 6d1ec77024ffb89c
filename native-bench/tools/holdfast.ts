import { execFileSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'

import { runCommand, type Command } from '../harness/measure-command.ts'
import { baseEnvironment, benchPassphrase } from './environment.ts'
import { snapshotIds } from './snapshot-ids.ts'
import type { Tool, ToolSite } from './tool.ts'

export interface HoldfastOptions {
  /** The built command, `dist/cli/main.js`. */
  readonly mainPath: string
  readonly isEncrypted: boolean
}

/** Holdfast with its default options, run by the Node that runs the bench. */
export function holdfastTool({ mainPath, isEncrypted }: HoldfastOptions): Tool {
  const passphrase: Record<string, string> = isEncrypted
    ? { HOLDFAST_PASSPHRASE: benchPassphrase }
    : {}
  const command = (site: ToolSite, verb: string, ...argv: string[]): Command => ({
    argv: [process.execPath, mainPath, verb, '--repo', site.repository, ...argv],
    environment: {
      ...baseEnvironment(site.home),
      ...site.environment,
      ...passphrase,
      HOLDFAST_CACHE_DIR: site.cache,
    },
    workingFolder: site.home,
  })
  const encryption = isEncrypted ? 'encrypted' : 'not encrypted'
  return {
    name: isEncrypted ? 'holdfast' : 'holdfast-plain',
    description: `${holdfastVersion(mainPath)}, ${encryption}, default options`,
    create: (site) => [command(site, 'init')],
    backup: (site) => [command(site, 'snapshot', site.source)],
    snapshots: (site) => snapshotIds(runCommand(command(site, 'list', '--json'))),
    restore: (site, { snapshot, target }) => [
      command(site, 'restore', snapshot, '--target', target),
    ],
    restoredFolders: ({ source }, target) => [
      join(target, source),
      join(target, basename(source)),
      target,
    ],
    restoreFile: (site, { snapshot, path, target }) => [
      command(site, 'restore', `${snapshot}:${join(site.source, path)}`, '--target', target),
    ],
    verify: (site) => [command(site, 'verify', '--all')],
    deleteAndPrune: (site, snapshots) => [
      command(site, 'forget', ...snapshots, '--prune', '--grace', '0'),
    ],
  }
}

/** The package's version with the commit it was built from, when the command lies in a checkout. */
function holdfastVersion(mainPath: string): string {
  const workingFolder = dirname(mainPath)
  const environment = baseEnvironment('/')
  const version = runCommand({
    argv: [process.execPath, mainPath, '--version'],
    environment,
    workingFolder,
  }).trim()
  try {
    const git = ['describe', '--always', '--dirty', '--exclude', '*']
    const commit = execFileSync('git', git, {
      cwd: workingFolder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return `${version} (${commit.trim()})`
  } catch {
    return version
  }
}
