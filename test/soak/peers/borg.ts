import { execFileSync } from 'node:child_process'
import { peerPassphrase, type PeerCommand, type PeerSite, type PeerTool } from './peer-tool.ts'

export function borgPeer(executable: string): PeerTool {
  const command = (site: PeerSite, ...args: string[]): PeerCommand => ({
    argv: [executable, ...args],
    env: {
      BORG_REPO: site.repository,
      BORG_PASSPHRASE: peerPassphrase,
      BORG_BASE_DIR: site.home,
      BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
      BORG_CHECK_I_KNOW_WHAT_I_AM_DOING: 'YES',
    },
  })
  const version = execFileSync(executable, ['--version'], { encoding: 'utf8' }).trim().split(' ')[1]
  return {
    name: 'borg',
    version,
    create: (site) => command(site, 'init', '--encryption', 'repokey-blake2'),
    backup: (site, name) => command(site, 'create', '--json', `::${name}`, site.source),
    acknowledged(output) {
      // One object over many lines, written when the archive was committed.
      try {
        const { archive } = JSON.parse(output) as {
          archive: { name: string; stats: { deduplicated_size: number } }
        }
        return { id: archive.name, addedBytes: archive.stats.deduplicated_size }
      } catch {
        return undefined
      }
    },
    list: (site) => command(site, 'list', '--short'),
    listed: (output) =>
      // Checkpoints of interrupted backups are no backups.
      output.split('\n').filter((name) => name !== '' && !/\.checkpoint(\.\d+)?$/.test(name)),
    remove: (site, [first, ...others]) => [
      command(site, 'delete', `::${first}`, ...others),
      command(site, 'compact'),
    ],
    check: (site) => command(site, 'check', '--verify-data'),
    // borg extracts into the working folder.
    restore: (site, id, target) => ({
      ...command(site, 'extract', `::${id}`),
      workingFolder: target,
    }),
    breakLock: (site) => command(site, 'break-lock'),
    cache: (site) => `${site.home}/.cache/borg`,
    repair: (site) => [command(site, 'check', '--repair')],
  }
}
