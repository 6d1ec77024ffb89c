import type { Catalogue } from '../catalogue/catalogue.ts'
import {
  createCompressor,
  createDecompressor,
  type Compressor,
  type Decompressor,
} from '../format/compression/zstd.ts'
import {
  openSmallObject,
  sealSmallObject,
  type SealedObject,
  type SmallObjectType,
} from '../format/object/small-object.ts'
import { systemClock, type Clock } from '../foundation/clock.ts'
import type { ObjectId } from '../model/ids.ts'
import type { RepositoryConfig } from '../model/repository-config.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import { defaultThreadCount } from '../workers/worker-pool.ts'
import { BlobReader } from './blob-reader.ts'
import type { UnusableObject } from './catch-up.ts'
import { NearPages } from './near-pages.ts'
import { readProved } from './read-proved.ts'
import type { RepositoryContext } from './repository-context.ts'
import { SegmentReader } from './segment-reader.ts'
import { vanishedSnapshots, type VanishedSnapshot } from './vanished-snapshots.ts'
import type { OnLockWait } from './on-lock-wait.ts'

/** Tree segments to keep decoded while trees are walked, in bytes. */
const treeCacheBytes = 16 * 1024 * 1024
/** Small objects are few and read often by other hosts: a stronger level than for packs costs nothing that shows. */
const smallObjectLevel = 6

/** An open repository: its storage, its catalogue, its keys. Close it. */
export class Repository {
  readonly config: RepositoryConfig
  readonly context: RepositoryContext
  readonly storage: PackStorage
  /** The master secret, for new key slots. */
  readonly masterSecret: Uint8Array
  /** The slot whose passphrase opened the repository; null without encryption. */
  readonly slotId: string | null
  readonly clock: Clock
  /** How long an operation waits for others that hold the repository. */
  readonly retryLockMs: number
  /** Told who is waited for. */
  readonly onLockWait: OnLockWait | undefined
  readonly #openCatalogue: () => Catalogue
  readonly #smallCompressor: Compressor = createCompressor(smallObjectLevel)
  readonly #decompressor: Decompressor = createDecompressor()
  #unusable: readonly UnusableObject[] = []
  #catalogue: Catalogue
  #readsTreesAnew = false
  #trees: { readonly reader: BlobReader; readonly storage: PackStorage } | undefined

  constructor(fields: {
    config: RepositoryConfig
    context: RepositoryContext
    storage: PackStorage
    masterSecret: Uint8Array
    slotId: string | null
    openCatalogue: () => Catalogue
    clock?: Clock
    retryLockMs?: number | undefined
    onLockWait?: OnLockWait | undefined
  }) {
    this.clock = fields.clock ?? systemClock
    this.retryLockMs = fields.retryLockMs ?? 0
    this.onLockWait = fields.onLockWait
    this.config = fields.config
    this.context = fields.context
    this.storage = fields.storage
    this.masterSecret = fields.masterSecret
    this.slotId = fields.slotId
    this.#openCatalogue = fields.openCatalogue
    this.#catalogue = fields.openCatalogue()
  }

  get location(): string {
    return this.storage.location
  }

  get repositoryId(): string {
    return this.config.repositoryId
  }

  get isEncrypted(): boolean {
    return this.context.sealed
  }

  /** Threads for the work on contents; none where a thread could not reach the objects. */
  get threadCount(): number {
    return this.storage.capabilities.opensInWorkers ? defaultThreadCount() : 0
  }

  get catalogue(): Catalogue {
    return this.#catalogue
  }

  /** Objects of the storage that could not be taken into the catalogue, or only in part. */
  get unusable(): readonly UnusableObject[] {
    return this.#unusable
  }

  /** Snapshots that this machine has seen here and that are gone without a record. */
  get vanished(): readonly VanishedSnapshot[] {
    return vanishedSnapshots(this)
  }

  /** @param found by the last `catchUp`, which does not look again at index objects that it has taken in */
  noteUnusable(found: readonly UnusableObject[]): void {
    if (this.#unusable.length === 0) {
      this.#unusable = found
      return
    }
    const names = new Set(found.map(({ name }) => name))
    const known = this.#catalogue.objectIds('index')
    const kept = this.#unusable.filter(
      ({ name }) => !names.has(name) && known.has(name.slice('index/'.length) as ObjectId),
    )
    this.#unusable = [...kept, ...found]
  }

  /** Whether directories are read from the catalogue where it has them, which is nearly always. */
  get hasPagesNear(): boolean {
    return this.storage.capabilities.isRemote && !this.#readsTreesAnew
  }

  /** Reads tree blobs through a cache; for the thread that opened the repository. */
  get trees(): BlobReader {
    if (this.#trees) return this.#trees.reader
    // A storage of its own, so that its open packs can be forgotten together with their segments.
    const storage = openStorage(this.location)
    if (!this.#readsTreesAnew) storage.keepNear()
    const reader = new BlobReader(
      this.context,
      // Looked up at each call, because a rebuild exchanges the catalogue.
      {
        findBlob: (id) => this.#catalogue.blobs.find(id),
        findAll: (id) => this.#catalogue.blobs.findAll(id),
      },
      new SegmentReader(this.context, storage, treeCacheBytes),
      this.hasPagesNear
        ? new NearPages(() => this.#catalogue, this.context.keys.treeIdKey)
        : undefined,
    )
    this.#trees = { reader, storage }
    return reader
  }

  /** Makes `trees` read from the storage again what it has read already, on this day or another. */
  async forgetTrees(): Promise<void> {
    this.#readsTreesAnew = true
    const trees = this.#trees
    this.#trees = undefined
    await trees?.storage.close()
  }

  /** Seals an index, snapshot or journal object; it still has to be stored under its id. */
  seal(type: SmallObjectType, plaintext: Uint8Array): SealedObject {
    return sealSmallObject({
      ...this.#smallObjectKind(type),
      plaintext,
      compressor: this.#smallCompressor,
    })
  }

  /** @throws {RepositoryError} when the object is not what was stored under that name */
  async readSmallObject(type: SmallObjectType, name: string): Promise<Buffer> {
    return await readProved(this.storage, name, async () =>
      this.openSmallObject(type, name, await this.storage.get(name)),
    )
  }

  /** @throws {DamageError} when the bytes are not what was stored under that name */
  openSmallObject(type: SmallObjectType, name: string, bytes: Uint8Array): Buffer {
    const id = name.slice(name.indexOf('/') + 1) as ObjectId
    return openSmallObject(bytes, {
      ...this.#smallObjectKind(type),
      id,
      decompressor: this.#decompressor,
    })
  }

  /** Closes the catalogue while `change` deals with its file, and opens it again. */
  async exchangeCatalogue(change: () => Promise<void>): Promise<void> {
    this.#catalogue.close()
    try {
      await change()
    } finally {
      this.#catalogue = this.#openCatalogue()
    }
  }

  async close(): Promise<void> {
    this.#catalogue.close()
    await this.forgetTrees()
    await this.storage.close()
  }

  #smallObjectKind(type: SmallObjectType): {
    type: SmallObjectType
    repositoryId: Buffer
    sealed: boolean
    frameRootKey: Uint8Array
  } {
    return {
      type,
      repositoryId: Buffer.from(this.context.repositoryId),
      sealed: this.context.sealed,
      frameRootKey: this.context.keys.frameRootKey,
    }
  }
}
