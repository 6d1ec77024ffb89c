import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GroupedPack, ParityGroupRow } from '../../src/catalogue/parity-table.ts'
import { toObjectId, type ObjectId, type PackId } from '../../src/model/ids.ts'
import type { ParitySetting } from '../../src/model/parity-setting.ts'
import {
  planParity,
  planSurvivors,
  sizeClassOf,
  supersededGroups,
} from '../../src/repository/parity/parity-plan.ts'
import type { GroupWrite } from '../../src/repository/parity/write-group.ts'

/** A repository of which only the lengths of packs and the members of groups are there. */
class Model {
  packs: GroupedPack[] = []
  groups: ParityGroupRow[] = []
  bytesWritten = 0
  #made = 0

  addPack(bytes: number): void {
    this.packs.push({ id: this.#newId(), bytes })
  }

  write({ packs, parityShards, numbers }: GroupWrite): void {
    // As the hash of the members does it: the same members are the same group.
    const key = JSON.stringify([packs, parityShards])
    const known = this.groups.find(
      (group) => JSON.stringify([group.packs, group.parityShards]) === key,
    )
    const shardBytes = Math.max(...packs.map((pack) => pack?.bytes ?? 0))
    const objects = Array.from({ length: parityShards }, (_, number) =>
      numbers === undefined || numbers.includes(number)
        ? this.#newId()
        : (known?.objects[number] ?? null),
    )
    this.groups = this.groups.filter((group) => group !== known)
    this.groups.push({
      groupId: known?.groupId ?? this.#newId(),
      parityShards,
      shardBytes,
      packs,
      objects,
    })
    this.bytesWritten += (numbers?.length ?? parityShards) * shardBytes
  }

  remove(groups: readonly ParityGroupRow[]): void {
    this.groups = this.groups.filter((group) => !groups.includes(group))
  }

  /** @param cutAfter after so many writes the run is cut off; what is superseded then is removed by the next */
  update(setting: ParitySetting, cutAfter = Number.POSITIVE_INFINITY): GroupWrite[] {
    const plan = planParity(this.packs, this.groups, setting)
    for (const write of plan.writes.slice(0, cutAfter)) this.write(write)
    if (plan.writes.length <= cutAfter) {
      this.remove(supersededGroups(this.packs, this.groups, setting, plan.replaced))
    } else {
      this.remove(supersededGroups(this.packs, this.groups, setting, new Set()))
    }
    return [...plan.writes]
  }

  /** Packs in a group of which all parity objects are there. */
  covered(): Set<PackId> {
    const whole = this.groups.filter(({ objects }) => objects.every((id) => id !== null))
    return new Set(whole.flatMap(({ packs }) => packs.flatMap((pack) => (pack ? [pack.id] : []))))
  }

  #newId(): ObjectId {
    this.#made += 1
    // Order of ids says nothing about age.
    const digits = Math.imul(this.#made, 0x9e3779b1) >>> 0
    return toObjectId(digits.toString(16).padStart(8, '0').repeat(8))
  }
}

type Step =
  | { readonly kind: 'add'; readonly lengths: readonly number[] }
  | { readonly kind: 'prune'; readonly every: number; readonly protects: boolean }
  | { readonly kind: 'lose'; readonly which: number }
  | { readonly kind: 'set'; readonly setting: ParitySetting }
  | { readonly kind: 'update'; readonly cutAfter: number }

const anySetting = fc.record({
  dataPacks: fc.integer({ min: 1, max: 12 }),
  parityPacks: fc.integer({ min: 1, max: 3 }),
})
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    lengths: fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 15 }),
  }),
  fc.record({
    kind: fc.constant('prune' as const),
    every: fc.integer({ min: 1, max: 5 }),
    protects: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('lose' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('set' as const), setting: anySetting }),
  fc.record({ kind: fc.constant('update' as const), cutAfter: fc.integer({ min: 0, max: 6 }) }),
)

function play(model: Model, step: Step, setting: ParitySetting): ParitySetting {
  const before = model.covered()
  let next = setting
  if (step.kind === 'add') for (const bytes of step.lengths) model.addPack(bytes)
  if (step.kind === 'set') next = step.setting
  if (step.kind === 'update') model.update(next, step.cutAfter)
  if (step.kind === 'lose') {
    const group = model.groups[step.which % Math.max(1, model.groups.length)]
    if (group === undefined) return next
    const objects = group.objects.map((id, number) =>
      number === step.which % group.objects.length ? null : id,
    )
    model.groups[model.groups.indexOf(group)] = { ...group, objects }
    return next
  }
  if (step.kind === 'prune') {
    const going = new Set(
      model.packs.filter((_, index) => index % step.every === 0).map(({ id }) => id),
    )
    if (step.protects) {
      for (const write of planSurvivors(model.packs, model.groups, going)) model.write(write)
      // What stays has a group without anything that goes, at the strength that it had.
      for (const { id } of model.packs) {
        if (going.has(id) || !before.has(id)) continue
        const isSafe = model.groups.some(
          ({ packs, objects }) =>
            objects.every((object) => object !== null) &&
            packs.some((pack) => pack?.id === id) &&
            packs.every((pack) => pack === null || !going.has(pack.id)),
        )
        expect(isSafe).toBe(true)
      }
    }
    model.packs = model.packs.filter(({ id }) => !going.has(id))
  }
  const after = model.covered()
  for (const { id } of model.packs) if (before.has(id)) expect(after.has(id)).toBe(true)
  return next
}

