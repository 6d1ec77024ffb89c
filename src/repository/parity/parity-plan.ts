import type { GroupedPack, ParityGroupRow } from '../../catalogue/parity-table.ts'
import type { ObjectId, PackId } from '../../model/ids.ts'
import type { ParitySetting } from '../../model/parity-setting.ts'
import type { GroupWrite } from './write-group.ts'

/** What has to be done so that every pack is protected. */
export interface ParityPlan {
  readonly writes: readonly GroupWrite[]
  /** Groups that are not needed any more once all of it is written. */
  readonly replaced: ReadonlySet<ObjectId>
  /** Packs that no whole group holds as it is. */
  readonly unprotected: readonly GroupedPack[]
  /** Groups of which parity objects are missing, or that hold packs that have gone. */
  readonly degraded: readonly ObjectId[]
}

interface GroupUse {
  readonly group: ParityGroupRow
  readonly live: readonly GroupedPack[]
  /** Packs that are no longer in the repository: each of them uses up the strength of one parity object. */
  readonly deadCount: number
  readonly isComplete: boolean
}

/** The smallest packs are not told apart: their parity is one stripe. */
const smallestClassBits = 16
/** Writers close a pack at 32 MiB; the last one of a run is more than half as long every other time, and would stand alone for long. */
const fullClassBits = 26

/**
 * Packs of one class are grouped: the longest is less than twice as long as the shortest (from 16 MiB on, less than four times), so that
 * not much of a parity object is spent on filling up.
 */
export function sizeClassOf(bytes: number): number {
  const bits = Math.max(smallestClassBits, Math.ceil(Math.log2(Math.max(1, bytes))))
  return bits === fullClassBits - 1 ? fullClassBits : bits
}

/**
 * Plans the parity of all packs.
 *
 * - A whole group stays as it is. New packs are put into the vacant places of groups of their size; what is left makes new groups.
 * - Missing parity objects are made again.
 * - Packs of a group of which others have gone, and of groups made for another setting, are grouped anew.
 * - Of two groups of one size that are no more than half full, one is dissolved into the other. So parity takes at most twice the part that
 *   the setting says, plus one group for each size.
 *
 * @param leaving Packs that are about to go: they keep what they have, and get nothing.
 */
export function planParity(
  packs: readonly GroupedPack[],
  groups: readonly ParityGroupRow[],
  setting: ParitySetting,
  leaving: ReadonlySet<PackId> = new Set(),
): ParityPlan {
  const uses = usesOf(packs, groups)
  const whole = uses.filter((use) => isSuitable(use, setting) && use.deadCount === 0)
  const { chosen, covered } = chooseCover(whole, new Set())
  const unprotected = packs.filter(({ id }) => !covered.has(id) && !leaving.has(id))
  const writes: GroupWrite[] = []
  const replaced = new Set<ObjectId>()
  const open: GroupUse[] = []
  for (const use of chosen) {
    if (use.isComplete) open.push(use)
    else writes.push(missingObjectsOf(use.group))
  }
  for (const use of uses) if (!chosen.includes(use)) replaced.add(use.group.groupId)
  for (const [sizeClass, newcomers] of byClass(unprotected, open)) {
    const targets = open.filter(({ group }) => sizeClassOf(group.shardBytes) === sizeClass)
    const dissolved = chooseDissolved(targets, setting)
    const moving = dissolved.flatMap(({ live }) => live)
    const rest = targets.filter((use) => !dissolved.includes(use))
    const placed = placePacks([...moving, ...newcomers], rest, setting)
    for (const { group } of dissolved) replaced.add(group.groupId)
    for (const { base } of placed) if (base) replaced.add(base.groupId)
    writes.push(...placed)
  }
  const degraded = uses
    .filter((use) => use.live.length > 0 && (!use.isComplete || use.deadCount > 0))
    .map(({ group }) => group.groupId)
  return { writes, replaced, unprotected, degraded }
}

/**
 * Groups that can go: every pack of theirs that is still in the repository is held by another group, which is complete and stays.
 *
 * @param replaced Groups that would rather go than stay.
 */
export function supersededGroups(
  packs: readonly GroupedPack[],
  groups: readonly ParityGroupRow[],
  setting: ParitySetting,
  replaced: ReadonlySet<ObjectId>,
): ParityGroupRow[] {
  const uses = usesOf(packs, groups)
  const suitable = uses.filter((use) => use.isComplete && isSuitable(use, setting))
  const { chosen, covered } = chooseCover(suitable, replaced)
  return uses
    .filter((use) => !chosen.includes(use) && use.live.every(({ id }) => covered.has(id)))
    .map(({ group }) => group)
}

