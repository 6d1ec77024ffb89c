import { describe, expect, it } from 'vitest'
import { toObjectId } from '../../../../src/model/ids.ts'
import type { Snapshot } from '../../../../src/model/snapshot.ts'
import type { Repository } from '../../../../src/repository/repository.ts'
import type * as MetReferencesModule from '../../../../src/repository/met-references.ts'
import type * as ReachableSegmentsModule from '../../../../src/repository/audit/reachable-segments.ts'
import { engineModule } from '../../../support/built-engine.ts'
import { modes, openForge, type Forge } from '../../../support/forge/forge.ts'
import type { RawEntry } from '../../../support/forge/raw-page.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { newRepository } from '../../../support/repositories.ts'

const { MetReferences } = await engineModule<typeof MetReferencesModule>(
  'repository/met-references',
)
const { walkReferences } = await engineModule<typeof ReachableSegmentsModule>(
  'repository/audit/reachable-segments',
)

interface Scene {
  readonly repository: Repository
  readonly snapshots: readonly Snapshot[]
  /** Ids that the catalogue was asked about, in hexadecimal. */
  readonly asked: string[]
}

/** A repository of what is forged, each snapshot of which has the entries of one list. */
async function forged(make: (forge: Forge) => readonly (readonly RawEntry[])[]): Promise<Scene> {
  const test = await newRepository()
  const forge = await openForge(test)
  const made = make(forge).map((entries) => forge.snapshot(forge.directory(entries)))
  const repository = await test.open()
  const snapshots = made.flatMap((id) => repository.catalogue.snapshots.get(toObjectId(id)) ?? [])
  expect(snapshots).toHaveLength(made.length)
  const asked: string[] = []
  const { blobs } = repository.catalogue
  const placesOf = blobs.placesOf.bind(blobs)
  blobs.placesOf = (ids) => {
    asked.push(...(Buffer.from(ids).toString('hex').match(/.{64}/g) ?? []))
    return placesOf(ids)
  }
  return { repository, snapshots, asked }
}

/** What a walk through all snapshots tells, one after the other: names with where they lead, or what is wrong. */
function tellOf(
  { repository, snapshots }: Scene,
  met?: MetReferencesModule.MetReferences,
): string[] {
  const told: string[] = []
  const { blobs } = repository.catalogue
  for (const snapshot of snapshots) {
    walkReferences(repository, snapshot, {
      ...(met && { met }),
      onReference: ({ packRow, segment, id }, { walked, index, offset, lengthBytes }) => {
        const name = String(walked.page.name(index))
        const kind = blobs.segments(packRow)[segment]?.kind
        const place = packRow === 0 ? 'nowhere' : `pack ${packRow} segment ${segment} kind ${kind}`
        told.push(`${name}@${offset}+${lengthBytes} ${id.toString('hex', 0, 4)}: ${place}`)
      },
      onDamage: ({ path, message, offsetBytes }) => {
        told.push(`${String(path)}@${offsetBytes}: ${message}`)
      },
    })
  }
  return told
}

function entry(name: string, ...references: { id: Buffer; bytes: number }[]): RawEntry {
  const size = references.reduce((sum, { bytes }) => sum + bytes, 0)
  return { name, mode: modes.file, size, references }
}

