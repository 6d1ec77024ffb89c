import { runCommand, type Command } from '../harness/measure-command.ts'
import { baseEnvironment } from './environment.ts'
import type { Tool, ToolSite } from './tool.ts'

/**
 * rclone keeps one copy, without history, encryption or the metadata of files: what it takes to bring the files alone there and back, one object for each.
 * For repositories `s3:http://host:port/bucket/prefix`.
 */
export function rcloneTool(): Tool {
  const command = (site: ToolSite, ...argv: string[]): Command => ({
    argv: ['rclone', '--config', '/dev/null', ...argv],
    environment: {
      ...baseEnvironment(site.home),
      ...site.environment,
      RCLONE_S3_ENV_AUTH: 'true',
    },
    workingFolder: site.home,
  })
  const remote = ({ repository }: ToolSite): string => {
    const { origin, pathname } = new URL(repository.slice('s3:'.length))
    return `:s3,provider=Ceph,endpoint="${origin}":${pathname.slice(1)}`
  }
  return {
    name: 'rclone',
    description: `${version()}, a plain copy, default options`,
    create: () => [],
    backup: (site) => [command(site, 'sync', site.source, remote(site))],
    snapshots: () => ['the only one'],
    restore: (site, { target }) => [command(site, 'copy', remote(site), target)],
    restoredFolders: (_site, target) => [target],
    restoreFile: (site, { path, target }) => [
      command(site, 'copy', `${remote(site)}/${path}`, target),
    ],
  }
}

function version(): string {
  const environment = baseEnvironment('/')
  const text = runCommand({ argv: ['rclone', 'version'], environment, workingFolder: '/' })
  return text.split('\n')[0] ?? 'rclone'
}

/** Where the peers that Debian's packages bring are looked for. */
export function hasRclone(): boolean {
  try {
    version()
    return true
  } catch {
    return false
  }
}
