import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'

import { fillWithBinary, fillWithNoise } from './fill-with-noise.ts'
import { fillWithText } from './fill-with-text.ts'
import { remember } from './remember.ts'
import type { SeededRandom } from './seeded-random.ts'

const blockBytes = 4096
const extentBytesMin = 64 << 10
const extentDoublings = 7
/** Of the image, how much is allocated. */
const allocatedShare = 0.1
/** A guest's file within an extent. */
const runBlocksMax = 512

/** A piece of the image that is allocated; both figures are multiples of a block. */
export interface Extent {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** Pieces of 64 KiB to 8 MiB, apart, that make up a tenth of the image. */
export function planExtents(random: SeededRandom, imageBytes: number): Extent[] {
  const extents: Extent[] = []
  let offsetBytes = 0
  while (offsetBytes < imageBytes) {
    const wantedBytes = wholeBlocks(extentBytesMin * 2 ** (extentDoublings * random.fraction()))
    const lengthBytes = Math.min(wantedBytes, wholeBlocks(imageBytes - offsetBytes))
    if (lengthBytes === 0) break
    extents.push({ offsetBytes, lengthBytes })
    // As many holes as make the share right on average, between half and one and a half of that.
    const holeBytes = lengthBytes * (1 / allocatedShare - 1) * (0.5 + random.fraction())
    offsetBytes += lengthBytes + Math.max(blockBytes, wholeBlocks(holeBytes))
  }
  return extents
}

/** Writes the allocated pieces: runs of blocks, as files lie on a guest's disk. */
export function writeImage(
  path: string,
  random: SeededRandom,
  { imageBytes, extents }: { imageBytes: number; extents: readonly Extent[] },
): void {
  const file = openSync(path, 'w')
  const remembered: Buffer[] = []
  for (const { offsetBytes, lengthBytes } of extents) {
    const contents = Buffer.alloc(lengthBytes)
    for (let filledBytes = 0; filledBytes < lengthBytes;) {
      const run = contents.subarray(filledBytes, filledBytes + runBytes(random))
      fillRun(run, random, remembered)
      filledBytes += run.length
    }
    writeSync(file, contents, 0, lengthBytes, offsetBytes)
  }
  ftruncateSync(file, imageBytes)
  closeSync(file)
}

/**
 * Overwrites allocated blocks in place until this share of them is written, in runs of 1 to 64
 * blocks, mostly short ones.
 */
export function changeBlocks(
  file: number,
  random: SeededRandom,
  { extents, share }: { extents: readonly Extent[]; share: number },
): void {
  const allocatedBytes = extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  for (let leftBytes = wholeBlocks(allocatedBytes * share); leftBytes > 0;) {
    const { offsetBytes, lengthBytes } = random.pick(extents)
    const startBytes = wholeBlocks(random.below(lengthBytes))
    const wantedBytes = blockBytes * (1 + Math.floor(64 * random.fraction() ** 3))
    const run = Buffer.alloc(Math.min(wantedBytes, lengthBytes - startBytes, leftBytes))
    if (random.below(2) === 0) fillWithText(run, random)
    else fillWithBinary(run, random)
    writeSync(file, run, 0, run.length, offsetBytes + startBytes)
    leftBytes -= run.length
  }
}

function runBytes(random: SeededRandom): number {
  return blockBytes * (1 + Math.floor(runBlocksMax * random.fraction() ** 3))
}

/** Text, programs, compressed files, blocks of zeros, and copies of what was there before. */
function fillRun(run: Buffer, random: SeededRandom, remembered: Buffer[]): void {
  const kind = random.below(100)
  // A file ends within its last block; the rest of that is zero.
  const used = run.subarray(0, run.length - random.below(blockBytes))
  if (kind < 40) fillWithText(used, random)
  else if (kind < 70) fillWithBinary(used, random)
  else if (kind < 85) fillWithNoise(used, random)
  else if (kind < 95 && remembered.length > 0) {
    const earlier = random.pick(remembered)
    earlier.copy(run, 0, 0, Math.min(earlier.length, run.length))
    return
  }
  if (kind < 85 && random.below(4) === 0) remember(remembered, run, random)
}

function wholeBlocks(bytes: number): number {
  return Math.floor(bytes / blockBytes) * blockBytes
}
