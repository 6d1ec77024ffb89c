import type { Snapshot } from '../../model/snapshot.ts'
import { walkedPath } from '../tree-walk.ts'
import type { Repository } from '../repository.ts'
import type { PackFindings } from './pack-findings.ts'
import { walkReferences, type WalkObserver } from './reachable-segments.ts'

/**
 * Names what of the snapshots is lost: each directory or list of chunks that cannot be read, and each place of a file whose data is
 * nowhere whole. Trees are read from the storage again.
 *
 * Folders that stand in several places are gone through in each, because each of their files has a name of its own.
 */
export async function nameLostFiles(
  repository: Repository,
  snapshots: readonly Snapshot[],
  findings: PackFindings,
  { onDamage, onFault, stepsMax }: Pick<WalkObserver, 'onDamage' | 'onFault' | 'stepsMax'>,
): Promise<void> {
  // What was read before proves nothing about what is on the disk, nor does one bad reading.
  await repository.forgetTrees()
  for (const snapshot of snapshots) {
    walkReferences(repository, snapshot, {
      onReference: (reference, { walked, index, offset, lengthBytes }) => {
        const isUnknown = reference.packRow === 0
        if (!isUnknown && !findings.isLost(reference)) return
        onDamage({
          message: isUnknown ? 'no index object names its data' : 'its data is damaged',
          snapshotId: snapshot.id,
          path: walkedPath(walked.directory, walked.page.name(index)),
          offsetBytes: offset,
          lengthBytes,
          fileBytes: walked.page.sizeOf(index),
        })
      },
      onDamage,
      ...(onFault && { onFault }),
      ...(stepsMax !== undefined && { stepsMax }),
    })
  }
}

/**
 * How far the naming of one snapshot's files may go, after a walk of all of them that went through nothing twice. Copies of folders make
 * an honest tree a few times as large; a hostile one claims to be larger without end.
 */
export function namingStepsMax(stepsOfAll: number): number {
  return stepsOfAll * 16 + 100_000
}
