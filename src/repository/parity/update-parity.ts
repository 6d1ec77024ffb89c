import type { GroupedPack, ParityGroupRow } from '../../catalogue/parity-table.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { ObjectId, PackId } from '../../model/ids.ts'
import { isLoss } from '../loss.ts'
import type { RepositoryLock } from '../locks.ts'
import type { Repository } from '../repository.ts'
import { hashObject } from './hash-object.ts'
import { listLivePacks } from './live-packs.ts'
import { planParity, planSurvivors, supersededGroups } from './parity-plan.ts'
import { readParitySetting } from './parity-setting.ts'
import { writeGroup, type GroupWrite } from './write-group.ts'

export interface ParityOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

type HeldLock = Pick<RepositoryLock, 'assertHeld'>

export interface ParityUpdateOptions extends ParityOptions {
  /** The caller's: it has to be held still when parity objects are removed. */
  readonly lock: HeldLock
  /** Packs that are about to go: they keep what they have, and get nothing. */
  readonly leaving?: ReadonlySet<PackId>
  /** Parity objects whose bytes were found damaged; they are made again. */
  readonly damaged?: ReadonlySet<ObjectId>
}

export interface ParityUpdateResult {
  readonly groupsWritten: number
  readonly objectsRemoved: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Packs that could not be protected, because they are lost or damaged and in no group. */
  readonly damagedPacks: readonly PackId[]
}

interface Totals {
  groupsWritten: number
  bytesRead: number
  bytesWritten: number
  readonly damagedPacks: Set<PackId>
}

/**
 * Brings parity up with the packs and the setting: writes what is missing, then removes what is not needed any more. Does nothing when
 * parity is off. The caller holds a lock that keeps other parity updates and prunes away.
 *
 * What is written is durable before anything that it replaces goes, so a run that is cut off at any point leaves every pack as
 * protected as before.
 */
export async function updateParity(
  repository: Repository,
  options: ParityUpdateOptions,
): Promise<ParityUpdateResult> {
  const setting = readParitySetting(repository)
  const totals: Totals = newTotals()
  if (setting === null) return { ...totals, objectsRemoved: 0, damagedPacks: [] }
  // Where the disk is full, what protects nothing has to go before anything can be written.
  let objectsRemoved = await removeChosen(repository, groupsOfGonePacks, options.lock)
  const groups = withoutDamaged(repository.catalogue.parity.groups(), options.damaged)
  const { live } = await listLivePacks(repository, groups)
  const plan = planParity(live, groups, setting, options.leaving)
  await writeAll(repository, plan.writes, totals, options)
  const choose: ChooseGroups = (packs, present) =>
    supersededGroups(packs, present, setting, plan.replaced)
  objectsRemoved += await removeChosen(repository, choose, options.lock)
  if (totals.damagedPacks.size === 0) objectsRemoved += await removeUnreadable(repository)
  return { ...totals, objectsRemoved, damagedPacks: [...totals.damagedPacks] }
}

/**
 * Removes every parity object. Only for somebody who wants it now: a setting that cannot be read looks like one that was never made.
 *
 * @returns how many
 */
export async function removeAllParity(repository: Repository, lock: HeldLock): Promise<number> {
  const removed = await removeChosen(repository, (_, groups) => [...groups], lock)
  return removed + (await removeUnreadable(repository))
}

/**
 * Call it before packs are deleted: for each group that loses some of its packs it writes one of those that stay. The old groups go at
 * the next `updateParity`, when the packs have gone.
 */
export async function protectSurvivors(
  repository: Repository,
  packsThatGo: ReadonlySet<PackId>,
  options: ParityOptions = {},
): Promise<void> {
  if (readParitySetting(repository) === null) return
  const groups = repository.catalogue.parity.groups()
  const { live } = await listLivePacks(repository, groups)
  await writeAll(repository, planSurvivors(live, groups, packsThatGo), newTotals(), options)
}

function newTotals(): Totals {
  return { groupsWritten: 0, bytesRead: 0, bytesWritten: 0, damagedPacks: new Set() }
}

function withoutDamaged(
  groups: readonly ParityGroupRow[],
  damaged: ReadonlySet<ObjectId> = new Set(),
): ParityGroupRow[] {
  return groups.map((group) => ({
    ...group,
    objects: group.objects.map((id) => (id !== null && damaged.has(id) ? null : id)),
  }))
}

