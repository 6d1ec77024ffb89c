import type { RepositoryError } from '../../foundation/errors.ts'
import type { OnEvent, ProgressEvent } from '../../foundation/progress-event.ts'
import { toObjectId, type PackId } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { PackReadRow } from '../../catalogue/pack-read-table.ts'
import { MetReferences } from '../../repository/met-references.ts'
import { auditCatalogue } from '../../repository/audit/catalogue-audit.ts'
import { damagedFilesMax, type Damage } from '../../repository/audit/damage.ts'
import {
  damageOf,
  recordFindings,
  standingDamage,
  type PackDamage,
} from '../../repository/audit/damage-records.ts'
import {
  markUnnamedBlobs,
  surveyIndex,
  type IndexSurvey,
} from '../../repository/audit/index-survey.ts'
import { nameLostFiles, namingStepsMax } from '../../repository/audit/lost-files.ts'
import { PackFindings } from '../../repository/audit/pack-findings.ts'
import type { VerifyPackReply } from '../../repository/audit/pack-verifier.ts'
import { walkReferences, type WalkObserver } from '../../repository/audit/reachable-segments.ts'
import { readPacks, type PackRequest } from '../../repository/audit/read-packs.ts'
import { recordReads } from '../../repository/audit/read-records.ts'
import { verifySmallObjects } from '../../repository/audit/small-objects.ts'
import { StorageFaults, type UnreadObject } from '../../repository/audit/storage-faults.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import { underLease } from '../../repository/under-lease.ts'
import { checkParity } from './check-parity.ts'
import { explainLeftovers } from './leftovers.ts'
import { examinePacks, type PackStructure } from './pack-structure.ts'
import { choosePacks, type ReadSubset } from './read-subset.ts'
import { findNeededPacks } from './unnamed-packs.ts'

export interface CheckOptions {
  /** Packs to read whole; without it only those are read about which something is wrong. */
  readonly readData?: ReadSubset
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

export interface CheckResult {
  readonly snapshots: number
  readonly indexObjects: number
  readonly packs: number
  readonly packBytes: number
  /** Each damaged object once. */
  readonly damagedObjects: readonly Damage[]
  /** What of the snapshots is lost by it, the first 10,000 places. */
  readonly lostFiles: readonly Damage[]
  /** How many places that are in all. */
  readonly lostPlaces: number
  /** Ids of the snapshots that cannot be restored whole. */
  readonly damagedSnapshots: readonly string[]
  /** Objects that the storage failed to give: nothing is known about them. */
  readonly unread: readonly UnreadObject[]
  /** Worth knowing, and nothing is lost by it. */
  readonly notices: readonly string[]
  readonly packsRead: number
  readonly bytesRead: number
  /** When each pack was last read whole, this check included. */
  readonly reading: ReadingState
  readonly durationMs: number
}

/** How old the proof is that the packs are whole. */
export interface ReadingState {
  /** Of the packs that were ever read, the reading that is longest ago; null when none was. */
  readonly oldestReadAtMs: number | null
  readonly neverReadPacks: number
  readonly neverReadBytes: number
}

/** Ids kept to find the packs that hold them. */
const unknownIdsMax = 200_000
/** Packs of a long reading are recorded after so many, so that one that is cut off is not for nothing. */
const packsPerRecord = 2_000
/** Findings of one object that its message tells. */
const findingsToldMax = 3

/**
 * Checks the whole repository: every object that is not a pack is read, every pack's length and ends are held against the index objects,
 * the catalogue against the objects, every snapshot's tree is walked and each of its references looked up. With `readData` packs are read
 * whole besides. What is found goes into the journal: damage once for each finding, and which packs were read and found whole.
 *
 * @throws {RepositoryError} when the storage as a whole cannot be read; damage is a result and not an error
 */
export async function check(
  repository: Repository,
  options: CheckOptions = {},
): Promise<CheckResult> {
  return await underLease(
    repository,
    'shared',
    'check',
    (lease) => new CheckRun(repository, options, lease).run(),
    { mayOnlyRead: true },
  )
}

class CheckRun {
  readonly #repository: Repository
  readonly #options: CheckOptions
  readonly #lease: Lease
  readonly #faults: StorageFaults
  readonly #findings: PackFindings
  readonly #startedAtMs = Date.now()
  readonly #messages = new Map<string, string[]>()
  readonly #lostFiles: Damage[] = []
  #lostPlaces = 0
  readonly #damagedSnapshots = new Set<string>()
  readonly #notices: string[] = []
  readonly #packDamages: PackDamage[] = []
  readonly #wholePacks: PackId[] = []
  readonly #unknownIds = new Set<string>()
  #readsRecorded = 0
  /** A tree cannot be read, or a blob is unknown. */
  #isIncomplete = false
  #steps = 0
  #hasWalked = false
  #packsRead = 0
  #bytesRead = 0

