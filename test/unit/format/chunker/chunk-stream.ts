import type { Chunker } from '../../../../src/format/chunker/chunker.ts'

/**
 * Chunks `input` as a reader of a long file does: fill the memory, cut, move the rest to the front.
 *
 * @param nextFragmentBytes How much the next read brings, at most.
 * @returns the ends of the chunks.
 */
export function chunkStream(
  chunker: Chunker,
  input: Uint8Array,
  nextFragmentBytes: () => number = () => Number.POSITIVE_INFINITY,
): number[] {
  const cuts: number[] = []
  let [readBytes, heldBytes, doneBytes] = [0, 0, 0]
  while (doneBytes < input.length) {
    const room = chunker.capacityBytes - heldBytes
    const fragment = input.subarray(readBytes, readBytes + Math.min(room, nextFragmentBytes()))
    chunker.memory.set(fragment, heldBytes)
    readBytes += fragment.length
    heldBytes += fragment.length
    let start = 0
    while (start < heldBytes) {
      const cut = chunker.nextCut(start, heldBytes, readBytes === input.length)
      if (cut === -1) break
      cuts.push(doneBytes + cut)
      start = cut
    }
    chunker.memory.copyWithin(0, start, heldBytes)
    heldBytes -= start
    doneBytes += start
  }
  return cuts
}

export function chunkLengths(cuts: readonly number[]): number[] {
  return cuts.map((cut, index) => cut - (cuts[index - 1] ?? 0))
}
