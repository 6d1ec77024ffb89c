import type { CreatedFile } from '../../filesystem/write/writer-context.ts'
import type { WithheldCounts } from './restore-options.ts'

/** Entries of one unit; a page has rarely more. */
export const unitEntriesMax = 4096

/** How much goes to a worker at a time. */
export interface RequestSize {
  readonly files: number
  readonly bytes: number
}

const most: RequestSize = { files: 4096, bytes: 128 * 1024 * 1024 }
/** Also at the end, when there is little left for each thread. */
const least: RequestSize = { files: 512, bytes: 8 * 1024 * 1024 }

/** Each request begins with a wait for a store that is far away; what it needs is asked for together. */
const leastFarAway: RequestSize = { files: 2560, bytes: 40 * 1024 * 1024 }

/**
 * Half of each thread's part of what is left: large at first, so that few segments are needed by two requests, and small at the end, so
 * that all threads end at about the same time. With 512 files in each, 35 per cent of a source tree of 79,000 files was expanded twice.
 *
 * @param expected everything that is restored
 * @param done what went into requests before
 * @param isRemote whether it comes from a storage that is far away
 */
export function requestSizeFor(
  expected: RequestSize,
  done: RequestSize,
  threads: number,
  isRemote: boolean = false,
): RequestSize {
  const size = (part: keyof RequestSize): number => {
    const share = expected[part] / Math.max(1, threads)
    const left = (expected[part] - done[part]) / (2 * Math.max(1, threads))
    // A small tree would otherwise end in many requests, each of which opens the same segments.
    const floor = isRemote
      ? Math.min(leastFarAway[part], share)
      : Math.min(2 * least[part], share / 3)
    return Math.ceil(Math.min(most[part], Math.max(left, floor, least[part])))
  }
  return { files: size('files'), bytes: size('bytes') }
}

/** For how many threads there will be a request for certain, so that none of these need wait for its first one to start. */
export function busyThreads(expected: RequestSize): number {
  return Math.floor(Math.max(expected.files / most.files, expected.bytes / most.bytes))
}

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
  /** Bytes of the regular files among them. */
  readonly contentBytes: number
}

/** Files from here on are written by all threads together, where they are new. In bytes. */
export const partedFileBytesMin: number = 64 * 1024 * 1024

/** A part of a file that the main thread has made and will finish. */
export interface FilePart {
  /** Open in this process. */
  readonly descriptor: number
  /** Safe to print. */
  readonly path: string
  /** The page's plaintext. */
  readonly page: Uint8Array
  /** Which entry of the page it is. */
  readonly index: number
  /** The part has the chunks that begin in [start, end), in bytes. */
  readonly start: number
  readonly end: number
}

export type RestoreRequest =
  | { readonly units: readonly RestoreUnit[] }
  | { readonly part: FilePart }

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
