import { execFileSync } from 'node:child_process'
import {
  lastJson,
  peerPassphrase,
  type PeerCommand,
  type PeerSite,
  type PeerTool,
} from './peer-tool.ts'

export function resticPeer(executable: string): PeerTool {
  const command = (site: PeerSite, ...args: string[]): PeerCommand => ({
    argv: [executable, ...args],
    env: {
      RESTIC_REPOSITORY: site.repository,
      RESTIC_PASSWORD: peerPassphrase,
      RESTIC_CACHE_DIR: `${site.home}/cache`,
    },
  })
  const version = execFileSync(executable, ['version'], { encoding: 'utf8' }).split(' ')[1]
  // Version 0.16 calls the rebuilding of indexes `repair index`.
  const isNew = Number(version.split('.')[1]) >= 16
  return {
    name: 'restic',
    version,
    create: (site) => command(site, 'init'),
    backup: (site) => command(site, 'backup', '--json', site.source),
    acknowledged(output) {
      const summary = lastJson(output, 'snapshot_id')
      if (!summary) return undefined
      return { id: String(summary['snapshot_id']), addedBytes: Number(summary['data_added']) }
    },
    list: (site) => command(site, 'snapshots', '--json'),
    listed: (output) =>
      (JSON.parse(output) as { id: string; short_id: string; time: string }[])
        .toSorted((left, right) => left.time.localeCompare(right.time))
        .map(({ id }) => id),
    remove: (site, ids) => [command(site, 'forget', '--prune', ...ids)],
    check: (site) => command(site, 'check', '--read-data'),
    restore: (site, id, target) => command(site, 'restore', id, '--target', target),
    breakLock: (site) => command(site, 'unlock'),
    cache: (site) => `${site.home}/cache`,
    repair: (site) => [command(site, ...(isNew ? ['repair', 'index'] : ['rebuild-index']))],
  }
}
