import type { CatalogueDatabase } from './database.ts'

/** Results that took long to compute, each with the key of the state that it is about. It belongs to no dump. */
export class StatisticsCache {
  readonly #database: CatalogueDatabase

  constructor(database: CatalogueDatabase) {
    this.#database = database
  }

  read(key: string): Buffer | undefined {
    return this.#database.guard('read statistics', () =>
      this.#database.sqlite
        .prepare<[string], Buffer>('SELECT value FROM statistics_cache WHERE key = ?')
        .pluck()
        .get(key),
    )
  }

  has(key: string): boolean {
    return this.#database.guard('look for statistics', () => {
      const { sqlite } = this.#database
      const query = sqlite.prepare<[string], number>('SELECT 1 FROM statistics_cache WHERE key = ?')
      return query.get(key) !== undefined
    })
  }

  /** Replaces everything: only the newest state is asked for again. */
  write(key: string, value: Buffer): void {
    this.#database.write('keep statistics', () => {
      const { sqlite } = this.#database
      sqlite.exec('DELETE FROM statistics_cache')
      sqlite.prepare('INSERT INTO statistics_cache (key, value) VALUES (?, ?)').run(key, value)
    })
  }
}
