import type { PackRow } from '../../catalogue/blob-location.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { StandingCondemnation } from '../../model/condemnation.ts'
import { type PackId, type SnapshotId } from '../../model/ids.ts'
import { graceMsDefault } from '../../model/retention-policy.ts'
import { catchUp } from '../../repository/catch-up.ts'
import { freeBytesOf, refillReserve } from '../../repository/disk-reserve.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import { listedOnly } from '../../repository/listed-only.ts'
import { isLoss } from '../../repository/loss.ts'
import { tellingParityFaults } from '../../repository/parity/telling-parity-faults.ts'
import { protectSurvivors, updateParity } from '../../repository/parity/update-parity.ts'
import { beginListings, type ObjectListings } from '../../repository/object-listings.ts'
import type { Repository } from '../../repository/repository.ts'
import { listSnapshotObjects, type SnapshotObjects } from '../../repository/snapshot-objects.ts'
import type { StandingLock } from '../../repository/standing-locks.ts'
import { tellCost } from '../../repository/tell-cost.ts'
import { underLease } from '../../repository/under-lease.ts'
import { condemn, witnessesOf } from './condemn.ts'
import { CopyProver, costOfProofs, type ClaimedCopy } from './copy-prover.ts'
import { dropExpired, findExpired, objectsLeft } from './drop-expired.ts'
import { countDue, extendRetention, retentionOfNew } from './extend-retention.ts'
import { LiveBlobs } from './live-blobs.ts'
import { markSnapshots } from './mark-snapshots.ts'
import { disagreement, measurePackUses } from './pack-use.ts'
import { pruneCost } from './prune-cost.ts'
import {
  estimateCopies,
  planPrune,
  unusedRatioMaxDefault,
  type PackUse,
  type PrunePlan,
  type UnusedLimit,
} from './prune-plan.ts'
import { repack } from './repack.ts'
import { listStoredPacks, type StoredPacks } from './stored-packs.ts'
import { sweep } from './sweep.ts'
import { undoLateDeletions } from './undo-late-deletions.ts'

export interface PruneOptions {
  /** How much dead plaintext may stay instead of being copied out; default 5 % of the live bytes. */
  readonly unused?: UnusedLimit
  /** Most bytes of packs that are rewritten; default: no limit. */
  readonly repackBytesMax?: number
  /** How long forgotten snapshots can be brought back; default 7 days. 0 frees their space at once. */
  readonly graceMs?: number
  /** Look and count, change nothing. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

/** Somebody at work who may still use what is condemned. */
export interface PruneWitness {
  readonly operation: string
  readonly hostname: string
  readonly pid: number
}

export interface PruneResult {
  /** Packs that went because nothing in them was needed. */
  readonly packsDeleted: number
  /** Packs that went after what was live in them had been copied. */
  readonly packsRewritten: number
  readonly bytesFreed: number
  /** What the repository's packs take afterwards. */
  readonly bytesLeft: number
  /** What goes with a later prune, because somebody is at work who began before it was condemned. */
  readonly bytesCondemned: number
  readonly waitingFor: readonly PruneWitness[]
  /** Snapshots whose data goes for good: their grace was over. */
  readonly snapshotsDropped: number
  readonly droppedIds: readonly SnapshotId[]
  readonly durationMs: number
}

/**
 * Frees the space of blobs that no snapshot needs, in two phases, beside running backups and restores (docs/decisions/0007).
 *
 * What can go is condemned first: runs that begin afterwards keep away from it. Runs that had begun before may still refer to it, so it is
 * deleted only when none of them is left, after what they committed has been looked at; when some are still at work, by a later prune.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED` beside another prune, a forget or a repair; damage or loss of anything that a snapshot needs, and
 * then nothing is removed
 */
export async function prune(
  repository: Repository,
  options: PruneOptions = {},
): Promise<PruneResult> {
  const kind = options.dryRun ? 'shared' : 'maintenance'
  const result = await underLease(repository, kind, 'prune', (lease) =>
    new PruneRun(repository, options, lease).run(),
  )
  if (!options.dryRun) await refillReserve(repository.storage)
  return result
}

/** What else a prune writes: index objects, the catalogue's log. */
const roomBesideCopiesBytes = 8 * 1024 * 1024

/** What is going to be done, as far as it is known before. */
interface PlannedPrune {
  readonly plan: PrunePlan
  readonly uses: readonly PackUse[]
  readonly unproved: ReadonlyMap<number, readonly ClaimedCopy[]>
  readonly retainedCount: number
  readonly expiredCount: number
}

class PruneRun {
  readonly #repository: Repository
  readonly #options: PruneOptions
  readonly #lease: Lease
  readonly #startedAtMs = Date.now()
  #live: LiveBlobs | undefined
  #prover: CopyProver | undefined
  /** Asked for once, and while other things are. */
  readonly #retention: ReturnType<typeof retentionOfNew>
  /** Packs that this run has condemned after copying what was live in them. */
  readonly #copied = new Set<PackId>()

