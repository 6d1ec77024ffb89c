import type { OnEvent } from '../../foundation/progress-event.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { lockRepository } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import { walkedPath } from '../../repository/tree-walk.ts'
import { writeJournal } from '../../repository/write-journal.ts'
import { defaultThreadCount, WorkerPool } from '../../workers/worker-pool.ts'
import type { VerifyPackReply, VerifyPackRequest } from './pack-verifier.ts'
import { ReachableSegments, walkReferences, type DamagedFile } from './reachable-segments.ts'
import { verifySmallObjects } from './small-objects.ts'
import { createVerifyWorker, verifyWorkerName, verifyWorkerUrl } from './verify-worker.ts'

export interface VerifyOptions {
  /** Without it, every snapshot and every object of the repository. */
  readonly snapshots?: readonly Snapshot[]
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

export interface VerifyResult {
  readonly snapshots: number
  readonly packs: number
  readonly blobs: number
  /** Plaintext that was read and hashed, in bytes. */
  readonly bytes: number
  /** Read from the storage, in bytes. */
  readonly readBytes: number
  /** What is wrong with objects first, then what of the snapshots is lost by it. */
  readonly damaged: readonly Damage[]
  readonly durationMs: number
}

/** Something that cannot be restored as it was saved. */
export interface Damage {
  readonly message: string
  /** Name of the object in the storage, where it is an object that is damaged. */
  readonly objectId?: string
  readonly snapshotId?: string
  readonly path?: Buffer
  /** Where in the file the damage begins. */
  readonly offsetBytes?: number
  readonly lengthBytes?: number
}

type PackRequest = VerifyPackRequest & { readonly row: number }

/** Longest list of damaged places that is collected; the counts in the findings go on. */
const damagedFilesMax = 10_000
/** Journal records written at a time: their folder's `fsync` is shared. */
const recordsAtOnce = 16

/**
 * Proves snapshots: every tree is walked, every segment that they need is read, opened and every blob in it hashed, in parallel. What is
 * damaged is named down to file and offset. The result is recorded in the journal.
 *
 * @throws {RepositoryError} when the storage cannot be read; damage is a result and not an error
 */
export async function verify(
  repository: Repository,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const lock = await lockRepository(repository, 'shared', 'verify', { mayOnlyRead: true })
  try {
    const verification = new Verification(repository, options)
    const result = await verification.run()
    if (lock.isStored) await verification.record()
    return result
  } finally {
    await lock.release()
  }
}

class Verification {
  readonly #repository: Repository
  readonly #options: VerifyOptions
  readonly #snapshots: readonly Snapshot[]
  readonly #damagedFiles: Damage[] = []
  readonly #damagedObjects: Damage[] = []
  readonly #lostIds = new Set<string>()
  readonly #lostPacks = new Set<number>()
  readonly #readPacks = new Set<number>()
  readonly #startedAtMs = Date.now()
  readonly #damagedSnapshots = new Set<string>()
  #isBlobMissing = false
  #blobCount = 0
  #plainBytes = 0
  #readBytes = 0
  #packCount = 0

  constructor(repository: Repository, options: VerifyOptions) {
    this.#repository = repository
    this.#options = options
    this.#snapshots = options.snapshots ?? everySnapshot(repository)
  }

