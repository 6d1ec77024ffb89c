interface KeptAnswer {
  readonly version: string
  readonly body: string
}

const answersMax = 50

/**
 * Answers that stay the same while the catalogue does: a list of a thousand backups is asked for often, and writing it as JSON takes
 * longer than everything else of the request together.
 */
export class AnswerCache {
  readonly #answers = new Map<string, KeptAnswer>()

  /** @param version that of the catalogue */
  text(name: string, version: string, make: () => unknown): string {
    const kept = this.#answers.get(name)
    if (kept?.version === version) return kept.body
    const body = JSON.stringify(make())
    this.#answers.delete(name)
    if (this.#answers.size >= answersMax) {
      const [oldest] = this.#answers.keys()
      this.#answers.delete(oldest)
    }
    this.#answers.set(name, { version, body })
    return body
  }
}