  constructor(repository: Repository, options: PruneOptions, lease: Lease) {
    this.#repository = repository
    this.#options = options
    this.#lease = lease
    this.#retention = retentionOfNew(repository)
    // Whoever awaits it hears of it.
    this.#retention.catch(() => undefined)
  }

  /** With a loss nothing is removed; what is still there, or comes back by its versions, is kept for another period all the same. */
  async run(): Promise<PruneResult> {
    try {
      return await this.#run()
    } catch (error) {
      if (isLoss(error) && this.#options.dryRun !== true) await this.#extendRetention(true)
      throw error
    }
  }

  async #run(): Promise<PruneResult> {
    const { lock, condemned } = this.#lease
    const { dryRun = false, graceMs = graceMsDefault } = this.#options
    this.#refuseDamage()
    // The locks were listed before the snapshots are: what somebody commits who is not seen there is seen here.
    const others = lock.othersAtStart
    const expired = await findExpired(this.#repository, graceMs, lock)
    if (!dryRun) {
      await undoLateDeletions(this.#repository, expired.deletedLate, lock)
      await dropExpired(this.#repository, expired, lock)
    }
    const objects = await this.#withKnown(dryRun ? expired.objects : objectsLeft(expired))
    const stored = await listStoredPacks(this.#repository, condemned.packIds)
    const bytesBefore = sum(stored.bytesOf.values())
    const marked = await this.#mark(objects, stored, expired.gone)
    const { plan, uses, gone } = await this.#planProved(stored, {
      isAlone: others.length === 0,
      expired: expired.gone.length,
    })
    if (dryRun) return this.#preview({ stored, plan, uses, gone, expired: expired.gone })
    let newBytes = 0
    const standing = [...condemned.standing]
    if (gone.length > 0) {
      newBytes = await this.#copy(plan)
      standing.push(await condemn(this.#repository, gone, [...marked], lock))
    }
    const swept = await this.#sweep(standing, stored, marked)
    await this.#updateParity()
    await this.#extendRetention(false)
    const deleted = sum([...swept.gone].map((id) => stored.bytesOf.get(id) ?? 0))
    const rewritten = plan.repack.filter(({ id }) => swept.gone.has(id)).length
    return {
      packsDeleted: swept.gone.size - rewritten,
      packsRewritten: rewritten,
      bytesFreed: deleted - newBytes,
      bytesLeft: bytesBefore - deleted + newBytes,
      bytesCondemned: sum([...swept.waiting].map((id) => stored.bytesOf.get(id) ?? 0)),
      waitingFor: swept.witnesses,
      snapshotsDropped: expired.gone.length,
      droppedIds: expired.gone,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  /** With an index or snapshot object that cannot be read nobody knows what is live. */
  #refuseDamage(): void {
    const first = this.#repository.unusable.find(
      ({ name, error }) => !/^(?:journal|parity)\//.test(name) && !isOfMissingPack(error),
    )
    if (!first) return
    if (first.error.code === 'OBJECT_MISSING' && first.error.facts['name'] === first.name) {
      throw listedOnly(this.#repository, first.name, first.error)
    }
    throw new RepositoryError(
      'OBJECT_DAMAGED',
      `Cannot prune: ${first.name} is damaged, so what is needed is not known`,
      {
        remedy: 'Run `holdfast check`, then `holdfast repair packs`; nothing was removed',
        cause: first.error,
      },
    )
  }

  /** Backups go on meanwhile: the index objects of what they have committed are taken in after it was listed. */
  async #listSnapshots(): Promise<SnapshotObjects> {
    const { storage } = this.#repository
    const listing = listSnapshotObjects(storage)
    const listings = beginListings(storage, listing)
    const objects = await listing
    return await this.#withKnown(objects, listings)
  }

  /** Catches up, and adds what a store's listing may have left out: what this machine has seen, and what catching up has found by its name. */
  async #withKnown(objects: SnapshotObjects, listings?: ObjectListings): Promise<SnapshotObjects> {
    const { storage, catalogue } = this.#repository
    this.#repository.noteUnusable(await catchUp(this.#repository, listings))
    this.#refuseDamage()
    if (!storage.capabilities.isRemote) return objects
    const known = catalogue.snapshots.list().map(({ id }) => id)
    return { ...objects, snapshots: new Set([...objects.snapshots, ...known]) }
  }

  /** @returns the snapshots whose needs are known now */
  async #mark(
    objects: SnapshotObjects,
    stored: StoredPacks,
    expired: readonly SnapshotId[],
  ): Promise<Set<SnapshotId>> {
    const live = new LiveBlobs(this.#repository, {
      lost: stored.lost,
      condemned: this.#rowsOf(this.#lease.condemned.packIds),
    })
    const left = new Set([...objects.forgotten].filter((id) => !expired.includes(id)))
    const ids = { snapshots: objects.snapshots, forgotten: left }
    const options = { ...this.#options, lock: this.#lease.lock }
    const marked = await markSnapshots(this.#repository, live, ids, options)
    live.settleCopies()
    this.#live = live
    return marked
  }

  async #plan(stored: StoredPacks): Promise<{ plan: PrunePlan; uses: PackUse[] }> {
    const live = this.#marks
    const packs = this.#repository.catalogue.blobs.packs()
    const rows = new Set(packs.map(({ row }) => row))
    for (const row of live.packRows) if (!rows.has(row)) throw disagreement()
    const stays: PackRow[] = []
    for (const pack of packs) {
      if (this.#lease.condemned.packIds.has(pack.id)) continue
      const bytes = stored.bytesOf.get(pack.id)
      // Taken in by another process of this host since the packs were listed: nobody asks what came after.
      if (bytes === undefined && !stored.lost.has(pack.row)) continue
      stays.push({ ...pack, bytes: bytes ?? 0 })
    }
    const uses = await measurePackUses(this.#repository, stays, live, this.#options.signal)
    const limits = {
      unused: this.#options.unused ?? { ratio: unusedRatioMaxDefault },
      repackBytes: this.#options.repackBytesMax ?? Infinity,
    }
    // On a full disk what nobody needs goes first; copies are made when there is room for them.
    const room = Math.max(0, (await freeBytesOf(this.#repository.storage)) - roomBesideCopiesBytes)
    const plan = planPrune(uses, { ...limits, repackBytes: Math.min(limits.repackBytes, room) })
    if (room < limits.repackBytes && planPrune(uses, limits).repack.length > plan.repack.length) {
      this.#options.onEvent?.({
        type: 'notice',
        message:
          'There is too little room to copy what is needed out of packs that are partly unused; run `holdfast prune` again',
      })
    }
    return { plan, uses }
  }

  /** What can go is what it can do without; what stays in its place is read before, and when that is not what it has to be, less can go. */
  async #planProved(
    stored: StoredPacks,
    { isAlone, expired }: { readonly isAlone: boolean; readonly expired: number },
  ): Promise<{ plan: PrunePlan; uses: PackUse[]; gone: PackId[] }> {
    const { dryRun = false } = this.#options
    const condemned = this.#rowsOf(this.#lease.condemned.packIds)
    for (;;) {
      const { plan, uses } = await this.#plan(stored)
      // With nobody at work, an unnamed pack is what a run left behind that was cut off.
      const leftovers = isAlone ? stored.unnamed : []
      const gone = [...[...plan.remove, ...plan.repack].map(({ id }) => id), ...leftovers]
      const rewritten = new Set(plan.repack.map(({ row }) => row))
      const leaving = new Set([...condemned, ...rewritten, ...plan.remove.map(({ row }) => row)])
      const isLeaving = (row: number): boolean => leaving.has(row)
      const isRewritten = (row: number): boolean => rewritten.has(row)
      const unproved = this.#marks.unprovedCopies(isLeaving, isRewritten)
      const retainedCount = countDue(this.#repository, this.#lease.lock, await this.#retention)
      if (dryRun || gone.length + retainedCount > 0) {
        // What is expired is gone already.
        const expiredCount = dryRun ? expired : 0
        this.#tellCost({ plan, uses, unproved, retainedCount, expiredCount }, gone.length)
      }
      if (dryRun || !this.#proveCopies(this.#marks, isLeaving, isRewritten)) {
        return { plan, uses, gone }
      }
      this.#marks.settleCopies()
    }
  }

  #proveCopies(
    live: LiveBlobs,
    isLeaving: (packRow: number) => boolean,
    isRewritten: (packRow: number) => boolean = () => false,
  ): boolean {
    this.#prover ??= new CopyProver(this.#repository)
    const { signal } = this.#options
    return this.#prover.proveAll(live, live.unprovedCopies(isLeaving, isRewritten), signal)
  }

  #tellCost(planned: PlannedPrune, goneCount: number): void {
    const { plan, uses, unproved, retainedCount, expiredCount } = planned
    const copies = plan.repack.map((pack) => ({ pack, live: this.#marks.inPack(pack.row) }))
    const newBytes = estimateCopies(plan, uses)
    const proofs = costOfProofs(unproved.values())
    const cost = pruneCost(this.#repository, {
      copies,
      proofs,
      newBytes,
      goneCount,
      expiredCount,
      retainedCount,
    })
    tellCost(this.#repository, cost, this.#options)
  }

  async #copy(plan: PrunePlan): Promise<number> {
    for (const { id } of plan.repack) this.#copied.add(id)
    if (plan.repack.length === 0) return 0
    const { signal, onEvent } = this.#options
    return await repack(this.#repository, plan.repack, this.#marks, { signal, onEvent })
  }

  /**
   * Deletes what every condemnation names whose witnesses are all gone, except for what they have committed. The locks are listed before the
   * snapshots: whoever is not among those who work has committed already, and is seen.
   */
  async #sweep(
    standing: readonly StandingCondemnation[],
    stored: StoredPacks,
    marked: ReadonlySet<SnapshotId>,
  ): Promise<{ gone: Set<PackId>; waiting: Set<PackId>; witnesses: PruneWitness[] }> {
    const { lock, condemned } = this.#lease
    const { writtenAtMs } = lock
    const others = standing.length > 0 ? await lock.others() : lock.othersAtStart
    const witnesses = new Map<string, StandingLock>()
    const ready: StandingCondemnation[] = []
    const waiting = new Set<PackId>()
    for (const condemnation of standing) {
      const found = witnessesOf(condemnation, others)
      for (const witness of found) witnesses.set(witness.name, witness)
      if (found.length === 0) ready.push(condemnation)
      else for (const id of condemnation.packs) waiting.add(id)
    }
    const gone = new Set<PackId>()
    if (ready.length > 0) {
      const needed = await this.#neededSince(standing, stored, marked)
      for (const { packs } of ready) {
        for (const id of packs) if (!needed.has(id) && !waiting.has(id)) gone.add(id)
      }
      await this.#keepSurvivorsProtected(gone)
      await sweep(this.#repository, ready, gone, lock)
    }
    for (const name of condemned.unreadable) await this.#repository.storage.delete(name)
    const { storage } = this.#repository
    // With nobody at work what is older than the own lock is a leftover; what is younger is of a run that has begun since.
    if (others.length === 0) await storage.sweepTemporary(1, writtenAtMs)
    // Files that nobody wrote to for a day belong to nobody who is at work.
    else await storage.sweepTemporary(temporaryAgeMs)
    for (const id of gone) waiting.delete(id)
    return { gone, waiting, witnesses: [...witnesses.values()].map(toWitness) }
  }

  /** Packs that stay get parity without those that go. Not a reason to keep those: freeing space may be what the disk needs most. */
  async #keepSurvivorsProtected(gone: ReadonlySet<PackId>): Promise<void> {
    await tellingParityFaults(this.#options, async () => {
      await protectSurvivors(this.#repository, gone, this.#options)
    })
  }

  /** Everything is swept already: what goes wrong now is told, and done by the next run. */
  async #updateParity(): Promise<void> {
    const { signal, onEvent } = this.#options
    const { lock, condemned } = this.#lease
    await tellingParityFaults(this.#options, async () => {
      const leaving = condemned.packIds
      await updateParity(this.#repository, { signal, onEvent, lock, leaving })
    })
  }

  /** Everything is swept already: what goes wrong now is told. */
  async #extendRetention(isDamaged: boolean): Promise<void> {
    const { onEvent, signal } = this.#options
    try {
      const retention = await this.#retention
      const options = { retention, onEvent, signal, isDamaged }
      await extendRetention(this.#repository, this.#lease.lock, options)
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error
      onEvent?.({
        type: 'failure',
        message: `the retention of what is there could not be extended: ${error.message}`,
      })
    }
  }

  /** Condemned packs that are needed all the same: by older marks, or by snapshots that came since. */
  async #neededSince(
    standing: readonly StandingCondemnation[],
    stored: StoredPacks,
    marked: ReadonlySet<SnapshotId>,
  ): Promise<Set<PackId>> {
    const repository = this.#repository
    const { snapshots, forgotten } = await this.#listSnapshots()
    const isNew = (id: SnapshotId): boolean => !marked.has(id)
    const condemnedIds = standing.flatMap(({ packs }) => packs)
    const rows = this.#rowsOf(condemnedIds)
    const recent = new LiveBlobs(repository, { lost: stored.lost, condemned: rows })
    const ids = {
      snapshots: new Set([...snapshots].filter(isNew)),
      forgotten: new Set([...forgotten].filter(isNew)),
    }
    await markSnapshots(repository, recent, ids, { ...this.#options, lock: this.#lease.lock })
    recent.settleCopies()
    while (this.#proveCopies(recent, (row) => rows.has(row))) recent.settleCopies()
    const needed = new Set<PackId>()
    for (const id of condemnedIds) {
      const row = repository.catalogue.blobs.packById(id)?.row
      if (row === undefined) continue
      const isMarked = !this.#copied.has(id) && this.#marks.isNeeded(row)
      if (isMarked || recent.isNeeded(row)) needed.add(id)
    }
    return needed
  }

  get #marks(): LiveBlobs {
    if (!this.#live) throw new RangeError('Nothing is marked yet')
    return this.#live
  }

  #rowsOf(ids: Iterable<PackId>): Set<number> {
    const rows = new Set<number>()
    for (const id of ids) {
      const row = this.#repository.catalogue.blobs.packById(id)?.row
      if (row !== undefined) rows.add(row)
    }
    return rows
  }

  #preview(found: {
    stored: StoredPacks
    plan: PrunePlan
    uses: readonly PackUse[]
    gone: readonly PackId[]
    expired: readonly SnapshotId[]
  }): PruneResult {
    const { stored, plan, uses, gone, expired } = found
    const deleted = sum(gone.map((id) => stored.bytesOf.get(id) ?? 0))
    const newBytes = estimateCopies(plan, uses)
    return {
      packsDeleted: gone.length - plan.repack.length,
      packsRewritten: plan.repack.length,
      bytesFreed: deleted - newBytes,
      bytesLeft: sum(stored.bytesOf.values()) - deleted + newBytes,
      bytesCondemned: 0,
      waitingFor: [],
      snapshotsDropped: expired.length,
      droppedIds: expired,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }
}

/**
 * An index object that names a pack which is not there says all the same what it names. A run that was stopped for longer than its lease lives
 * leaves one, when it was about to put it; a snapshot that needs the pack is found when it is marked.
 */
function isOfMissingPack({ code, facts }: RepositoryError): boolean {
  return code === 'OBJECT_MISSING' && String(facts['name']).startsWith('packs/')
}

const temporaryAgeMs = 24 * 60 * 60_000

function toWitness({ name, record }: StandingLock): PruneWitness {
  if (record === 'unreadable') return { operation: `unreadable lock ${name}`, hostname: '', pid: 0 }
  const { operation, hostname, pid } = record
  return { operation, hostname, pid }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