  async run(): Promise<VerifyResult> {
    // What was read before proves nothing about what is on the disk now.
    await this.#repository.forgetTrees()
    const segments = this.#collect()
    await this.#readAllPacks(this.#requests(segments))
    if (this.#lostIds.size > 0 || this.#lostPacks.size > 0) {
      await this.#readAllPacks(this.#alternatives())
    }
    if (this.#lostIds.size > 0 || this.#lostPacks.size > 0 || this.#isBlobMissing) this.#nameFiles()
    const names = this.#options.snapshots?.map(({ id }) => `snapshots/${id}`)
    for (const damage of await verifySmallObjects(this.#repository, names)) {
      this.#noteObject(damage)
      const [, snapshotId] = /^snapshots\/(.*)$/.exec(damage.objectId ?? '') ?? []
      if (snapshotId !== undefined) this.#damagedSnapshots.add(snapshotId)
    }
    return {
      snapshots: this.#snapshots.length,
      packs: this.#packCount,
      blobs: this.#blobCount,
      bytes: this.#plainBytes,
      readBytes: this.#readBytes,
      damaged: [...this.#damagedObjects, ...this.#damagedFiles],
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  /** Walks every tree and notes which segments are needed. */
  #collect(): ReachableSegments {
    const segments = new ReachableSegments(this.#repository)
    for (const snapshot of this.#snapshots) {
      this.#options.signal?.throwIfAborted()
      walkReferences(
        this.#repository,
        snapshot,
        ({ packRow, segment }) => {
          if (packRow === 0) this.#isBlobMissing = true
          else segments.mark(packRow, segment)
        },
        (damage) => this.#noteDamage(damage),
      )
    }
    return segments
  }

  #requests(segments: ReachableSegments): PackRequest[] {
    if (!this.#options.snapshots) {
      return this.#repository.catalogue.blobs
        .packs()
        .map((pack) => ({ row: pack.row, packId: pack.id, packBytes: pack.bytes, wanted: null }))
    }
    return [...segments.packs].map(({ pack, segments: wanted }) => ({
      row: pack.row,
      packId: pack.id,
      packBytes: pack.bytes,
      wanted,
    }))
  }

  async #readAllPacks(requests: readonly PackRequest[]): Promise<void> {
    const bytesTotal = requests.reduce((sum, request) => sum + request.packBytes, 0)
    const pool = new WorkerPool({
      name: verifyWorkerName,
      entryUrl: verifyWorkerUrl,
      factory: createVerifyWorker,
      setup: this.#repository.context,
      threads: requests.length > 1 ? defaultThreadCount() : 0,
      onNote: () => undefined,
    })
    const inFlight = new Set<Promise<void>>()
    let failure: unknown
    try {
      for (const { row, ...request } of requests) {
        await pool.room()
        this.#options.signal?.throwIfAborted()
        if (failure !== undefined) throw failure
        const reading: Promise<void> = pool
          .submit(request)
          .then((reply) => this.#take(row, request.packId, reply, bytesTotal))
          .catch((error: unknown) => {
            failure ??= error
          })
          .finally(() => inFlight.delete(reading))
        inFlight.add(reading)
      }
      await Promise.all(inFlight)
      if (failure !== undefined) throw failure
      await pool.close()
    } catch (error) {
      await pool.terminate()
      throw error
    }
  }

  #take(row: number, packId: string, reply: VerifyPackReply, bytesTotal: number): void {
    this.#packCount += 1
    this.#blobCount += reply.blobCount
    this.#plainBytes += reply.plainBytes
    this.#readBytes += reply.readBytes
    for (const message of reply.findings) {
      this.#noteObject({ message, objectId: `packs/${packId}` })
    }
    this.#readPacks.add(row)
    if (reply.isUnreadable) this.#lostPacks.add(row)
    const ids = Buffer.from(reply.lostIds)
    for (let at = 0; at < ids.length; at += 32) {
      this.#lostIds.add(lostKey(row, ids.subarray(at, at + 32)))
    }
    this.#options.onEvent?.({
      type: 'progress',
      phase: 'verifying',
      filesDone: this.#packCount,
      bytesDone: this.#readBytes,
      bytesTotal,
      errors: this.#damagedObjects.length,
    })
  }

  /** Second walk, only after damage: which files are affected, and where. */
  #nameFiles(): void {
    for (const snapshot of this.#snapshots) {
      walkReferences(
        this.#repository,
        snapshot,
        ({ packRow, id }, { walked, index, offset, lengthBytes }) => {
          const isUnknown = packRow === 0
          if (!isUnknown && !this.#isLost(packRow, id)) return
          this.#noteDamage({
            snapshotId: snapshot.id,
            path: walkedPath(walked.directory, walked.page.name(index)),
            offset,
            lengthBytes,
            reason: isUnknown ? 'no index object names its data' : 'its data is damaged',
          })
        },
        () => undefined,
      )
    }
  }

  /** Packs that were not read and hold another copy of something that is lost. */
  #alternatives(): PackRequest[] {
    const requests = new Map<number, PackRequest>()
    const { blobs } = this.#repository.catalogue
    for (const snapshot of this.#snapshots) {
      walkReferences(
        this.#repository,
        snapshot,
        ({ packRow, id }) => {
          if (packRow === 0 || !this.#isLost(packRow, id)) return
          for (const { pack } of blobs.findAll(id)) {
            if (this.#readPacks.has(pack.row)) continue
            const { row, id: packId, bytes: packBytes } = pack
            requests.set(row, { row, packId, packBytes, wanted: null })
          }
        },
        () => undefined,
      )
    }
    return [...requests.values()]
  }

  /** A blob that lies in several packs is lost when none of those that were read has it whole. */
  #isLost(packRow: number, id: Buffer): boolean {
    const isLostIn = (row: number): boolean =>
      this.#lostPacks.has(row) || this.#lostIds.has(lostKey(row, id))
    if (!isLostIn(packRow)) return false
    const places = this.#repository.catalogue.blobs.findAll(id)
    return places.every(({ pack }) => !this.#readPacks.has(pack.row) || isLostIn(pack.row))
  }

  #noteDamage(damage: DamagedFile): void {
    this.#damagedSnapshots.add(damage.snapshotId)
    const { snapshotId, path, offset, lengthBytes, reason } = damage
    if (this.#damagedFiles.length < damagedFilesMax) {
      this.#damagedFiles.push({
        message: reason,
        snapshotId,
        path,
        ...(offset === null ? {} : { offsetBytes: offset }),
        ...(lengthBytes === null ? {} : { lengthBytes }),
      })
    }
    const place = offset === null ? '' : ` at offset ${offset}`
    this.#options.onEvent?.({ type: 'damage', path, message: `${reason}${place}` })
  }

  #noteObject(damage: Damage): void {
    this.#damagedObjects.push(damage)
    this.#options.onEvent?.({ type: 'damage', message: damage.message })
  }

  /** Writes down for each snapshot what became of it. */
  async record(): Promise<void> {
    const snapshots = this.#snapshots
    for (let start = 0; start < snapshots.length; start += recordsAtOnce) {
      await Promise.all(
        snapshots.slice(start, start + recordsAtOnce).map((snapshot) =>
          writeJournal(this.#repository, {
            kind: 'verification',
            snapshotId: snapshot.id,
            backupId: snapshot.backupId,
            result: this.#damagedSnapshots.has(snapshot.id) ? 'damaged' : 'ok',
            durationMs: Date.now() - this.#startedAtMs,
          }),
        ),
      )
    }
  }
}

function everySnapshot(repository: Repository): Snapshot[] {
  const { snapshots } = repository.catalogue
  return snapshots
    .list()
    .map((summary) => snapshots.get(summary.id))
    .filter((snapshot) => snapshot !== undefined)
}

/** One character for each byte of the id: cheaper to look up than hexadecimal digits. */
function lostKey(packRow: number, id: Buffer): string {
  return `${packRow}:${id.toString('latin1')}`
}