  constructor(repository: Repository, options: CheckOptions, lease: Lease) {
    this.#repository = repository
    this.#options = options
    this.#lease = lease
    this.#faults = new StorageFaults(repository)
    this.#findings = new PackFindings(repository, { trustsUnread: true })
  }

  async run(): Promise<CheckResult> {
    const repository = this.#repository
    await repository.forgetTrees()
    await this.#checkSmallObjects()
    await this.#checkParity()
    const survey = await this.#surveyIndex()
    // Condemned packs may go while this goes on.
    const condemned = this.#lease.condemned.packIds
    const rows = repository.catalogue.packReads.list().filter(({ id }) => !condemned.has(id))
    const structure = await examinePacks(repository, rows, survey, this.#faults, (done) =>
      this.#progress('checking packs', { filesDone: done, filesTotal: rows.length }),
    )
    await this.#judgePacks(rows, structure)
    const snapshots = this.#snapshots()
    await this.#walk(snapshots)
    if (this.#findings.hasLoss || this.#isIncomplete) {
      await nameLostFiles(repository, snapshots, this.#findings, {
        onDamage: (damage) => this.#noteFile(damage),
        // Told of by the first walk.
        onFault: () => undefined,
        stepsMax: namingStepsMax(this.#steps),
      })
    }
    const unnamed = structure.unnamed.filter((name) => !condemned.has(packIdOf(name)))
    await this.#explainUnnamed(unnamed, survey)
    if (this.#messages.size + this.#lostFiles.length + this.#damagedSnapshots.size > 0) {
      await this.#lease.lock.assertLossIsReal()
    }
    await this.#record()
    return {
      snapshots: snapshots.length,
      indexObjects: survey.objects,
      packs: rows.length,
      packBytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
      damagedObjects: [...this.#messages].map(([objectId, messages]) =>
        describe(objectId, messages),
      ),
      lostFiles: this.#lostFiles,
      lostPlaces: this.#lostPlaces,
      damagedSnapshots: [...this.#damagedSnapshots].sort(),
      unread: this.#faults.unread,
      notices: this.#notices,
      packsRead: this.#packsRead,
      bytesRead: this.#bytesRead,
      reading: readingState(repository),
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  async #checkSmallObjects(): Promise<void> {
    const damages = await verifySmallObjects(this.#repository, {
      except: 'index',
      onFault: (name, error) => this.#faults.note(name, error),
    })
    for (const { objectId = '', message } of damages) {
      // It cannot be brought back any more, and nothing else is lost by it.
      if (objectId.startsWith('forgotten/')) this.#notices.push(message)
      else this.#noteObject(objectId, message)
    }
    for (const name of this.#lease.condemned.unreadable) {
      this.#notices.push(
        `${name} cannot be read: nothing is deleted by it, and the next prune removes it`,
      )
    }
  }

  async #checkParity(): Promise<void> {
    const found = await checkParity(this.#repository, this.#faults, this.#options)
    for (const { objectId = '', message } of found.damages) this.#noteObject(objectId, message)
    this.#notices.push(...found.notices)
  }