const nameOf = (text: string): string => text.replace(/^\//, '').replace(/@.*/s, '')

describe('walkReferences()', () => {
  it('asks once about what several snapshots refer to, and tells the same', async () => {
    const scene = await forged((forge) => {
      const blobs = Array.from({ length: 50 }, (_, n) => forge.data(randomBytesOf(n, 100 + n)))
      const files = blobs.map((blob, n) => entry(`f${n}`, blob, blobs[(n * 7) % 50]))
      return [files, files.slice(10), files.slice(0, 40)]
    })
    const without = tellOf(scene)
    expect(scene.asked).toHaveLength(100 + 80 + 80)
    scene.asked.length = 0
    const met = new MetReferences()
    expect(tellOf(scene, met)).toEqual(without)
    // All of the first snapshot: what is met in it is remembered when it is looked up.
    expect(scene.asked).toHaveLength(100)
    scene.asked.length = 0
    expect(tellOf(scene, met)).toEqual(without)
    expect(scene.asked).toEqual([])
  })

  it('tells of references in the order of the tree, known ones among others', async () => {
    const known = Array.from({ length: 20 }, (_, n) => `f${n * 2 + 10}`)
    const all = Array.from({ length: 40 }, (_, n) => `f${n + 10}`)
    const scene = await forged((forge) => {
      const blobs = new Map(all.map((name) => [name, forge.data(randomBytesOf(name, 100))]))
      const file = (name: string): RawEntry => entry(name, blobs.get(name) ?? forge.data(name))
      const unknown = { id: Buffer.alloc(32, 0xcd), bytes: 5 }
      const misfit = { ...(blobs.get('f20') ?? unknown), bytes: 99 }
      return [
        known.map(file),
        [...all.map(file), entry('f20 misfit', misfit), entry('f30 unknown', unknown)],
      ]
    })
    const told = tellOf(scene, new MetReferences())
    expect(told.slice(known.length).map(nameOf)).toEqual(
      [...all, 'f20 misfit', 'f30 unknown'].toSorted((left, right) => (left < right ? -1 : 1)),
    )
    expect(told).toEqual(tellOf(scene))
  })

  it('takes no reference of another length for one that it has met', async () => {
    const scene = await forged((forge) => {
      const blob = forge.data('five!')
      const shorter = { ...blob, bytes: 4 }
      return [
        [entry('a right', blob), entry('b wrong', shorter)],
        [entry('c right', blob), entry('d wrong', shorter), entry('e right', blob)],
      ]
    })
    const told = tellOf(scene, new MetReferences())
    expect(told.map(nameOf)).toEqual(['a right', 'b wrong', 'c right', 'd wrong', 'e right'])
    expect(told.filter((text) => text.includes('another kind or length')).map(nameOf)).toEqual([
      'b wrong',
      'd wrong',
    ])
    expect(told).toEqual(tellOf(scene))
  })

  it('takes no blob of another kind, whether it has met it or not', async () => {
    const scene = await forged((forge) => {
      const page = forge.directory([])
      const twice = Buffer.alloc(32, 0xab)
      // The tree comes first in the catalogue, and does not fit.
      forge.blob(1, { id: twice, bytes: Buffer.from('twice') })
      forge.flush()
      forge.blob(0, { id: twice, bytes: Buffer.from('twice') })
      forge.flush()
      const both = { id: twice, bytes: 5 }
      return [
        [entry('a tree', page), entry('b both', both)],
        [entry('c both', both), entry('d tree', page)],
      ]
    })
    const told = tellOf(scene, new MetReferences())
    expect(told.map(nameOf)).toEqual(['a tree', 'b both', 'c both', 'd tree'])
    expect(told[0]).toContain('another kind or length')
    expect(told[1]).toContain('kind 0')
    expect(told[2]).toContain('kind 0')
    expect(told[3]).toContain('another kind or length')
  })

  it('looks up again what others have taken the place of', async () => {
    /** All of them have one place in the memory. */
    const sharing = Array.from({ length: 5 }, (_, n) =>
      Buffer.concat([Buffer.alloc(4, 0x11), randomBytesOf(`id ${n}`, 28)]),
    )
    const scene = await forged((forge) => {
      const blobs = sharing.map((id, n) => forge.blob(0, { id, bytes: randomBytesOf(n, 10 + n) }))
      const files = blobs.map((blob, n) => entry(`f${n}`, blob))
      return [files, files, files]
    })
    const without = tellOf(scene)
    scene.asked.length = 0
    expect(tellOf(scene, new MetReferences())).toEqual(without)
    const names = scene.asked.map((id) =>
      sharing.findIndex((known) => known.toString('hex') === id),
    )
    // Four have room, and the fifth takes that of the first, which is known again once it was looked up again.
    expect(names).toEqual([0, 1, 2, 3, 4, 0])
  })

  it('looks up 8,192 references together, and knows them among the next', async () => {
    const scene = await forged((forge) => {
      const blobs = Array.from({ length: 100 }, (_, n) => forge.data(randomBytesOf(n, 100 + n)))
      return [blobs.map((_, n) => entry(`f${n}`, ...blobs))]
    })
    const without = tellOf(scene)
    expect(without).toHaveLength(10_000)
    scene.asked.length = 0
    expect(tellOf(scene, new MetReferences())).toEqual(without)
    expect(scene.asked).toHaveLength(8192)
  })

  it('goes on asking about what was not there', async () => {
    const scene = await forged(() => {
      const unknown = { id: Buffer.alloc(32, 0xcd), bytes: 5 }
      return [[entry('a', unknown)], [entry('b', unknown)]]
    })
    const met = new MetReferences()
    expect(tellOf(scene, met)).toEqual(['a@0+5 cdcdcdcd: nowhere', 'b@0+5 cdcdcdcd: nowhere'])
    expect(scene.asked).toHaveLength(2)
  })

  it('tells apart what is met, and leaves out no chunk of a file', async () => {
    const hole = { id: Buffer.alloc(32), bytes: 4096 }
    const scene = await forged((forge) => {
      const [a, b, c] = ['first', 'second', 'third'].map((text) => forge.data(text))
      const unknown = { id: Buffer.alloc(32, 0xcd), bytes: 5 }
      return [
        [entry('a', a, hole, b)],
        [entry('a', a, hole, b), entry('b', c, a), entry('c', unknown), entry('d'), entry('e', c)],
      ]
    })
    const met = new MetReferences()
    const all = { queued: [] as string[], met: 0 }
    for (const snapshot of scene.snapshots) {
      walkReferences(scene.repository, snapshot, {
        met,
        onReference: ({ packRow }, { walked, index, offset, lengthBytes }) => {
          const name = String(walked.page.name(index))
          all.queued.push(`${name}@${offset}+${lengthBytes} ${packRow > 0}`)
        },
        onMet: (packRow, segment) => {
          expect([packRow > 0, segment]).toEqual([true, 0])
          all.met += 1
        },
        onDamage: ({ message }) => expect.fail(message),
      })
    }
    expect(all.queued).toEqual([
      'a@0+5 true',
      'a@4101+6 true',
      'b@0+5 true',
      'c@0+5 false',
      'e@0+5 true',
    ])
    expect(all.met).toBe(3)
  })
})
