/** What was asked of a store, for those who pay for each request and each byte. */
export interface RequestCounts {
  /** Requests by what they are billed as; each try counts. */
  readonly gets: number
  readonly heads: number
  readonly puts: number
  readonly lists: number
  readonly deletes: number
  readonly uploadedBytes: number
  readonly downloadedBytes: number
  /** Answers whose bytes were not those of the object, so that they were read again. */
  readonly wrongAnswers: number
}

export type MutableCounts = { -readonly [Key in keyof RequestCounts]: number }

export function noRequests(): MutableCounts {
  return {
    gets: 0,
    heads: 0,
    puts: 0,
    lists: 0,
    deletes: 0,
    uploadedBytes: 0,
    downloadedBytes: 0,
    wrongAnswers: 0,
  }
}
