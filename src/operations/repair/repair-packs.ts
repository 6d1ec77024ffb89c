import { HoldfastError } from '../../foundation/errors.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import { toObjectId, type PackId } from '../../model/ids.ts'
import {
  damageOf,
  damageOutOfIndex,
  recordFindings,
  standingDamage,
  type PackDamage,
} from '../../repository/audit/damage-records.ts'
import {
  readBlobIds,
  readIndexedEnds,
  readOwnBlobIds,
} from '../../repository/audit/indexed-ends.ts'
import { surveyIndex, type IndexSurvey } from '../../repository/audit/index-survey.ts'
import { PackFindings } from '../../repository/audit/pack-findings.ts'
import { readPacks, type PackRequest } from '../../repository/audit/read-packs.ts'
import { StorageFaults, type UnreadObject } from '../../repository/audit/storage-faults.ts'
import { planIndexReplacement, replaceIndexObjects } from '../../repository/index-replacement.ts'
import { writeIndexObjects } from '../../repository/index-writer.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import { PackSalvager, type Salvaged } from '../../repository/pack-salvager.ts'
import { reconstructPacks } from '../../repository/parity/reconstruct-packs.ts'
import { readIndexEntry } from '../../repository/read-index-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { refuseSameRepository } from '../../repository/refuse-same-repository.ts'
import { underLease } from '../../repository/under-lease.ts'
import { writePacks } from '../../repository/write-packs.ts'
import { refillSnapshots, type SnapshotRefill } from './refill-snapshots.ts'

export interface RepairPacksOptions {
  /** Ids or unique beginnings of ids; without them those that are missing, on record as damaged, or of the wrong length. */
  readonly packs?: readonly string[]
  /** Read every pack to find those that are damaged. */
  readonly readData?: boolean
  /** Another repository: what is lost here comes back from what it has of the same files. It is only read. */
  readonly from?: Repository
  /** Without it nothing is changed. */
  readonly apply?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

/** One damaged pack and what is done about it. */
export interface PackRepair extends PackDamage {
  /** `parity`: it comes back bit for bit; `copy`: what still verifies goes into new packs; `none`: nothing of it can be had. */
  readonly cure: 'parity' | 'copy' | 'none'
  readonly blobsSaved: number
  /** Blobs that are whole nowhere. */
  readonly blobsLost: number
}

export interface RepairPacksResult {
  readonly isApplied: boolean
  readonly packsRead: number
  readonly packs: readonly PackRepair[]
  /** Index objects that cannot be read; their packs are read and named anew. */
  readonly indexObjects: readonly { readonly name: string; readonly message: string }[]
  /** Whole packs that no readable index object names. */
  readonly packsNamed: readonly PackId[]
  /** Packs on record as damaged that are whole. */
  readonly packsWhole: readonly PackId[]
  /** Objects that the storage failed to give; they are left as they are. */
  readonly unread: readonly UnreadObject[]
  /** With `from`: every snapshot of which something was lost. */
  readonly refills: readonly SnapshotRefill[]
  /** Whole nowhere. With `from` 0 as soon as no snapshot needs any of them. */
  readonly blobsLost: number
  readonly durationMs: number
}

/**
 * Puts right what can be put right about packs and index objects. Dry unless `apply` is given, then under an exclusive lock.
 *
 * A pack comes back bit for bit where parity allows it. Of any other each blob that still verifies is copied into new packs, which are durable and
 * named before the index objects stop naming the damaged one; that one stays in the storage until a prune takes it away. So nothing that
 * verifies is ever removed, and a run that is cut off is begun again by running it again.
 *
 * @throws {HoldfastError} `USAGE` when `from` is the same repository
 * @throws {RepositoryError} `REPOSITORY_LOCKED`, or when the storage as a whole fails
 */
export async function repairPacks(
  repository: Repository,
  options: RepairPacksOptions = {},
): Promise<RepairPacksResult> {
  const { from } = options
  if (from) refuseSameRepository(repository, from)
  const isApplied = options.apply === true
  const repair = (): Promise<RepairPacksResult> =>
    underLease(
      repository,
      isApplied ? 'exclusive' : 'shared',
      'repair packs',
      (lease) => new PackRepairRun(repository, options, lease).run(),
      { mayOnlyRead: !isApplied },
    )
  if (!from) return await repair()
  return await underLease(from, 'shared', 'repair from', repair, { mayOnlyRead: true })
}

/** What the readings gave. */
interface Diagnosis {
  readonly survey: IndexSurvey
  readonly damages: readonly (PackDamage & { readonly bytes: number })[]
  /** Blobs that lie whole in each damaged pack. */
  readonly blobsWhole: ReadonlyMap<PackId, number>
  /** Lost in each damaged pack, 32 bytes each, whether or not they are whole elsewhere. */
  readonly lostIds: ReadonlyMap<PackId, Buffer>
  readonly whole: readonly PackId[]
  /** Whole, and named by no index object that can be read. */
  readonly nameless: readonly PackId[]
}

const idBytes = 32

class PackRepairRun {
  readonly #repository: Repository
  readonly #options: RepairPacksOptions
  readonly #lease: Lease
  readonly #faults: StorageFaults
  readonly #findings: PackFindings
  readonly #startedAtMs = Date.now()
  #packsRead = 0

