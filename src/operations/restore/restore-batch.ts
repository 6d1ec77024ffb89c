import type { CreatedFile } from '../../filesystem/write/writer-context.ts'
import type { WithheldCounts } from './restore-options.ts'

/** Files of one request to a worker. */
export const requestFilesMax = 512

/** Entries of one page of a directory, for a worker to write. */
export interface RestoreUnit {
  /** Names from the target down to the directory. */
  readonly components: readonly Uint8Array[]
  /** The page's plaintext: it carries names, metadata and references of all entries at once. */
  readonly page: Uint8Array
  /** Which entries of the page to write: regular files, links, fifos and devices. */
  readonly indexes: Uint32Array
  /** For each of them the key of its group of hard links, null when nothing will be linked to it. */
  readonly linkKeys: readonly (string | null)[]
}

export interface RestoreRequest {
  readonly units: readonly RestoreUnit[]
}

export interface RestoreFailure {
  /** Safe to print; names the path. */
  readonly message: string
}

export interface RestoreReply {
  filesRestored: number
  filesUnchanged: number
  filesSkipped: number
  others: number
  bytesRestored: number
  bytesUnchanged: number
  withheld: WithheldCounts
  readonly failures: RestoreFailure[]
  /** Files to which hard links will follow, by the key of their group. */
  readonly linked: Map<string, CreatedFile>
}

export function newRestoreReply(): RestoreReply {
  return {
    filesRestored: 0,
    filesUnchanged: 0,
    filesSkipped: 0,
    others: 0,
    bytesRestored: 0,
    bytesUnchanged: 0,
    withheld: { owner: 0, setIdBits: 0, attributes: 0, devices: 0 },
    failures: [],
    linked: new Map(),
  }
}