/** Groups that are to be written before packs go, so that what stays is as protected as before. */
export function planSurvivors(
  packs: readonly GroupedPack[],
  groups: readonly ParityGroupRow[],
  going: ReadonlySet<PackId>,
): GroupWrite[] {
  const uses = usesOf(packs, groups)
  const { chosen } = chooseCover(
    uses.filter(({ isComplete }) => isComplete),
    new Set(),
  )
  const writes: GroupWrite[] = []
  for (const { group, live, deadCount } of chosen) {
    const staying = new Set(live.filter(({ id }) => !going.has(id)).map(({ id }) => id))
    if (staying.size === 0 || (staying.size === live.length && deadCount === 0)) continue
    writes.push({
      packs: group.packs.map((pack) => (pack !== null && staying.has(pack.id) ? pack : null)),
      parityShards: group.parityShards,
      // What went earlier cannot be taken out of the parity any more.
      base: deadCount === 0 ? group : undefined,
    })
  }
  return writes
}

function usesOf(packs: readonly GroupedPack[], groups: readonly ParityGroupRow[]): GroupUse[] {
  const lengths = new Map(packs.map(({ id, bytes }) => [id, bytes]))
  return groups.map((group) => {
    const members = group.packs.filter((pack) => pack !== null)
    const live = members.filter(({ id, bytes }) => lengths.get(id) === bytes)
    return {
      group,
      live,
      deadCount: members.length - live.length,
      isComplete: group.objects.every((id) => id !== null),
    }
  })
}

function isSuitable({ group, live }: GroupUse, { dataPacks, parityPacks }: ParitySetting): boolean {
  return group.packs.length === dataPacks && group.parityShards === parityPacks && live.length > 0
}

/** Chooses groups that together hold all packs that any of them holds, and leaves out those that add nothing. */
function chooseCover(
  uses: readonly GroupUse[],
  replaced: ReadonlySet<ObjectId>,
): { chosen: GroupUse[]; covered: Set<PackId> } {
  const rank = (use: GroupUse): number =>
    (replaced.has(use.group.groupId) ? 4 : 0) +
    (use.deadCount > 0 ? 2 : 0) +
    (use.isComplete ? 0 : 1)
  const ordered = uses.toSorted(
    (left, right) =>
      rank(left) - rank(right) ||
      right.live.length - left.live.length ||
      (left.group.groupId < right.group.groupId ? -1 : 1),
  )
  const chosen: GroupUse[] = []
  const covered = new Set<PackId>()
  for (const use of ordered) {
    if (use.live.every(({ id }) => covered.has(id))) continue
    chosen.push(use)
    for (const { id } of use.live) covered.add(id)
  }
  return { chosen, covered }
}

function missingObjectsOf({ packs, parityShards, objects }: ParityGroupRow): GroupWrite {
  const numbers = objects.flatMap((id, number) => (id === null ? [number] : []))
  return { packs, parityShards, numbers }
}

function byClass(
  packs: readonly GroupedPack[],
  open: readonly GroupUse[],
): Map<number, GroupedPack[]> {
  const classes = new Map<number, GroupedPack[]>()
  for (const { group } of open) classes.set(sizeClassOf(group.shardBytes), [])
  for (const pack of packs) {
    const sizeClass = sizeClassOf(pack.bytes)
    const list = classes.get(sizeClass)
    if (list) list.push(pack)
    else classes.set(sizeClass, [pack])
  }
  return classes
}

/** All but the fullest of those that are no more than half full. */
function chooseDissolved(uses: readonly GroupUse[], { dataPacks }: ParitySetting): GroupUse[] {
  const sparse = uses.filter(({ live }) => live.length * 2 <= dataPacks)
  sparse.sort((left, right) => right.live.length - left.live.length)
  return sparse.slice(1)
}

/** Fills the groups with the most vacant places first, because each group that is touched is written as a whole. */
function placePacks(
  packs: readonly GroupedPack[],
  targets: readonly GroupUse[],
  { dataPacks, parityPacks }: ParitySetting,
): GroupWrite[] {
  const waiting = [...packs]
  const writes: GroupWrite[] = []
  const emptiestFirst = targets.toSorted((left, right) => left.live.length - right.live.length)
  for (const { group } of emptiestFirst) {
    if (waiting.length === 0) break
    if (!group.packs.includes(null)) continue
    const places = group.packs.map((pack) => pack ?? waiting.shift() ?? null)
    writes.push({ packs: places, parityShards: parityPacks, base: group })
  }
  // Of similar length together.
  waiting.sort((left, right) => right.bytes - left.bytes || (left.id < right.id ? -1 : 1))
  for (let start = 0; start < waiting.length; start += dataPacks) {
    const members = waiting.slice(start, start + dataPacks)
    const places = Array.from({ length: dataPacks }, (_, place) => members[place] ?? null)
    writes.push({ packs: places, parityShards: parityPacks })
  }
  return writes
}
