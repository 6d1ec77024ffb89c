import { HoldfastError } from '../../foundation/errors.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import { FOLLOW_LINKS, AT_FDCWD } from '../../filesystem/posix/posix.ts'
import { createStatRecords } from '../../filesystem/posix/stat-record.ts'
import { buildSourceTree, resolvePath, type SourceNode } from './source-tree.ts'

export interface Sources {
  readonly base: Buffer
  /** Absolute, those that exist. */
  readonly paths: readonly Buffer[]
  /** Absolute, those that do not, with the reason. */
  readonly missing: readonly { readonly path: Buffer; readonly reason: string }[]
  readonly tree: SourceNode
}

/**
 * Finds out which of the paths are there.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND` when none is, `USAGE` when one lies outside the base
 */
export function findSources(
  paths: readonly (string | Buffer)[],
  baseText: string | undefined,
): Sources {
  const workingDirectory = Buffer.from(process.cwd())
  const base = resolvePath(workingDirectory, Buffer.from(baseText ?? '/'))
  const found: Buffer[] = []
  const missing: { path: Buffer; reason: string }[] = []
  const record = createStatRecords(1)
  for (const given of paths) {
    const path = resolvePath(workingDirectory, Buffer.from(given as Buffer))
    try {
      posix.statAt(AT_FDCWD, path, record.bytes)
      found.push(path)
    } catch (error) {
      missing.push({ path, reason: (error as { code?: string }).code ?? String(error) })
    }
  }
  if (found.length === 0) {
    const names = missing.map(({ path }) => path.toString())
    throw new HoldfastError(
      'PATH_NOT_FOUND',
      names.length === 0
        ? 'Cannot save anything: no path was given'
        : `Cannot save "${names.join('", "')}": ${missing[0]?.reason === 'ENOENT' ? 'no such file or folder' : (missing[0]?.reason ?? 'not found')}`,
      {
        remedy: 'Check the spelling; paths are relative to the working folder',
        facts: { paths: names },
      },
    )
  }
  return { base, paths: found, missing, tree: buildSourceTree(base, found) }
}

/** @throws {HoldfastError} `PATH_NOT_FOUND` */
export function openBase(base: Buffer): number {
  try {
    return posix.openDirectory(AT_FDCWD, base, FOLLOW_LINKS)
  } catch (cause) {
    throw new HoldfastError('PATH_NOT_FOUND', `Cannot open folder "${base.toString()}"`, {
      remedy: 'Check that it exists and may be read',
      cause,
    })
  }
}
