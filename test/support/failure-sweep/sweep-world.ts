import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createKeySlot } from '../../../src/format/encryption/key-slot.ts'
import { encodeKeySlot } from '../../../src/format/text-object/key-slot-text.ts'
import { initRepository, openRepository, type Repository } from '../../../src/index.ts'
import type { ScannedTree } from '../scan-tree.ts'
import type { Scenario } from './scenarios.ts'
import type { SweepJob, SweepRoot } from './sweep-job.ts'
import { writeFileSync } from 'node:fs'

export const sweepPassphrase = 'correct horse battery staple'
/** What a change of the key changes it to. */
export const changedPassphrase = 'another passphrase'

/** The folders that a sweep works in, and the state that each of its turns begins with. */
export class SweepWorld {
  readonly repository: string
  readonly cache: string
  readonly source: string
  readonly target: string
  readonly isEncrypted: boolean
  /** What the saved snapshots hold, by their ids; of those that every turn has to keep. */
  readonly kept = new Map<string, ScannedTree>()
  readonly #folder: string

  constructor(job: Pick<SweepJob, 'folder' | 'isEncrypted'>) {
    this.#folder = job.folder
    this.isEncrypted = job.isEncrypted
    this.repository = join(job.folder, 'work/repository')
    this.cache = join(job.folder, 'work/cache')
    this.target = join(job.folder, 'work/target')
    this.source = join(job.folder, 'source')
  }

  /** Makes the first state where it will be used, because the catalogue and the times of files depend on it. */
  async prepare(scenario: Scenario): Promise<void> {
    mkdirSync(this.source, { recursive: true })
    mkdirSync(join(this.#folder, 'work'), { recursive: true })
    await scenario.prepare(this)
    cpSync(join(this.#folder, 'work'), join(this.#folder, 'template'), {
      recursive: true,
      preserveTimestamps: true,
    })
  }

  reset(): void {
    rmSync(join(this.#folder, 'work'), { recursive: true, force: true })
    cpSync(join(this.#folder, 'template'), join(this.#folder, 'work'), {
      recursive: true,
      preserveTimestamps: true,
    })
  }

  async init(): Promise<void> {
    await initRepository({
      location: this.repository,
      chunkAverageBytes: 16 * 1024,
      ...(this.isEncrypted && { passphrase: sweepPassphrase }),
    })
    if (this.isEncrypted) await this.#cheapenKey()
  }

  /** For looking at it, or changing it, without the command line. */
  async use<T>(work: (repository: Repository) => Promise<T>): Promise<T> {
    const repository = await this.#open(sweepPassphrase).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 'PASSPHRASE_WRONG') throw error
      // It was changed, whatever the command said; by one of the two it has to open.
      return this.#open(changedPassphrase)
    })
    try {
      return await work(repository)
    } finally {
      await repository.close()
    }
  }

  async #open(passphrase: string): Promise<Repository> {
    return await openRepository({
      location: this.repository,
      cacheDirectory: this.cache,
      ...(this.isEncrypted && { passphrase }),
    })
  }

  rootsOf(root: SweepRoot): string[] {
    if (root === 'source') return [this.source]
    return root === 'target' ? [this.target] : [this.repository, this.cache]
  }

  namesIn(folder: string): string[] {
    const path = join(this.repository, folder)
    return existsSync(path) ? readdirSync(path).sort() : []
  }

  shorten(path: string): string {
    return path.startsWith(this.#folder) ? path.slice(this.#folder.length + 1) : path
  }

  openDescriptors(): number {
    return readdirSync('/proc/self/fd').length
  }

  /** Keys are derived once a turn; the real parameters take half a second. */
  async #cheapenKey(): Promise<void> {
    await this.use(async ({ masterSecret, repositoryId }) => {
      const slot = await createKeySlot({
        passphrase: sweepPassphrase,
        masterSecret,
        repositoryId,
        label: 'cheap',
        createdAtMs: Date.now(),
        parameters: { memoryKiB: 8192, passes: 1, lanes: 1 },
      })
      const keys = join(this.repository, 'keys')
      for (const name of readdirSync(keys)) rmSync(join(keys, name))
      writeFileSync(join(keys, slot.slotId), encodeKeySlot(slot))
    })
  }
}