function expectSettled(model: Model, setting: ParitySetting): void {
  const covered = model.covered()
  expect(model.packs.filter(({ id }) => !covered.has(id))).toEqual([])
  const plan = planParity(model.packs, model.groups, setting)
  expect(plan).toMatchObject({ writes: [], unprotected: [], degraded: [] })
  const sparseOf = new Map<number, number>()
  for (const { packs, parityShards, objects, shardBytes } of model.groups) {
    expect([packs.length, parityShards]).toEqual([setting.dataPacks, setting.parityPacks])
    expect(objects).not.toContain(null)
    const members = packs.filter((pack) => pack !== null)
    expect(members.every(({ bytes }) => sizeClassOf(bytes) === sizeClassOf(shardBytes))).toBe(true)
    if (members.length * 2 > setting.dataPacks) continue
    const sizeClass = sizeClassOf(shardBytes)
    sparseOf.set(sizeClass, (sparseOf.get(sizeClass) ?? 0) + 1)
  }
  expect([...sparseOf.values()].every((count) => count === 1)).toBe(true)
}

describe('the plan of parity', () => {
  it('protects every pack after any history, at the first run, and never lets go of protection meanwhile', () => {
    fc.assert(
      fc.property(anySetting, fc.array(anyStep, { maxLength: 25 }), (first, steps) => {
        const model = new Model()
        let setting = first
        for (const step of steps) setting = play(model, step, setting)
        model.update(setting)
        expect(model.packs.filter(({ id }) => !model.covered().has(id))).toEqual([])
        // Groups that were made whole again may still be dissolved.
        model.update(setting)
        expectSettled(model, setting)
      }),
      { numRuns: 300 },
    )
  })

  it('writes for each new pack no more than one group of its size', () => {
    const setting = { dataPacks: 10, parityPacks: 2 }
    const model = new Model()
    for (let night = 0; night < 200; night++) {
      model.addPack(33_000_000 + night)
      model.addPack(100_000 + ((night * 7919) % 400_000))
      const writes = model.update(setting)
      expect(writes.length).toBeLessThanOrEqual(2)
      for (const { packs, base } of writes) {
        const before = new Set(base?.packs.map((pack) => pack?.id))
        const read = packs.filter((pack) => pack !== null && !before.has(pack.id))
        expect(read).toHaveLength(1)
      }
    }
    const packBytes = model.packs.reduce((sum, { bytes }) => sum + bytes, 0)
    const parityBytes = model.groups.reduce((sum, group) => sum + 2 * group.shardBytes, 0)
    // 20 full groups of large packs; the small ones are too small to show.
    expect(parityBytes / packBytes).toBeLessThan(0.205)
    expect(model.bytesWritten / packBytes).toBeLessThan(2.02)
  })

  it('takes nothing away when parity is switched to groups that cannot all be written', () => {
    const model = new Model()
    for (let index = 0; index < 8; index++) model.addPack(70_000)
    model.update({ dataPacks: 4, parityPacks: 2 })
    const before = model.covered()
    model.update({ dataPacks: 8, parityPacks: 1 }, 0)
    expect(model.covered()).toEqual(before)
  })

  it('lets nothing be replaced by a group of which parity is missing', () => {
    const model = new Model()
    for (let index = 0; index < 3; index++) model.addPack(70_000)
    const setting = { dataPacks: 4, parityPacks: 2 }
    model.update(setting)
    const [old] = model.groups
    model.addPack(70_000)
    const [write] = planParity(model.packs, model.groups, setting).writes
    model.write(write)
    const [, larger] = model.groups
    expect(supersededGroups(model.packs, [old, larger], setting, new Set([old.groupId]))).toEqual([
      old,
    ])
    const cutOff = { ...larger, objects: [larger.objects[0], null] }
    expect(supersededGroups(model.packs, [old, cutOff], setting, new Set([old.groupId]))).toEqual(
      [],
    )
  })
})
