import { constants, crc32, deflateRaw } from 'node:zlib'

/** Large enough that starting a compressor does not show, small enough that what is in flight takes little memory. */
const blockBytes = 256 * 1024
/** How far deflate looks back. */
const windowBytes = 32 * 1024

export interface GzipOptions {
  /** 1 (fast) to 9 (small). */
  readonly level: number
  /** Blocks that are compressed at once. */
  readonly threads: number
  /** Takes the compressed bytes in order; the next ones come when it has resolved. */
  readonly onBytes: (bytes: Uint8Array) => Promise<void>
}

interface Block {
  readonly bytes: Buffer
  used: number
}

/**
 * Compresses into one gzip member, in several threads: cut into blocks, each compressed by itself in libuv's thread pool with the end of
 * the block before as dictionary, and put together at byte boundaries (`Z_SYNC_FLUSH`). The same bytes in give the same bytes out,
 * whatever the number of threads. The method is pigz's.
 *
 * After any error it must not be used again.
 */
export class GzipWriter {
  readonly #options: GzipOptions
  readonly #inFlight: { readonly output: Promise<Buffer>; readonly block: Block }[] = []
  readonly #spare: Block[] = []
  readonly #dictionary = Buffer.alloc(windowBytes)
  #hasDictionary = false
  #block: Block
  #crc = 0
  #totalBytes = 0
  #isHeaderWritten = false

  constructor(options: GzipOptions) {
    this.#options = options
    this.#block = this.#takeBlock()
  }

  /** Takes a copy. Afterwards `room` has to be awaited when `isFull`. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const block = this.#block
      const taken = Math.min(bytes.length - at, blockBytes - block.used)
      block.bytes.set(bytes.subarray(at, at + taken), block.used)
      block.used += taken
      at += taken
      if (block.used === blockBytes) this.#submit(false)
    }
  }

  /** Whether as much is being compressed as there are threads for, and some more that wait. */
  get isFull(): boolean {
    return this.#inFlight.length >= this.#options.threads * 2
  }

  /** Bytes before compression. */
  get totalBytes(): number {
    return this.#totalBytes + this.#block.used
  }

  /** Hands on what is ready, until there is room for more. */
  async room(): Promise<void> {
    while (this.isFull) await this.#writeOldest()
  }

  async finish(): Promise<void> {
    this.#submit(true)
    while (this.#inFlight.length > 0) await this.#writeOldest()
    const trailer = Buffer.alloc(8)
    trailer.writeUInt32LE(this.#crc, 0)
    trailer.writeUInt32LE(this.#totalBytes % 0x1_0000_0000, 4)
    await this.#options.onBytes(trailer)
  }

  #submit(isLast: boolean): void {
    const block = this.#block
    const bytes = block.bytes.subarray(0, block.used)
    this.#crc = crc32(bytes, this.#crc)
    this.#totalBytes += bytes.length
    // The compressor takes its copy of the dictionary before this returns.
    const output = compress(bytes, {
      level: this.#options.level,
      finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      // One call of the pool for each block, also when its bytes cannot be compressed.
      chunkSize: blockBytes + 16 * 1024,
      ...(this.#hasDictionary && { dictionary: this.#dictionary }),
    })
    // Whoever awaits it hears of it; until then it must not count as unheard.
    output.catch(() => undefined)
    this.#inFlight.push({ output, block })
    if (isLast) return
    bytes.copy(this.#dictionary, 0, bytes.length - windowBytes)
    this.#hasDictionary = true
    this.#block = this.#takeBlock()
  }

  async #writeOldest(): Promise<void> {
    const oldest = this.#inFlight.shift()
    if (!oldest) return
    const output = await oldest.output
    oldest.block.used = 0
    this.#spare.push(oldest.block)
    if (!this.#isHeaderWritten) {
      this.#isHeaderWritten = true
      await this.#options.onBytes(gzipHeader)
    }
    await this.#options.onBytes(output)
  }

  #takeBlock(): Block {
    return this.#spare.pop() ?? { bytes: Buffer.allocUnsafeSlow(blockBytes), used: 0 }
  }
}

/** Deflate, no time, made on Unix: nothing that would differ between two runs. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])

function compress(bytes: Buffer, options: Parameters<typeof deflateRaw>[1]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, options, (error, output) => {
      if (error) reject(error)
      else resolve(output)
    })
  })
}
