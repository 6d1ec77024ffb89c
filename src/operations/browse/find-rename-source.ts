import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import { isLoss } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'
import { diffSnapshots } from './diff-snapshots.ts'

/** Changes that are held to find one rename; where more changed, it is not followed. */
const heldMax = 20_000

export interface Appearance {
  readonly before: SnapshotSummary
  readonly after: SnapshotSummary
  /** What `after` has and `before` has not. */
  readonly path: Buffer
}

/** @returns components of the path that the file had before, itself or a directory above it; undefined when it had none */
export function findRenameSource(
  repository: Repository,
  { before, after, path }: Appearance,
): Buffer[] | undefined {
  const { snapshots } = repository.catalogue
  const [from, to] = [snapshots.get(before.id), snapshots.get(after.id)]
  if (!from || !to) return undefined
  try {
    for (const { change, path: at, oldPath } of diffSnapshots(repository, from, to, { heldMax })) {
      if (change !== 'renamed' || !oldPath) continue
      if (at.equals(path)) return split(oldPath)
      const below = path.indexOf(at) === 0 && path[at.length] === 0x2f
      if (below) return split(Buffer.concat([oldPath, path.subarray(at.length)]))
    }
    return undefined
  } catch (error) {
    // A directory that is lost ends the trace, and nothing else.
    if (isLoss(error)) return undefined
    throw error
  }
}

function split(path: Buffer): Buffer[] {
  return path
    .toString('latin1')
    .split('/')
    .map((name) => Buffer.from(name, 'latin1'))
}
