import { settleAll } from '../../foundation/settle-all.ts'
import { TimeSlice } from '../../foundation/time-slice.ts'
import { verificationDamaged, verificationOk } from '../../model/journal-record.ts'
import type { StorageCost } from '../../foundation/storage-cost.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import { toObjectId, type PackId } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { damagedFilesMax, type Damage } from '../../repository/audit/damage.ts'
import { damageOf, recordFindings, type PackDamage } from '../../repository/audit/damage-records.ts'
import { nameLostFiles, namingStepsMax } from '../../repository/audit/lost-files.ts'
import { MetReferences } from '../../repository/met-references.ts'
import { PackFindings } from '../../repository/audit/pack-findings.ts'
import type { VerifyPackReply } from '../../repository/audit/pack-verifier.ts'
import {
  ReachableSegments,
  walkReferences,
  walkReferencesByPage,
  type WalkObserver,
} from '../../repository/audit/reachable-segments.ts'
import { readPacks, type PackRequest } from '../../repository/audit/read-packs.ts'
import { recordReads } from '../../repository/audit/read-records.ts'
import { verifySmallObjects } from '../../repository/audit/small-objects.ts'
import type { Repository } from '../../repository/repository.ts'
import { tellCost } from '../../repository/tell-cost.ts'
import { writeJournal } from '../../repository/write-journal.ts'

import { verificationCost } from './verification-cost.ts'

export type { Damage } from '../../repository/audit/damage.ts'
import { underLease } from '../../repository/under-lease.ts'

export interface VerifyOptions {
  /** Without it, every snapshot and every object of the repository. */
  readonly snapshots?: readonly Snapshot[]
  /** Only finds out which packs would be read; no pack is read, nothing is proved and nothing recorded. */
  readonly dryRun?: boolean
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
  /** Of a dry run, what would be read. */
  readonly planned?: { readonly packs: number; readonly readBytes: number }
  readonly durationMs: number
}

/** So long the walk keeps this thread from handing out packs. */
const sliceMs = 10

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
  if (options.dryRun === true) return await new Verification(repository, options).preview()
  return await underLease(
    repository,
    'shared',
    'verify',
    async ({ lock }) => {
      const verification = new Verification(repository, options)
      const result = await verification.run()
      if (result.damaged.length > 0) await lock.assertLossIsReal()
      if (lock.isStored) await verification.record()
      return result
    },
    { mayOnlyRead: true },
  )
}

class Verification {
  readonly #repository: Repository
  readonly #options: VerifyOptions
  readonly #snapshots: readonly Snapshot[]
  readonly #damagedFiles: Damage[] = []
  readonly #damagedObjects: Damage[] = []
  readonly #findings: PackFindings
  readonly #startedAtMs = Date.now()
  readonly #damagedSnapshots = new Set<string>()
  readonly #packDamages: PackDamage[] = []
  readonly #wholePacks: PackId[] = []
  #steps = 0
  /** A tree cannot be read, or a blob is unknown. */
  #isIncomplete = false
  #blobCount = 0
  #plainBytes = 0
  #readBytes = 0
  #packCount = 0

  constructor(repository: Repository, options: VerifyOptions) {
    this.#repository = repository
    this.#options = options
    this.#snapshots = options.snapshots ?? everySnapshot(repository)
    this.#findings = new PackFindings(repository, { trustsUnread: false })
  }

