import type { ObjectId, PackId, SnapshotId } from './ids.ts'

/** What an object in `condemned/` says (docs/FORMAT.md, section 14). */
export interface Condemnation {
  readonly version: 1
  readonly atMs: number
  /** Packs that go, unless a snapshot that was not seen needs them. */
  readonly packs: readonly PackId[]
  /** The snapshots, forgotten ones included, whose needs were taken into account. */
  readonly marked: readonly SnapshotId[]
}

/** A condemnation together with the name of the object that holds it. */
export interface StandingCondemnation extends Condemnation {
  readonly id: ObjectId
}
