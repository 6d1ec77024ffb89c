import { lstatSync, realpathSync } from 'node:fs'

import { isInside } from '../../foundation/byte-path.ts'

/** What a restore leaves alone although it lies in the target: files that somebody writes to meanwhile. */
export class KeptPaths {
  /** From the target: `/logs/access.jsonl`, one character for each byte. */
  readonly #paths: readonly string[]

  /** @param paths absolute; one where nothing is has nothing to lose, and is restored */
  constructor(target: Buffer, paths: readonly Buffer[] = []) {
    const targets = [target, realFolder(target)]
    this.#paths = paths
      .filter(isThere)
      .flatMap((path) => [path, realPath(path)])
      .flatMap((path) =>
        targets
          .filter((folder) => isInside(folder, path) && !path.equals(folder))
          .map((folder) => path.subarray(folder.toString() === '/' ? 0 : folder.length)),
      )
      .map((path) => path.toString('latin1'))
  }

  /** @param path of an entry from the target; one that is no folder is in the way of everything below it */
  forbids(path: Buffer, isFolder: boolean): boolean {
    if (this.#paths.length === 0) return false
    const text = path.toString('latin1')
    return this.#paths.some((kept) => kept === text || (!isFolder && kept.startsWith(`${text}/`)))
  }

  /** @param path from the target, without a leading slash, one character for each byte */
  holdsIn(path: string): boolean {
    return this.#paths.some((kept) => kept === `/${path}` || kept.startsWith(`/${path}/`))
  }
}

function isThere(path: Buffer): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

/** The folder is looked through; a link in the place of the file itself is kept as such. */
function realPath(path: Buffer): Buffer {
  const at = path.lastIndexOf(0x2f)
  return Buffer.concat([trimmed(realFolder(path.subarray(0, at))), path.subarray(at)])
}

function realFolder(path: Buffer): Buffer {
  try {
    return realpathSync.native(path.length === 0 ? Buffer.from('/') : path, 'buffer')
  } catch {
    // It is not there yet.
    return path
  }
}

function trimmed(folder: Buffer): Buffer {
  return folder.toString() === '/' ? Buffer.alloc(0) : folder
}
