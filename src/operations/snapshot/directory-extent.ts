import type { DirectoryJob } from './directory-job.ts'
import type { SourceNode } from './source-tree.ts'

/** How much of a directory is saved. */
export interface DirectoryExtent {
  /** `named`: only the children that lead to paths that were asked for. */
  readonly saves: 'everything' | 'named' | 'nothing'
  /** Paths below that were asked for themselves. */
  readonly named: SourceNode | null
  /** File system of the path that was asked for; mount points below it are left empty when it is to be the only one. */
  readonly device: string
}

/** What leads to the paths that were asked for; null in the usual case. */
export function namedChild(job: DirectoryJob, name: Buffer): SourceNode | null {
  const { named } = job.extent
  if (!named || named.children.size === 0) return null
  return named.children.get(name.toString('latin1')) ?? null
}

/**
 * Decides on a directory. One that was asked for is saved with everything in it, on whatever file system it lies and whatever the rules say;
 * one that only leads to such a path is saved for that path alone.
 *
 * @param named what was asked for in it
 * @param directory `isExcluded` by a rule; `device` it lies on
 */
export function extentOf(
  above: DirectoryExtent,
  named: SourceNode | null,
  directory: { readonly isExcluded: boolean; readonly device: string },
  isOneFileSystem: boolean,
): DirectoryExtent {
  const { device } = directory
  if (named?.isWhole) return { saves: 'everything', named, device }
  if (above.saves === 'named') return { saves: 'named', named, device }
  const isMountPoint = isOneFileSystem && device !== above.device
  if (!isMountPoint && !directory.isExcluded) {
    return { saves: 'everything', named, device: above.device }
  }
  return { saves: named ? 'named' : 'nothing', named, device }
}