  async #surveyIndex(): Promise<IndexSurvey> {
    const survey = await surveyIndex(this.#repository, (name, error) =>
      this.#faults.note(name, error),
    )
    for (const { objectId, message } of survey.damaged) this.#noteObject(objectId ?? '', message)
    const findings = [...survey.catalogueFindings, ...(await auditCatalogue(this.#repository))]
    for (const finding of findings) this.#noteObject('catalogue.db', finding)
    return survey
  }

  /** Reads the packs that were asked for and those about which something is wrong, now or by an earlier record. */
  async #judgePacks(rows: readonly PackReadRow[], structure: PackStructure): Promise<void> {
    for (const { row, id } of structure.missing) {
      this.#findings.losePack(row)
      this.#packDamages.push({ packId: id, state: 'missing', segments: [] })
      this.#noteObject(`packs/${id}`, 'an index object names it and it is not there')
    }
    for (const [name, message] of structure.contradicted) this.#noteObject(name, message)
    const gone = new Set(structure.missing.map(({ id }) => id))
    const { readData } = this.#options
    const chosen = new Map<PackId, PackReadRow>()
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const { packId } of standingDamage(this.#repository)) {
      const row = byId.get(packId)
      if (row) chosen.set(packId, row)
    }
    for (const row of structure.suspect) chosen.set(row.id, row)
    for (const row of readData ? choosePacks(rows, readData) : []) chosen.set(row.id, row)
    const requests = [...chosen.values()]
      .filter(({ id }) => !gone.has(id))
      .map(({ row, id, bytes }) => ({ row, packId: id, packBytes: bytes, wanted: null }))
    try {
      await this.#readPacks(requests)
    } catch (error) {
      // What was read is not read for nothing; what ended the run is the error that counts.
      await this.#record().catch(() => undefined)
      throw error
    }
  }

  async #readPacks(requests: readonly PackRequest[]): Promise<void> {
    const bytesTotal = requests.reduce((sum, { packBytes }) => sum + packBytes, 0)
    for (let start = 0; start < requests.length; start += packsPerRecord) {
      await readPacks(this.#repository, requests.slice(start, start + packsPerRecord), {
        signal: this.#options.signal,
        onReply: (request, reply) => {
          this.#takeReading(request, reply)
          const [filesDone, bytesDone] = [this.#packsRead, this.#bytesRead]
          const filesTotal = requests.length
          this.#progress('reading packs', { filesDone, filesTotal, bytesDone, bytesTotal })
        },
        onFault: ({ packId }, error) => this.#faults.note(`packs/${packId}`, error),
      })
      await this.#recordReads()
    }
  }

