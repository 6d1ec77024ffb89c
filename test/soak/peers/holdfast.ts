import { commandScript } from '../../support/built-engine.ts'
import { programVersion } from '../../../src/foundation/program.ts'
import {
  lastJson,
  peerPassphrase,
  type PeerCommand,
  type PeerSite,
  type PeerTool,
} from './peer-tool.ts'

export function holdfastPeer(): PeerTool {
  const command = (site: PeerSite, ...args: string[]): PeerCommand => ({
    argv: [process.execPath, commandScript, '--repo', site.repository, ...args],
    env: { HOLDFAST_PASSPHRASE: peerPassphrase, HOLDFAST_CACHE_DIR: `${site.home}/cache` },
  })
  return {
    name: 'holdfast',
    version: programVersion,
    create: (site) => command(site, 'init'),
    backup: (site) => command(site, 'snapshot', '--json', '--no-progress', site.source),
    acknowledged(output) {
      const summary = lastJson(output, 'snapshot_id')
      if (!summary) return undefined
      return { id: String(summary['snapshot_id']), addedBytes: Number(summary['data_added']) }
    },
    list: (site) => command(site, 'list', '--json'),
    listed: (output) => (JSON.parse(output) as { id: string }[]).map(({ id }) => id),
    remove: (site, ids) => [command(site, 'delete', '--yes', ...ids), command(site, 'prune')],
    check: (site) => command(site, 'verify', '--all'),
    restore: (site, id, target) => command(site, 'restore', id, '--target', target),
    breakLock: () => undefined,
    cache: (site) => `${site.home}/cache`,
    repair: (site) => [command(site, 'repair', 'catalogue')],
  }
}
