import { compressBound, createCompressor, createDecompressor } from '../format/compression/zstd.ts'
import { codecs } from '../format/encryption/frame-descriptor.ts'

/** Level 3 gave 2.5 per cent less than this one and took half as long again. */
const level = -1
/** A page begins with this byte, and no zstd frame does. */
const pageMagic = 0x54

/** Packs pages of directories for the catalogue. With 84,000 entries: 10.4 MB become 4.8 in 30 ms. */
export class PagePacker {
  readonly #compressor = createCompressor(level)
  #target = Buffer.alloc(0)

  /** @returns the page itself, or a view that is valid until the next call */
  pack(page: Buffer): Buffer {
    const bound = compressBound(page.length)
    if (this.#target.length < bound) this.#target = Buffer.allocUnsafe(bound * 2)
    const { codec, bytes } = this.#compressor.compress(page, this.#target)
    return codec === codecs.zstd ? this.#target.subarray(0, bytes) : page
  }
}

/** Gives pages back; for one thread. */
export class PageUnpacker {
  readonly #decompressor = createDecompressor()

  /** @param pageBytes length of the page @throws {DamageError} */
  unpack(content: Buffer, pageBytes: number): Buffer {
    if (content[0] === pageMagic) return content
    const target = Buffer.allocUnsafe(pageBytes)
    this.#decompressor.decompress(content, pageBytes, target)
    return target
  }
}