  constructor(repository: Repository, options: RepairPacksOptions, lease: Lease) {
    this.#repository = repository
    this.#options = options
    this.#lease = lease
    this.#faults = new StorageFaults(repository)
    this.#findings = new PackFindings(repository, { trustsUnread: true })
  }

  async run(): Promise<RepairPacksResult> {
    const isApplied = this.#options.apply === true
    const diagnosis = await this.#diagnose()
    const lost = this.#countLost(diagnosis)
    const fromParity = await this.#reconstruct(diagnosis, isApplied)
    const rest = diagnosis.damages.filter(({ packId }) => !fromParity.has(packId))
    if (isApplied) await this.#apply(diagnosis, rest, fromParity)
    const refills = await this.#refill(isApplied)
    const isNothingMissed = isApplied && this.#options.from !== undefined && refills.every(isWhole)
    const lostNow = isApplied ? this.#countStillLost(lost, isNothingMissed) : lost
    if (isApplied) await this.#recordHealed(rest, lostNow, fromParity, isNothingMissed)
    const packs = diagnosis.damages.map(({ packId, state, segments }): PackRepair => {
      const isBack = fromParity.has(packId)
      const blobsSaved = diagnosis.blobsWhole.get(packId) ?? 0
      const cure = isBack ? 'parity' : blobsSaved > 0 ? 'copy' : 'none'
      const blobsLost = isBack ? 0 : (lostNow.get(packId)?.size ?? 0)
      return { packId, state, segments, cure, blobsSaved, blobsLost }
    })
    const lostIds = new Set(rest.flatMap(({ packId }) => [...(lostNow.get(packId) ?? [])]))
    return {
      isApplied,
      packsRead: this.#packsRead,
      packs,
      indexObjects: diagnosis.survey.damaged.map(({ objectId = '', message }) => ({
        name: objectId,
        message: message.replace(`${objectId}: `, ''),
      })),
      packsNamed: diagnosis.nameless,
      packsWhole: diagnosis.whole,
      unread: this.#faults.unread,
      refills,
      blobsLost: lostIds.size,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  async #diagnose(): Promise<Diagnosis> {
    const repository = this.#repository
    const survey = await surveyIndex(repository, (name, error) => this.#faults.note(name, error))
    const stored = new Map<PackId, number>()
    for (const { name, bytes } of await repository.storage.list('packs')) {
      stored.set(toObjectId(name.slice('packs/'.length)), bytes)
    }
    for (const packId of this.#lease.condemned.packIds) stored.delete(packId)
    const { requests, missing } = this.#choose(survey, stored)
    const damages: (PackDamage & { bytes: number })[] = []
    const blobsWhole = new Map<PackId, number>()
    const lostIds = new Map<PackId, Buffer>()
    const whole: PackId[] = []
    await readPacks(repository, requests, {
      signal: this.#options.signal,
      onReply: (request, reply) => {
        const packId = toObjectId(request.packId)
        this.#packsRead += 1
        this.#findings.take(request, reply)
        this.#tellProgress(requests.length)
        const damage = damageOf(packId, reply)
        if (!damage) {
          whole.push(packId)
          return
        }
        damages.push({ ...damage, bytes: request.packBytes })
        lostIds.set(packId, Buffer.from(reply.lostIds))
        if (!reply.isUnreadable) {
          blobsWhole.set(packId, reply.blobCount - reply.lostIds.length / idBytes)
        }
      },
      onFault: ({ packId }, error) => this.#faults.note(`packs/${packId}`, error),
    })
    for (const { row, packId, bytes } of missing) {
      this.#findings.losePack(row)
      damages.push({ packId, state: 'missing', segments: [], bytes })
    }
    const gone = damages.filter(({ state }) => state !== 'damaged').map(({ packId }) => packId)
    for (const [packId, ids] of await readBlobIds(repository, new Set(gone))) {
      lostIds.set(toObjectId(packId), ids)
    }
    const settled = await this.#settledLeftovers(damages, lostIds)
    const nameless = whole.filter((packId) => !survey.packs.has(packId))
    return {
      survey,
      damages: damages.filter(({ packId }) => !settled.has(packId)),
      blobsWhole,
      lostIds,
      whole,
      nameless,
    }
  }

  /**
   * Damaged packs that no index object names and of which everything that verifies is whole elsewhere: an earlier repair has copied it. They
   * wait for a prune.
   */
  async #settledLeftovers(
    damages: readonly PackDamage[],
    lostIds: ReadonlyMap<PackId, Buffer>,
  ): Promise<Set<PackId>> {
    const settled = new Set<PackId>()
    for (const { packId } of damages) {
      if (this.#repository.catalogue.blobs.hasPack(packId)) continue
      const ids = await readOwnBlobIds(this.#repository, packId)
      const lost = new Set(split(lostIds.get(packId) ?? Buffer.alloc(0)))
      const isSettled = split(ids).every(
        (id) => lost.has(id) || this.#findings.hasWholeCopy(Buffer.from(id, 'latin1')),
      )
      if (isSettled) settled.add(packId)
    }
    return settled
  }

  #choose(
    survey: IndexSurvey,
    stored: ReadonlyMap<PackId, number>,
  ): { requests: PackRequest[]; missing: { row: number; packId: PackId; bytes: number }[] } {
    const repository = this.#repository
    const rows = new Map(repository.catalogue.packReads.list().map((row) => [row.id, row]))
    for (const packId of this.#lease.condemned.packIds) rows.delete(packId)
    const onRecord = new Set(standingDamage(repository).map(({ packId }) => packId))
    const named = this.#namedPacks([...new Set([...rows.keys(), ...stored.keys()])])
    const isChosen = (packId: PackId): boolean => {
      if (named) return named.has(packId)
      const row = rows.get(packId)
      return (
        !row ||
        this.#options.readData === true ||
        onRecord.has(packId) ||
        !survey.packs.has(packId) ||
        stored.get(packId) !== row.bytes
      )
    }
    const requests: PackRequest[] = []
    const missing: { row: number; packId: PackId; bytes: number }[] = []
    for (const { id: packId, row, bytes } of rows.values()) {
      if (!isChosen(packId)) continue
      if (stored.has(packId)) requests.push({ row, packId, packBytes: bytes, wanted: null })
      else missing.push({ row, packId, bytes })
    }
    let numberOfUnknown = 0
    for (const [packId, packBytes] of stored) {
      if (rows.has(packId) || !isChosen(packId)) continue
      // No row of the catalogue has this number.
      requests.push({ row: -++numberOfUnknown, packId, packBytes, wanted: null })
    }
    return { requests, missing }
  }

  /** @throws {HoldfastError} `USAGE` when a text names none of the packs, or several */
  #namedPacks(all: readonly PackId[]): Set<PackId> | undefined {
    const { packs } = this.#options
    if (!packs || packs.length === 0) return undefined
    const named = new Set<PackId>()
    for (const text of packs) {
      const prefix = text.replace(/^packs\//, '')
      const found = all.filter((packId) => prefix !== '' && packId.startsWith(prefix))
      if (found.length !== 1) {
        throw new HoldfastError(
          'USAGE',
          `Cannot repair pack "${text}": ${found.length} packs begin with it`,
          { remedy: 'Run `holdfast check` and name one of the packs that it tells of' },
        )
      }
      named.add(found[0])
    }
    return named
  }

  /** Ids that are lost with each pack and whole nowhere else. */
  #countLost({ damages, lostIds }: Diagnosis): Map<PackId, Set<string>> {
    const lost = new Map<PackId, Set<string>>()
    for (const { packId } of damages) {
      const row = this.#repository.catalogue.blobs.packById(packId)?.row
      const ids = lostIds.get(packId) ?? Buffer.alloc(0)
      const own = new Set<string>()
      for (let at = 0; at < ids.length; at += idBytes) {
        const id = ids.subarray(at, at + idBytes)
        if (row === undefined || this.#findings.isLost({ packRow: row, segment: -1, id })) {
          own.add(id.toString('latin1'))
        }
      }
      lost.set(packId, own)
    }
    return lost
  }

  /** @returns packs that are back, or could be */
  async #reconstruct({ damages }: Diagnosis, isApplied: boolean): Promise<Set<PackId>> {
    const { storage } = this.#repository
    const back = new Set<PackId>()
    const missing = new Set<PackId>()
    for (const { packId, state } of damages) if (state === 'missing') missing.add(packId)
    const { signal } = this.#options
    const wanted = damages.map(({ packId }) => packId)
    for await (const { packId, bytes } of reconstructPacks(
      this.#repository,
      wanted,
      signal ? { signal } : {},
    )) {
      if (!bytes) continue
      back.add(packId)
      if (!isApplied) continue
      await this.#lease.lock.assertHeld()
      if (missing.has(packId)) await storage.put(`packs/${packId}`, bytes)
      else await storage.replace(`packs/${packId}`, bytes)
    }
    return back
  }

  async #apply(
    diagnosis: Diagnosis,
    rest: Diagnosis['damages'],
    fromParity: ReadonlySet<PackId>,
  ): Promise<void> {
    const repository = this.#repository
    const { survey, damages, whole, nameless } = diagnosis
    const unreadable = new Set(survey.damaged.map(({ objectId = '' }) => objectId))
    const isNamed = ({ packId }: PackDamage): boolean => repository.catalogue.blobs.hasPack(packId)
    // On record before the index objects change: the next backup has to read everything where something is lost.
    await recordFindings(repository, { damaged: damages.filter(isNamed), whole })
    const gone = new Set(rest.map(({ packId }) => packId))
    const replacement = await planIndexReplacement(repository, gone, unreadable)
    await this.#salvage(rest)
    // Packs that came back and that only a damaged index object named are named anew as well.
    const backAndNameless = [...fromParity].filter((packId) => !survey.packs.has(packId))
    await this.#nameAnew([...nameless, ...backAndNameless])
    const replaced = await replaceIndexObjects(repository, replacement, this.#lease.lock)
    repository.catalogue.indexObjects.remove(replaced)
    await this.#removeIndexObjects(unreadable)
    await repository.forgetTrees()
  }

  /** Takes back from the other repository what snapshots miss; on a dry run says what that is. */
  async #refill(isApplied: boolean): Promise<readonly SnapshotRefill[]> {
    const { from, signal, onEvent } = this.#options
    if (!from) return []
    return await refillSnapshots(this.#repository, from, {
      lease: isApplied ? this.#lease : null,
      // What was found is not named any more by now: what the catalogue knows can be had.
      findings: isApplied
        ? new PackFindings(this.#repository, { trustsUnread: true })
        : this.#findings,
      signal,
      onEvent,
    })
  }

  /** Of what was lost with each pack, what has not come back. Where every tree was walked and misses nothing, nothing is lost. */
  #countStillLost(
    lost: ReadonlyMap<PackId, ReadonlySet<string>>,
    isNothingMissed: boolean,
  ): Map<PackId, Set<string>> {
    if (isNothingMissed) return new Map()
    const { blobs } = this.#repository.catalogue
    const isBack = (id: string): boolean => blobs.find(Buffer.from(id, 'latin1')) !== undefined
    return new Map(
      [...lost].map(([packId, ids]) => [packId, new Set([...ids].filter((id) => !isBack(id)))]),
    )
  }

