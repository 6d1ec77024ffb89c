import { gzipSync } from 'node:zlib'

import { acceptsEncoding } from './accepts-encoding.ts'

interface KeptAnswer {
  readonly version: string
  readonly plain: Buffer<ArrayBuffer>
  /** Made when somebody asks for it first. */
  gzip?: Buffer<ArrayBuffer>
}

const answersMax = 50

/** Shorter ones fit into a packet or two as they are. */
const gzipBytesMin = 4096

/**
 * Answers that stay the same while the catalogue does: a list of a thousand backups is asked for often, and writing it as JSON takes
 * longer than everything else of the request together. What is kept are the bytes as they are sent, also compressed: half a megabyte
 * that goes through the network anew for each request was most of what was left.
 */
export class AnswerCache {
  readonly #answers = new Map<string, KeptAnswer>()

  /**
   * @param version that of the catalogue
   * @param headers those of the request
   */
  json(name: string, version: string, headers: Headers, make: () => unknown): Response {
    const kept = this.#kept(name, version, make)
    const isCompressed = kept.plain.length >= gzipBytesMin && acceptsEncoding(headers, 'gzip')
    if (isCompressed) kept.gzip ??= gzipSync(kept.plain)
    return new Response(isCompressed ? kept.gzip : kept.plain, {
      headers: {
        'content-type': 'application/json',
        vary: 'accept-encoding',
        ...(isCompressed && { 'content-encoding': 'gzip' }),
      },
    })
  }

  #kept(name: string, version: string, make: () => unknown): KeptAnswer {
    const kept = this.#answers.get(name)
    if (kept?.version === version) return kept
    const made: KeptAnswer = { version, plain: Buffer.from(JSON.stringify(make())) }
    this.#answers.delete(name)
    if (this.#answers.size >= answersMax) {
      const [oldest] = this.#answers.keys()
      this.#answers.delete(oldest)
    }
    this.#answers.set(name, made)
    return made
  }
}
