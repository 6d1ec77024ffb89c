import { isObjectId, type ObjectId, type PackId } from '../../model/ids.ts'
import type { JournalRecord } from '../../model/journal-record.ts'
import type { Repository } from '../repository.ts'
import { writeJournal } from '../write-journal.ts'
import type { VerifyPackReply } from './pack-verifier.ts'

/** What is wrong with a pack that an index object names. */
export interface PackDamage {
  readonly packId: PackId
  /** `unreadable`: nothing tells what is in it. */
  readonly state: 'missing' | 'unreadable' | 'damaged'
  /** Segments that cannot be used, ascending; of a damaged pack only. None when the damage touches no blob. */
  readonly segments: readonly number[]
}

/** All that is known to be wrong with a pack at this moment. */
export interface StandingDamage extends PackDamage {
  readonly recordIds: readonly ObjectId[]
}

/** @returns undefined when the pack is whole */
export function damageOf(packId: PackId, reply: VerifyPackReply): PackDamage | undefined {
  if (reply.findings.length === 0) return undefined
  if (reply.isMissing) return { packId, state: 'missing', segments: [] }
  if (reply.isUnreadable) return { packId, state: 'unreadable', segments: [] }
  const segments = [...reply.damagedSegments].sort((left, right) => left - right)
  return { packId, state: 'damaged', segments }
}

/** Blobs that snapshots need and that no index object names. */
export interface UnnamedBlobs {
  readonly count: number
  /** Hash of their ids, to tell whether they are those of an earlier finding. */
  readonly mark: string
}

/**
 * Damage of packs that index objects still name, as long as no record of kind `recovery` answers it. A recovery names the records that it
 * answers, so that clocks of different machines do not matter.
 */
export function standingDamage(repository: Repository): StandingDamage[] {
  const standing = new Map<PackId, StandingDamage>()
  for (const { id, damages } of openRecords(repository)) {
    for (const damage of damages) {
      if (!repository.catalogue.blobs.hasPack(damage.packId)) continue
      standing.set(damage.packId, merge(standing.get(damage.packId), damage, id))
    }
  }
  return [...standing.values()]
}

/** Packs that are on record and that no index object names any more: an earlier repair has taken them out, and lost what was only there. */
export function damageOutOfIndex(repository: Repository): PackId[] {
  const packs = new Set<PackId>()
  for (const { damages } of openRecords(repository)) {
    for (const { packId } of damages) {
      if (!repository.catalogue.blobs.hasPack(packId)) packs.add(packId)
    }
  }
  return [...packs]
}

/** What is on record and not answered, in numbers. */
export interface DamageSummary {
  readonly packs: number
  readonly unnamedBlobs: number
  /** Of the oldest record of it; null when there is none. */
  readonly sinceMs: number | null
}

/** The same as `standingDamage` with blobs that nobody names, for whoever only wants to know whether anything is wrong, and since when. */
export function summarizeDamage(repository: Repository): DamageSummary {
  const packs = new Set<PackId>()
  let unnamedBlobs = 0
  let sinceMs: number | null = null
  for (const { atMs, damages, unnamed } of openRecords(repository)) {
    const named = damages.filter(({ packId }) => repository.catalogue.blobs.hasPack(packId))
    for (const { packId } of named) packs.add(packId)
    unnamedBlobs = Math.max(unnamedBlobs, unnamed?.count ?? 0)
    if (named.length > 0 || unnamed) sinceMs = Math.min(sinceMs ?? atMs, atMs)
  }
  return { packs: packs.size, unnamedBlobs, sinceMs }
}

/**
 * Ids of the records of damage by which blobs were lost and that are not answered, whether or not the packs are still named. A snapshot
 * may trust its parent's unchanged files only when the parent was made with all of these known: then what was lost and still there has been
 * read and stored again.
 */
export function lossRecords(repository: Repository): ObjectId[] {
  const isLoss = ({ state, segments }: PackDamage): boolean =>
    state !== 'damaged' || segments.length > 0
  return openRecords(repository)
    .filter(({ damages, unnamed }) => unnamed !== null || damages.some(isLoss))
    .map(({ id }) => id)
    .sort()
}

/** What a reading of the repository found. */
export interface Findings {
  readonly damaged: readonly PackDamage[]
  /** Packs that are what they should be, or of which nothing is lost any more. */
  readonly whole: readonly PackId[]
  /** Only of one that walked every tree. */
  readonly unnamed?: UnnamedBlobs
}