  #takeReading(request: PackRequest, reply: VerifyPackReply): void {
    const packId = toObjectId(request.packId)
    this.#findings.take(request, reply)
    this.#packsRead += 1
    this.#bytesRead += reply.readBytes
    for (const finding of reply.findings) this.#noteObject(`packs/${packId}`, finding)
    for (const finding of reply.passing) {
      this.#notices.push(
        `${finding}, but only once: test this machine's memory and its way to the storage`,
      )
    }
    const damage = damageOf(packId, reply)
    if (damage) this.#packDamages.push(damage)
    else this.#wholePacks.push(packId)
  }

  #snapshots(): Snapshot[] {
    const { snapshots } = this.#repository.catalogue
    return snapshots
      .list()
      .map(({ id }) => snapshots.get(id))
      .filter((snapshot) => snapshot !== undefined)
  }

  /** Directories that several snapshots share are walked once. */
  async #walk(snapshots: readonly Snapshot[]): Promise<void> {
    const seen = new Set<string>()
    const faults = new Map<string, RepositoryError>()
    const observer: WalkObserver = {
      onReference: ({ packRow, id }) => {
        if (packRow === 0) this.#noteUnknown(id)
      },
      met: new MetReferences(this.#repository.catalogue.blobs.count()),
      onMet: () => undefined,
      onDamage: (_damage, error) => {
        const blobId = error?.facts['blobId']
        if (error?.code === 'OBJECT_MISSING' && typeof blobId === 'string') {
          this.#noteUnknown(Buffer.from(blobId, 'hex'))
        }
        this.#isIncomplete = true
      },
      onFault: (error) => {
        const path = String(error.facts['path'] ?? 'a tree')
        faults.set(/packs\/[0-9a-f]{64}$/.exec(path)?.[0] ?? path, error)
      },
    }
    for (const [done, snapshot] of snapshots.entries()) {
      this.#options.signal?.throwIfAborted()
      this.#progress('walking trees', { filesDone: done, filesTotal: snapshots.length })
      this.#steps += walkReferences(this.#repository, snapshot, observer, seen)
    }
    for (const [name, error] of faults) await this.#faults.note(name, error)
    this.#hasWalked = faults.size === 0
  }

  #noteUnknown(id: Buffer): void {
    this.#isIncomplete = true
    if (this.#unknownIds.size < unknownIdsMax) this.#unknownIds.add(id.toString('latin1'))
  }

  async #explainUnnamed(unnamed: readonly string[], survey: IndexSurvey): Promise<void> {
    const needed = await findNeededPacks(this.#repository, unnamed, this.#unknownIds, this.#faults)
    for (const [name, blobs] of needed) {
      const state = `snapshots need ${blobs} of its blobs, and no index object names it`
      // With a damaged index object that is what follows from it, and no fault of its own.
      if (survey.damaged.length > 0) this.#notices.push(`${name}: ${state}`)
      else this.#noteObject(name, state)
    }
    const leftovers = await explainLeftovers(
      this.#repository,
      this.#lease,
      unnamed.length - needed.size,
    )
    this.#notices.push(...leftovers)
  }

  async #recordReads(): Promise<void> {
    if (!this.#lease.lock.isStored) return
    const packIds = this.#wholePacks.slice(this.#readsRecorded)
    await recordReads(this.#repository, packIds)
    this.#readsRecorded += packIds.length
  }

  async #record(): Promise<void> {
    if (!this.#lease.lock.isStored) return
    await this.#recordReads()
    await recordFindings(this.#repository, {
      damaged: this.#packDamages,
      whole: this.#wholePacks,
      ...(this.#hasWalked && { unnamed: markUnnamedBlobs(this.#unknownIds) }),
    })
  }

  #noteObject(objectId: string, finding: string): void {
    const message = finding.replace(`${objectId}: `, '')
    const known = this.#messages.get(objectId)
    const [, snapshotId] = /^(?:snapshots|forgotten)\/(.*)$/.exec(objectId) ?? []
    if (snapshotId !== undefined) this.#damagedSnapshots.add(snapshotId)
    if (known) known.push(message)
    else this.#messages.set(objectId, [message])
    this.#options.onEvent?.({ type: 'damage', message: `${objectId}: ${message}` })
  }

  #noteFile(damage: Damage & { readonly path: Buffer }): void {
    if (damage.snapshotId !== undefined) this.#damagedSnapshots.add(damage.snapshotId)
    this.#lostPlaces += 1
    if (this.#lostFiles.length < damagedFilesMax) this.#lostFiles.push(damage)
    this.#options.onEvent?.({ type: 'damage', path: damage.path, message: damage.message })
  }

  #progress(phase: string, counts: Partial<ProgressEvent>): void {
    this.#options.onEvent?.({
      type: 'progress',
      phase,
      filesDone: 0,
      bytesDone: 0,
      errors: this.#messages.size,
      ...counts,
    })
  }
}

function packIdOf(name: string): PackId {
  return toObjectId(name.slice('packs/'.length))
}

function describe(objectId: string, messages: readonly string[]): Damage {
  const told = messages.slice(0, findingsToldMax).join('; ')
  const rest = messages.length - findingsToldMax
  return { objectId, message: rest > 0 ? `${told}; and ${rest} more` : told }
}

function readingState(repository: Repository): ReadingState {
  let oldestReadAtMs: number | null = null
  let neverReadPacks = 0
  let neverReadBytes = 0
  for (const { readAtMs, bytes } of repository.catalogue.packReads.list()) {
    if (readAtMs === null) {
      neverReadPacks += 1
      neverReadBytes += bytes
    } else {
      oldestReadAtMs = Math.min(oldestReadAtMs ?? readAtMs, readAtMs)
    }
  }
  return { oldestReadAtMs, neverReadPacks, neverReadBytes }
}
