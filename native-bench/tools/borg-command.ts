import type { Command } from '../harness/measure-command.ts'
import { baseEnvironment, benchPassphrase } from './environment.ts'
import type { ToolSite } from './tool.ts'

/**
 * A command line of borg, 1.4 or 2, for a site's repository.
 * @param executable Path of the wrapper that `install-peers.sh --borg` makes; it adds some
 * milliseconds to each command.
 */
export function borgCommand(executable: string, site: ToolSite, argv: readonly string[]): Command {
  return {
    argv: [executable, ...argv],
    environment: {
      ...baseEnvironment(site.home),
      BORG_REPO: site.repository,
      BORG_PASSPHRASE: benchPassphrase,
      // Asked about repositories without encryption only.
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
      BORG_BASE_DIR: site.home,
      BORG_CACHE_DIR: site.cache,
    },
    workingFolder: site.home,
  }
}
