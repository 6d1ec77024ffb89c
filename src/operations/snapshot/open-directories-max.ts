/** Descriptors that workers may need at once, where there are enough. */
const usualMax = 384
/** What the rest of the process holds: Node, two threads with their catalogue, packs that are being written. */
const othersMax = 56

/**
 * How many directories a walk may hold open while their files are being read; the depth of the tree comes on top.
 *
 * @param limit of open files of the process
 */
export function openDirectoriesMaxOf(limit: number): number {
  return Math.max(2, Math.min(usualMax, Math.floor((limit - othersMax) * 0.4)))
}
