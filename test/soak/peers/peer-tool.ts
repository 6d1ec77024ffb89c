/** Where a tool works. Repository and home may be on a disk whose power is cut, as on one machine; the source is not. */
export interface PeerSite {
  readonly repository: string
  /** Caches, key files and whatever else the tool keeps beside the repository. */
  readonly home: string
  readonly source: string
}

export interface PeerCommand {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingFolder?: string
}

/** A backup tool as the harness sees it. All are driven by their commands alone, encrypted, with default options. */
export interface PeerTool {
  readonly name: string
  readonly version: string
  create(site: PeerSite): PeerCommand
  /** @param name for tools whose backups are named by their user */
  backup(site: PeerSite, name: string): PeerCommand
  /** The backup that this output acknowledges. */
  acknowledged(output: string): { readonly id: string; readonly addedBytes: number } | undefined
  list(site: PeerSite): PeerCommand
  /** All that there are, oldest first. */
  listed(output: string): readonly string[]
  /** Deletes these, frees the space: one command after the other. */
  remove(site: PeerSite, ids: readonly string[]): readonly PeerCommand[]
  /** Reads and checks all data. */
  check(site: PeerSite): PeerCommand
  restore(site: PeerSite, id: string, target: string): PeerCommand
  /** What the manual says to do about a lock that stayed; undefined where there is nothing like it. */
  breakLock(site: PeerSite): PeerCommand | undefined
  /** What it keeps outside of the repository and can do without; deleting it is a manual step, too. */
  cache(site: PeerSite): string
  /** What the manual says to do when a command fails for another reason. */
  repair(site: PeerSite): readonly PeerCommand[]
}

export const peerPassphrase = 'peer passphrase'

/** The fields of the last line of the output that is a JSON object with this field. */
export function lastJson(output: string, field: string): Record<string, unknown> | undefined {
  for (const line of output.split('\n').reverse()) {
    if (!line.startsWith('{')) continue
    try {
      const value = JSON.parse(line) as Record<string, unknown>
      if (field in value) return value
    } catch {
      // A line that was cut off.
    }
  }
  return undefined
}