/** Records durably what is not on record yet: damage, and recovery where what is on record is over. */
export async function recordFindings(repository: Repository, found: Findings): Promise<void> {
  const open = openRecords(repository)
  const known = new Map<PackId, StandingDamage>()
  for (const { id, damages } of open) {
    for (const damage of damages) {
      known.set(damage.packId, merge(known.get(damage.packId), damage, id))
    }
  }
  const { unnamed } = found
  const isNewLoss =
    unnamed !== undefined &&
    unnamed.count > 0 &&
    !open.some((record) => record.unnamed?.mark === unnamed.mark)
  const news = found.damaged.filter((damage) => !covers(known.get(damage.packId), damage))
  if (news.length > 0 || isNewLoss) {
    const packs = news.map(({ packId, state, segments }) => ({
      packId,
      state,
      ...(state === 'damaged' && { segments: [...segments] }),
    }))
    await writeJournal(repository, {
      kind: 'damage',
      packs,
      ...(isNewLoss && { unnamedBlobs: unnamed.count, unnamedMark: unnamed.mark }),
    })
  }
  const recovered = found.whole.flatMap((packId) => known.get(packId) ?? [])
  const over = unnamed?.count === 0 ? open.filter((record) => record.unnamed !== null) : []
  if (recovered.length === 0 && over.length === 0) return
  const records = new Set([
    ...recovered.flatMap(({ recordIds }) => recordIds),
    ...over.map(({ id }) => id),
  ])
  const packs = recovered.map(({ packId }) => packId)
  await writeJournal(repository, {
    kind: 'recovery',
    packs,
    records: [...records].sort(),
    ...(over.length > 0 && { unnamedBlobs: 0 }),
  })
}

interface OpenRecord {
  readonly id: ObjectId
  readonly atMs: number
  /** Those that no recovery answers. */
  readonly damages: readonly PackDamage[]
  readonly unnamed: UnnamedBlobs | null
}

function openRecords(repository: Repository): OpenRecord[] {
  const { journal } = repository.catalogue
  const answered = new Set<string>()
  for (const { record } of journal.list({ kind: 'recovery' })) {
    const about = texts(record['packs'])
    if (record['unnamedBlobs'] === 0) about.push('unnamed')
    for (const recordId of texts(record['records'])) {
      for (const subject of about) answered.add(`${recordId} ${subject}`)
    }
  }
  const open: OpenRecord[] = []
  for (const { id, record } of journal.list({ kind: 'damage' })) {
    const isOpen = ({ packId }: PackDamage): boolean => !answered.has(`${id} ${packId}`)
    const damages = [...damagesIn(record['packs'])].filter(isOpen)
    const unnamed = answered.has(`${id} unnamed`) ? null : unnamedIn(record)
    if (damages.length > 0 || unnamed) open.push({ id, atMs: record.atMs, damages, unnamed })
  }
  return open
}

function unnamedIn(record: JournalRecord): UnnamedBlobs | null {
  const { unnamedBlobs: count, unnamedMark: mark } = record
  return typeof count === 'number' && count > 0 && typeof mark === 'string' ? { count, mark } : null
}

function covers(standing: StandingDamage | undefined, damage: PackDamage): boolean {
  if (!standing) return false
  if (standing.state !== 'damaged') return true
  if (damage.state !== 'damaged') return false
  const known = new Set(standing.segments)
  return damage.segments.every((segment) => known.has(segment))
}

function merge(
  known: StandingDamage | undefined,
  damage: PackDamage,
  recordId: ObjectId,
): StandingDamage {
  if (!known) return { ...damage, recordIds: [recordId] }
  const recordIds = [...known.recordIds, recordId]
  // A pack of which nothing can be had stays so until somebody finds it whole.
  if (known.state !== 'damaged') return { ...known, recordIds }
  if (damage.state !== 'damaged') return { ...damage, recordIds }
  const segments = [...new Set([...known.segments, ...damage.segments])]
  return { ...known, segments: segments.sort((left, right) => left - right), recordIds }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Fields of a journal record beside its kind are whatever was written; what makes no sense is passed over. */
function* damagesIn(value: unknown): Generator<PackDamage> {
  if (!Array.isArray(value)) return
  for (const item of value as unknown[]) {
    if (typeof item !== 'object' || item === null) continue
    const { packId, state, segments } = item as Record<string, unknown>
    if (typeof packId !== 'string' || !isObjectId(packId)) continue
    if (state === 'missing' || state === 'unreadable') yield { packId, state, segments: [] }
    else if (state === 'damaged' && Array.isArray(segments)) {
      yield { packId, state, segments: segments.filter((number) => Number.isInteger(number)) }
    }
  }
}
