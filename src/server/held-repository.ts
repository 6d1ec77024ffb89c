import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { RepositoryError } from '../foundation/errors.ts'
import { catchUp } from '../repository/catch-up.ts'
import type { Repository } from '../repository/repository.ts'

/** Readers may see a state that is so old: listing the folders of objects costs milliseconds, and requests come by the hundred. */
const intervalMs = 1000
/** Listings of a store are paid for, one by one. */
const remoteIntervalMs = 15_000
/** A store that does not answer is asked again for minutes; nobody who only reads what is known waits for that. */
const remoteWaitMs = 2_000
/** A folder that changed so recently may change again without another time stamp. */
const freshMs = 2000
const folders = ['snapshots', 'index', 'journal', 'parity'] as const

interface Stamps {
  readonly text: string
  readonly newestMs: number
}

/**
 * The one open repository of a server. Other processes write into it: before it is read it is brought up to date, at most once a second, and
 * only when a folder of objects has changed. A store is asked every 15 seconds at most; while it is slow, what was known before is told.
 */
export class HeldRepository {
  readonly #repository: Repository
  readonly #onFailure: (error: unknown) => void
  readonly #isFolder: boolean
  readonly #intervalMs: number
  #lookedAtMs = -Infinity
  #stamps = ''
  #catalogueInode: number | undefined
  #refreshing: Promise<void> | undefined
  #holders = 0

  constructor(repository: Repository, onFailure: (error: unknown) => void) {
    this.#repository = repository
    this.#onFailure = onFailure
    const { kind } = repository.storage.capabilities
    this.#isFolder = kind === 'local'
    this.#intervalMs = kind === 's3' ? remoteIntervalMs : intervalMs
  }

  /** The repository as it is, for what does not read the catalogue. */
  get handle(): Repository {
    return this.#repository
  }

  /** The repository, up to date. */
  async current(): Promise<Repository> {
    if (this.#refreshing === undefined) {
      // A job of ours enters what it makes into the same catalogue; two that do it would wait for each other.
      if (this.#holders > 0 || performance.now() - this.#lookedAtMs < this.#intervalMs) {
        return this.#repository
      }
      this.#refreshing = this.#refresh().finally(() => {
        this.#lookedAtMs = performance.now()
        this.#refreshing = undefined
      })
    }
    await (this.#isFolder
      ? this.#refreshing
      : Promise.race([this.#refreshing, sleep(remoteWaitMs, undefined, { ref: false })]))
    return this.#repository
  }

  /** While a job of this server writes; the function that is returned ends it. */
  hold(): () => void {
    this.#holders++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#holders--
      this.expire()
    }
  }

  /** The next reader looks again. */
  expire(): void {
    this.#lookedAtMs = -Infinity
  }

  async close(): Promise<void> {
    await this.#refreshing
    await this.#repository.close()
  }

  async #refresh(): Promise<void> {
    try {
      await this.#reopenCatalogue()
      const startedMs = Date.now()
      const { text, newestMs } = await this.#readStamps()
      if (this.#isFolder && text === this.#stamps) return
      this.#repository.noteUnusable(await catchUp(this.#repository))
      this.#stamps = newestMs > startedMs - freshMs ? '' : text
    } catch (error) {
      // What is known can be told all the same; a storage that is gone says so when it is needed.
      if (!(error instanceof RepositoryError)) throw error
      this.#onFailure(error)
    }
  }

  /** `repair catalogue` of another process puts a new file in the place of the one that is open here. */
  async #reopenCatalogue(): Promise<void> {
    const { cataloguePath } = this.#repository.context
    const inode = (await stat(cataloguePath).catch(() => undefined))?.ino
    if (this.#catalogueInode !== undefined && inode !== this.#catalogueInode) {
      await this.#repository.exchangeCatalogue(() => Promise.resolve())
      this.#stamps = ''
    }
    this.#catalogueInode = inode
  }

  async #readStamps(): Promise<Stamps> {
    // What is no folder has no times, so that it may have changed.
    if (!this.#isFolder) return { text: '', newestMs: Infinity }
    let newestMs = 0
    const parts: string[] = []
    for (const folder of folders) {
      const status = await stat(join(this.#repository.location, folder), { bigint: true }).catch(
        () => undefined,
      )
      parts.push(String(status?.mtimeNs ?? 'none'))
      newestMs = Math.max(newestMs, Number(status?.mtimeMs ?? 0n))
    }
    return { text: parts.join(' '), newestMs }
  }
}
