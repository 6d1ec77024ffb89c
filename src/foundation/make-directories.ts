import { mkdirSync, statSync } from 'node:fs'

const slash = 0x2f

/**
 * Makes a directory and those above it that are missing.
 *
 * Node's own `recursive` option never returns where a file system answers ENOENT to every `mkdir`, as /proc does (seen with Node
 * 20.20): here no directory is tried again.
 *
 * @param path text or bytes
 * @param mode permission bits of every directory that is made
 * @returns the uppermost directory that was made; undefined when all were there
 * @throws the file system's error
 */
export function makeDirectories(path: string | Uint8Array, mode: number): Buffer | undefined {
  const missing: Buffer[] = []
  for (let at = absolute(Buffer.from(path as Uint8Array)); !isDirectory(at); at = above(at))
    missing.push(at)
  let first: Buffer | undefined
  for (const directory of missing.reverse()) {
    if (makeOne(directory, mode)) first ??= directory
  }
  return first
}

function absolute(path: Buffer): Buffer {
  return path[0] === slash ? path : Buffer.concat([Buffer.from(`${process.cwd()}/`), path])
}

function above(path: Buffer): Buffer {
  let end = path.length
  while (end > 1 && path[end - 1] === slash) end -= 1
  const at = path.subarray(0, end).lastIndexOf(slash)
  return at <= 0 ? Buffer.from('/') : path.subarray(0, at)
}

function isDirectory(path: Buffer): boolean {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status && !status.isDirectory()) {
    throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path.toString()}'`), {
      code: 'ENOTDIR',
    })
  }
  return status !== undefined
}

/** @returns false when somebody else made it meanwhile */
function makeOne(path: Buffer, mode: number): boolean {
  try {
    mkdirSync(path, { mode })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