  async #recordHealed(
    rest: Diagnosis['damages'],
    lost: ReadonlyMap<PackId, ReadonlySet<string>>,
    fromParity: ReadonlySet<PackId>,
    isNothingMissed: boolean,
  ): Promise<void> {
    const healed = rest.filter(({ packId }) => (lost.get(packId)?.size ?? 0) === 0)
    const whole = new Set([...fromParity, ...healed.map(({ packId }) => packId)])
    // Also what an earlier repair could not answer, because it was cut off or had nothing to take from.
    const earlier = isNothingMissed ? damageOutOfIndex(this.#repository) : []
    for (const packId of earlier) whole.add(packId)
    await recordFindings(this.#repository, {
      damaged: [],
      whole: [...whole],
      ...(isNothingMissed && { unnamed: { count: 0, mark: '' } }),
    })
    await this.#repository.forgetTrees()
  }

  async #salvage(damages: Diagnosis['damages']): Promise<Salvaged> {
    const repository = this.#repository
    const some = damages.filter(({ state }) => state === 'damaged')
    const ends = await readIndexedEnds(repository, new Set(some.map(({ packId }) => packId)))
    const salvager = new PackSalvager(repository.context)
    let [blobs, bytes] = [0, 0]
    try {
      await writePacks(repository, async (writer) => {
        for (const { packId, bytes: packBytes } of some) {
          this.#options.signal?.throwIfAborted()
          const indexed = ends.get(packId)
          const saved = await salvager.salvage({ packId, packBytes, indexed }, writer)
          blobs += saved.blobs
          bytes += saved.bytes
        }
      })
    } finally {
      await salvager.close()
    }
    return { blobs, bytes }
  }

  async #nameAnew(packIds: readonly PackId[]): Promise<void> {
    const entries: Awaited<ReturnType<typeof readIndexEntry>>[] = []
    for (const packId of packIds) entries.push(await readIndexEntry(this.#repository, packId))
    await this.#lease.lock.assertHeld()
    await writeIndexObjects(this.#repository, entries)
  }

  /** What they said that is true is said by others now. */
  async #removeIndexObjects(names: ReadonlySet<string>): Promise<void> {
    if (names.size === 0) return
    const { storage, catalogue } = this.#repository
    await this.#lease.lock.assertHeld()
    for (const name of names) await storage.delete(name)
    await storage.sync('index')
    catalogue.indexObjects.remove([...names].map((name) => toObjectId(name.slice('index/'.length))))
  }

  #tellProgress(filesTotal: number): void {
    this.#options.onEvent?.({
      type: 'progress',
      phase: 'reading packs',
      filesDone: this.#packsRead,
      filesTotal,
      bytesDone: 0,
      errors: 0,
    })
  }
}

function isWhole({ lost }: SnapshotRefill): boolean {
  return lost.length === 0
}

/** 32 bytes each, as latin1 text. */
function split(ids: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at < ids.length; at += idBytes)
    texts.push(ids.toString('latin1', at, at + idBytes))
  return texts
}
