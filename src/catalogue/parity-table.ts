import { toObjectId } from '../model/ids.ts'
import type { ObjectId, PackId } from '../model/ids.ts'
import type { CatalogueDatabase } from './database.ts'
import { toHex, toIdBytes } from './id-bytes.ts'

/** A pack in a parity group. */
export interface GroupedPack {
  readonly id: PackId
  readonly bytes: number
}

/** What a parity object's description says (docs/FORMAT.md, section 15). */
export interface ParityObjectRow {
  readonly id: ObjectId
  readonly groupId: ObjectId
  readonly number: number
  readonly parityShards: number
  readonly shardBytes: number
  /** By places; null where there is no pack. */
  readonly packs: readonly (GroupedPack | null)[]
}

/** A group of packs with the parity objects of it that are there. */
export interface ParityGroupRow {
  readonly groupId: ObjectId
  readonly parityShards: number
  readonly shardBytes: number
  readonly packs: readonly (GroupedPack | null)[]
  /** By numbers; null where there is none. */
  readonly objects: readonly (ObjectId | null)[]
}

interface ObjectColumns {
  readonly id: Buffer
  readonly groupId: Buffer
  readonly number: number
  readonly parityShards: number
  readonly shardBytes: number
  readonly packs: string
}

/** The parity groups, as their objects describe them: one row for each parity object. */
export class ParityTable {
  readonly #database: CatalogueDatabase

  constructor(database: CatalogueDatabase) {
    this.#database = database
  }

  /** Does nothing when the object is known already. */
  add({ id, groupId, number, parityShards, shardBytes, packs }: ParityObjectRow): void {
    const packsText = JSON.stringify(packs.map((pack) => pack && [pack.id, pack.bytes]))
    this.#database.write('add a parity object', () => {
      this.#database.sqlite
        .prepare(
          `INSERT OR IGNORE INTO parity_object (id, group_id, number, parity_shards, shard_bytes, packs)
           VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(toIdBytes(id), toIdBytes(groupId), number, parityShards, shardBytes, packsText)
    })
  }

  remove(id: ObjectId): void {
    this.#database.write('remove a parity object', () => {
      this.#database.sqlite.prepare('DELETE FROM parity_object WHERE id = ?').run(toIdBytes(id))
    })
  }

  /** In the order of their ids. Of two objects for one number (a hostile one among them) the first id counts. */
  groups(): ParityGroupRow[] {
    const rows = this.#database.guard('list parity groups', () =>
      this.#database.sqlite
        .prepare<[], ObjectColumns>(
          `SELECT id, group_id AS groupId, number, parity_shards AS parityShards, shard_bytes AS shardBytes, packs
             FROM parity_object ORDER BY group_id, number, id`,
        )
        .all(),
    )
    const groups = new Map<ObjectId, ParityGroupRow & { objects: (ObjectId | null)[] }>()
    for (const row of rows) {
      const groupId = toHex(row.groupId)
      let group = groups.get(groupId)
      if (group === undefined) {
        const { parityShards, shardBytes } = row
        const objects: (ObjectId | null)[] = Array.from({ length: parityShards }, () => null)
        group = { groupId, parityShards, shardBytes, packs: readPacks(row.packs), objects }
        groups.set(groupId, group)
      }
      group.objects[row.number] ??= toHex(row.id)
    }
    return [...groups.values()]
  }

  /** Sum of the lengths of all parity shards, which is what parity takes but for some checksums. */
  shardBytes(): number {
    return this.#database.guard('add up parity objects', () => {
      const query = 'SELECT coalesce(sum(shard_bytes), 0) FROM parity_object'
      return this.#database.sqlite.prepare<[], number>(query).pluck().get() ?? 0
    })
  }
}

function readPacks(text: string): (GroupedPack | null)[] {
  const packs = JSON.parse(text) as ([string, number] | null)[]
  return packs.map((pack) => pack && { id: toObjectId(pack[0]), bytes: pack[1] })
}
