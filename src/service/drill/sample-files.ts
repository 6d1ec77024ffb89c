import { listTree } from '../../operations/browse/list-tree.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'

export interface SampledFile {
  /** From the root of the snapshot, without a leading slash. */
  readonly path: Buffer
  readonly mode: number
  readonly size: number
  readonly mtimeSeconds: number
}

export interface SampleLimits {
  readonly files: number
  readonly bytesMax: number
}

const regularType = 0o100000
const typeMask = 0o170000

/**
 * Chooses regular files of a snapshot by chance, each as likely as any other, in one pass over its tree and without keeping it. Of what was chosen those
 * stay that fit into the bytes, the smallest first, so that one large file does not take the place of all others.
 *
 * @param random in [0, 1)
 */
export function sampleFiles(
  repository: Repository,
  snapshot: Snapshot,
  { files, bytesMax }: SampleLimits,
  random: () => number = Math.random,
): SampledFile[] {
  const chosen: SampledFile[] = []
  let seen = 0
  for (const entry of listTree(repository, snapshot, Buffer.alloc(0), { recursive: true })) {
    const { path, mode, size, mtimeSeconds } = entry
    if ((mode & typeMask) !== regularType || size > bytesMax) continue
    seen += 1
    const place = chosen.length < files ? chosen.length : Math.floor(random() * seen)
    if (place < files) chosen[place] = { path, mode, size, mtimeSeconds }
  }
  let left = bytesMax
  return chosen
    .toSorted((one, other) => one.size - other.size)
    .filter(({ size }) => {
      if (size > left) return false
      left -= size
      return true
    })
}
