import type { OnEvent } from '../../foundation/progress-event.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import { counted } from '../../foundation/human.ts'
import { readAhead } from '../../repository/read-ahead.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import {
  retentionOf,
  type ObjectVersion,
  type Retention,
  type VersionedObjects,
} from '../../repository/versions.ts'
import { chooseRetained } from './choose-retained.ts'

const metaKey = 'retentionExtendedAtMs'
/** Of the period, after which it is extended anew: what is there is then kept for three quarters of it at least. */
const extendedAfterShare = 0.25
/** The store's clock may be a little ahead of what is known of it; a time before the one that holds already would be refused. */
const marginMs = 60 * 60_000
/** What a store lists at once is in memory; above that, packs are looked at by the first digit of their names. */
const packsAtOnceMax = 16_000

const folders = ['keys', 'index', 'snapshots', 'forgotten', 'parity', 'journal'] as const

export interface ExtendOptions {
  readonly onEvent?: OnEvent | undefined
  readonly signal?: AbortSignal | undefined
  /** What `retentionOfNew` said. */
  readonly retention: Retention | null
  /** Nobody knows what is needed, because something is lost: all that can be had is kept, what was deleted as well, and now. */
  readonly isDamaged?: boolean
}

/**
 * Keeps what is still there from being deleted by anybody, where the repository is locked, or its bucket has such a rule for new objects: what
 * is needed for years must be kept anew before the period of its put is over. Where somebody has put other bytes under a name, the old ones
 * are kept as well.
 *
 * @returns how many objects are kept for a whole period from now; 0 where there is no rule, or it is not time yet
 */
export async function extendRetention(
  repository: Repository,
  lock: RepositoryLock,
  { retention, onEvent, signal, isDamaged = false }: ExtendOptions,
): Promise<number> {
  const { storage, catalogue } = repository
  const { versions } = storage
  if (!versions || !retention) return 0
  const nowMs = lock.storageNowMs()
  if (!isDamaged && !isDue(repository, retention, nowMs)) return 0
  const extension = new Extension(
    storage,
    versions,
    retention,
    nowMs + retention.periodMs + marginMs,
  )
  for (const part of partsOf(catalogue.blobs.packs().length)) {
    signal?.throwIfAborted()
    await extension.add(await versions.list(part), isDamaged)
  }
  extension.tell(onEvent)
  // What could not be kept is tried again by the next run.
  if (extension.failure === undefined) catalogue.writeMeta(metaKey, String(nowMs))
  return extension.keptCount
}

/** How many objects `extendRetention` would keep now, about. */
export function countDue(
  repository: Repository,
  lock: RepositoryLock,
  retention: Retention | null,
): number {
  if (!retention || !isDue(repository, retention, lock.storageNowMs())) return 0
  const { catalogue } = repository
  const kinds = ['index', 'snapshots', 'journal', 'parity'] as const
  const small = kinds.reduce((sum, kind) => sum + catalogue.objectIds(kind).size, 0)
  return catalogue.blobs.packs().length + small + 1
}

/** The repository's own rule, or that of its bucket, which takes a request. */
export async function retentionOfNew({ config, storage }: Repository): Promise<Retention | null> {
  if (config.objectLock) return retentionOf(config.objectLock)
  return (await storage.versions?.retention()) ?? null
}

function isDue({ catalogue }: Repository, { periodMs }: Retention, nowMs: number): boolean {
  const lastMs = Number(catalogue.readMeta(metaKey) ?? 0)
  return nowMs - lastMs >= periodMs * extendedAfterShare
}

/** What names begin with: together all that is to be kept. */
function partsOf(packCount: number): readonly string[] {
  const digits = packCount > packsAtOnceMax ? Array.from('0123456789abcdef') : ['']
  return [
    'config',
    ...folders.map((folder) => `${folder}/`),
    ...digits.map((digit) => `packs/${digit}`),
  ]
}

class Extension {
  readonly #storage: Repository['storage']
  readonly #versions: VersionedObjects
  readonly #retention: Retention
  readonly #untilMs: number
  readonly #changed: string[] = []
  keptCount = 0
  failedCount = 0
  failure: RepositoryError | undefined

  constructor(
    storage: Repository['storage'],
    versions: VersionedObjects,
    retention: Retention,
    untilMs: number,
  ) {
    this.#storage = storage
    this.#versions = versions
    this.#retention = retention
    this.#untilMs = untilMs
  }

  async add(versions: readonly ObjectVersion[], withDeleted: boolean): Promise<void> {
    const { retained, changed } = chooseRetained(versions, withDeleted)
    this.#changed.push(...changed)
    const retain = (version: ObjectVersion): Promise<void> =>
      this.#versions.retain(version, this.#untilMs, this.#retention.mode)
    // One that cannot be kept must not leave all after it without: it may be an attacker's.
    await readAhead(this.#storage, retained, retain, async (_version, retaining) => {
      try {
        await retaining
        this.keptCount += 1
      } catch (error) {
        if (!(error instanceof RepositoryError)) throw error
        this.failedCount += 1
        this.failure ??= error
      }
    })
  }

  tell(onEvent: OnEvent | undefined): void {
    const until = new Date(this.#untilMs).toISOString().slice(0, 10)
    if (this.keptCount > 0) {
      onEvent?.({
        type: 'notice',
        message: `${counted(this.keptCount, 'object')} cannot be deleted by anybody before ${until}: their retention was extended`,
      })
    }
    if (this.failure) {
      onEvent?.({
        type: 'failure',
        message: `the retention of ${counted(this.failedCount, 'object')} could not be extended: ${this.failure.message}`,
      })
    }
    const [first] = this.#changed
    if (first === undefined) return
    onEvent?.({
      type: 'failure',
      message:
        `somebody has put other bytes under the names of ${counted(this.#changed.length, 'object')}, such as ${first}: ` +
        'what they were is kept; see `holdfast repair versions --at TIME`',
    })
  }
}