async function writeAll(
  repository: Repository,
  writes: readonly GroupWrite[],
  totals: Totals,
  options: ParityOptions,
): Promise<void> {
  const bytesTotal = writes.reduce((sum, { packs }) => sum + bytesOf(packs), 0)
  let bytesDone = 0
  for (const write of writes) {
    options.signal?.throwIfAborted()
    await writeWhatIsWhole(repository, write, totals, options)
    bytesDone += bytesOf(write.packs)
    options.onEvent?.({
      type: 'progress',
      phase: 'protecting',
      filesDone: totals.groupsWritten,
      filesTotal: writes.length,
      bytesDone,
      bytesTotal,
      errors: totals.damagedPacks.size,
    })
  }
}

/** A damaged base is left aside, and a damaged pack left out: both are put right by a repair, and the others need not wait for it. */
async function writeWhatIsWhole(
  repository: Repository,
  write: GroupWrite,
  totals: Totals,
  { signal, onEvent }: ParityOptions,
): Promise<void> {
  let current: GroupWrite | undefined = write
  while (current !== undefined) {
    const result = await writeGroup(repository, current, { signal })
    if ('groupId' in result) {
      totals.groupsWritten += 1
      totals.bytesRead += result.bytesRead
      totals.bytesWritten += result.bytesWritten
      return
    }
    for (const id of result.damagedPacks) {
      totals.damagedPacks.add(id)
      onEvent?.({ type: 'damage', message: `packs/${id} is lost or damaged and gets no parity` })
    }
    current = withoutFault(current, new Set(result.damagedPacks))
  }
}

/** @returns undefined when nothing is left that could be written */
function withoutFault(
  write: GroupWrite,
  damagedPacks: ReadonlySet<PackId>,
): GroupWrite | undefined {
  if (damagedPacks.size === 0 && write.base) return { ...write, base: undefined }
  // Missing objects of a group cannot be made without one of its packs; its other objects may still bring that back.
  if (damagedPacks.size === 0 || write.numbers !== undefined) return undefined
  const packs = write.packs.map((pack) => (pack && damagedPacks.has(pack.id) ? null : pack))
  return packs.some((pack) => pack !== null) ? { ...write, packs } : undefined
}

type ChooseGroups = (
  live: readonly GroupedPack[],
  groups: readonly ParityGroupRow[],
) => ParityGroupRow[]

function groupsOfGonePacks(
  live: readonly GroupedPack[],
  groups: readonly ParityGroupRow[],
): ParityGroupRow[] {
  const ids = new Set(live.map(({ id }) => id))
  return groups.filter(({ packs }) => !packs.some((pack) => pack !== null && ids.has(pack.id)))
}

async function removeChosen(
  repository: Repository,
  choose: ChooseGroups,
  lock: HeldLock,
): Promise<number> {
  const { storage, catalogue } = repository
  const groups = catalogue.parity.groups()
  const { live } = await listLivePacks(repository, groups)
  const ids = choose(live, groups).flatMap(({ objects }) => objects.filter((id) => id !== null))
  if (ids.length === 0) return 0
  // Whoever else was at work meanwhile may count on these objects.
  await lock.assertHeld()
  for (const id of ids) await storage.delete(`parity/${id}`)
  await storage.sync('parity')
  for (const id of ids) catalogue.parity.remove(id)
  return ids.length
}

/** Objects of which not even a description can be read and whose hash is not their name: what they protected is protected anew by now. */
async function removeUnreadable({ storage, catalogue }: Repository): Promise<number> {
  const known = catalogue.objectIds('parity')
  let removed = 0
  for (const name of await storage.listNames('parity')) {
    if (known.has(name.slice('parity/'.length) as ObjectId)) continue
    try {
      if (`parity/${await hashObject(storage, name)}` === name) continue
    } catch (error) {
      if (!isLoss(error)) throw error
    }
    await storage.delete(name)
    removed += 1
  }
  if (removed > 0) await storage.sync('parity')
  return removed
}

function bytesOf(packs: readonly (GroupedPack | null)[]): number {
  return packs.reduce((sum, pack) => sum + (pack?.bytes ?? 0), 0)
}
