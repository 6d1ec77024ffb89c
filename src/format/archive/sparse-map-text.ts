import { parsePaxNumber } from './pax-records.ts'
import { segmentsOf, wrongMap, type SparseSegment } from './sparse-map.ts'

const newline = 0x0a
/** Some 200,000 places. */
const mapBytesMax = 4 * 1024 * 1024

/** Collects the map at the beginning of a member's content, block by block: the number of places, then place and length of each, a line for each number. */
export class SparseMapText {
  readonly #blocks: Buffer[] = []
  #lines = 0
  #linesWanted: number | undefined

  /** @returns the segments with the block that completes the map */
  push(block: Buffer): SparseSegment[] | undefined {
    this.#blocks.push(Buffer.from(block))
    if (this.#blocks.length * block.length > mapBytesMax) throw wrongMap('it is too long')
    for (const byte of block) if (byte === newline) this.#lines += 1
    if (this.#lines === 0) throw wrongMap('it does not begin with a number')
    this.#linesWanted ??= 1 + 2 * numberOf(block.toString('latin1').split('\n')[0])
    if (this.#lines < this.#linesWanted) return undefined
    const lines = Buffer.concat(this.#blocks).toString('latin1').split('\n')
    return segmentsOf(lines.slice(1, this.#linesWanted).map(numberOf))
  }
}

function numberOf(text: string): number {
  return parsePaxNumber(Buffer.from(text, 'latin1'), 'GNU.sparse.map')
}