  /** What a walk needs of the catalogue and of directories is read, and no pack. */
  async preview(): Promise<VerifyResult> {
    const requests = this.#options.snapshots ? await this.#neededPacks() : this.#allPacks()
    const cost = this.#tellCost(requests)
    return {
      snapshots: this.#snapshots.length,
      packs: 0,
      blobs: 0,
      bytes: 0,
      readBytes: 0,
      damaged: [],
      planned: { packs: requests.length, readBytes: cost.downloadBytes },
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  async run(): Promise<VerifyResult> {
    // What was read before proves nothing about what is on the disk now.
    await this.#repository.forgetTrees()
    if (this.#options.snapshots) await this.#readWhatIsNeeded()
    else await this.#readEverything()
    if (this.#findings.hasLoss) {
      await this.#readPacks(this.#alternatives(), this.#options.signal)
    }
    if (this.#findings.hasLoss || this.#isIncomplete) {
      await nameLostFiles(this.#repository, this.#snapshots, this.#findings, {
        onDamage: (damage) => this.#noteFile(damage),
        stepsMax: namingStepsMax(this.#steps),
      })
    }
    const names = this.#options.snapshots?.map(({ id }) => `snapshots/${id}`)
    for (const damage of await verifySmallObjects(this.#repository, names ? { names } : {})) {
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

  async #readWhatIsNeeded(): Promise<void> {
    const requests = await this.#neededPacks()
    this.#tellCost(requests)
    await this.#readPacks(requests, this.#options.signal)
  }

  async #neededPacks(): Promise<PackRequest[]> {
    const segments = new ReachableSegments(this.#repository)
    await this.#walk(this.#options.signal, (row, segment) => segments.mark(row, segment))
    return [...segments.packs].map(({ pack, segments: wanted }) => ({
      row: pack.row,
      packId: pack.id,
      packBytes: pack.bytes,
      wanted,
    }))
  }

  #allPacks(): PackRequest[] {
    return this.#repository.catalogue.blobs
      .packs()
      .map((pack) => ({ row: pack.row, packId: pack.id, packBytes: pack.bytes, wanted: null }))
  }

  #tellCost(requests: readonly PackRequest[]): StorageCost {
    const { onEvent, dryRun, snapshots } = this.#options
    const cost = verificationCost(this.#repository, requests, snapshots?.length)
    tellCost(this.#repository, cost, { onEvent, dryRun })
    return cost
  }

  /** Every pack is read whatever the trees say, so nobody waits for the walk: it goes on beside, in this thread. */
  async #readEverything(): Promise<void> {
    const requests = this.#allPacks()
    this.#tellCost(requests)
    const stop = new AbortController()
    const { signal: asked } = this.#options
    const signal = asked ? AbortSignal.any([asked, stop.signal]) : stop.signal
    const stopping = (error: unknown): never => {
      stop.abort(error)
      throw error
    }
    await settleAll([
      this.#readPacks(requests, signal).catch(stopping),
      this.#walk(signal, () => undefined).catch(stopping),
    ])
  }

  /** Walks every tree, what they share once, and tells which segments are needed. */
  async #walk(
    signal: AbortSignal | undefined,
    onNeeded: (packRow: number, segment: number) => void,
  ): Promise<void> {
    const observer: WalkObserver = {
      onReference: ({ packRow, segment }) => {
        if (packRow === 0) this.#isIncomplete = true
        else onNeeded(packRow, segment)
      },
      onDamage: () => {
        this.#isIncomplete = true
      },
      met: new MetReferences(this.#repository.catalogue.blobs.count()),
      onMet: onNeeded,
    }
    const seen = new Set<string>()
    const slice = new TimeSlice(sliceMs)
    for (const snapshot of this.#snapshots) {
      const walk = walkReferencesByPage(this.#repository, snapshot, observer, seen)
      let step = walk.next()
      for (; step.done !== true; step = walk.next()) {
        if (!slice.isOver) continue
        await slice.pause()
        signal?.throwIfAborted()
      }
      this.#steps += step.value
      signal?.throwIfAborted()
    }
  }

  async #readPacks(
    requests: readonly PackRequest[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const bytesTotal = requests.reduce((sum, request) => sum + request.packBytes, 0)
    await readPacks(this.#repository, requests, {
      signal,
      onReply: (request, reply) => this.#take(request, reply, bytesTotal),
    })
  }

  #take(request: PackRequest, reply: VerifyPackReply, bytesTotal: number): void {
    this.#findings.take(request, reply)
    const packId = toObjectId(request.packId)
    const damage = damageOf(packId, reply)
    if (damage) this.#packDamages.push(damage)
    else this.#wholePacks.push(packId)
    this.#packCount += 1
    this.#blobCount += reply.blobCount
    this.#plainBytes += reply.plainBytes
    this.#readBytes += reply.readBytes
    for (const message of reply.findings) {
      this.#noteObject({ message, objectId: `packs/${request.packId}` })
    }
    for (const message of reply.passing) {
      this.#options.onEvent?.({
        type: 'notice',
        message: `${message}, but only once; test this machine's memory and its way to the storage`,
      })
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

  /** Packs that were not read and hold another copy of something that is lost. */
  #alternatives(): PackRequest[] {
    const requests = new Map<number, PackRequest>()
    const observer: WalkObserver = {
      onReference: (reference) => {
        if (reference.packRow === 0 || !this.#findings.isLost(reference)) return
        for (const { pack } of this.#findings.unreadPlaces(reference.id)) {
          const { row, id: packId, bytes: packBytes } = pack
          requests.set(row, { row, packId, packBytes, wanted: null })
        }
      },
      onDamage: () => undefined,
    }
    const seen = new Set<string>()
    for (const snapshot of this.#snapshots) {
      walkReferences(this.#repository, snapshot, observer, seen)
    }
    return [...requests.values()]
  }

  #noteFile(damage: Damage & { readonly path: Buffer }): void {
    if (damage.snapshotId !== undefined) this.#damagedSnapshots.add(damage.snapshotId)
    if (this.#damagedFiles.length < damagedFilesMax) this.#damagedFiles.push(damage)
    const place = damage.offsetBytes === undefined ? '' : ` at offset ${damage.offsetBytes}`
    const message = `${damage.message}${place}`
    this.#options.onEvent?.({ type: 'damage', path: damage.path, message })
  }

  #noteObject(damage: Damage): void {
    this.#damagedObjects.push(damage)
    this.#options.onEvent?.({ type: 'damage', message: damage.message })
  }

  /** Writes down for each snapshot what became of it, which packs were read, and what is wrong with which. */
  async record(): Promise<void> {
    await recordReads(this.#repository, this.#wholePacks)
    await recordFindings(this.#repository, { damaged: this.#packDamages, whole: this.#wholePacks })
    const snapshots = this.#snapshots
    for (let start = 0; start < snapshots.length; start += recordsAtOnce) {
      await settleAll(
        snapshots.slice(start, start + recordsAtOnce).map((snapshot) =>
          writeJournal(this.#repository, {
            kind: 'verification',
            snapshotId: snapshot.id,
            backupId: snapshot.backupId,
            result: this.#damagedSnapshots.has(snapshot.id) ? verificationDamaged : verificationOk,
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
