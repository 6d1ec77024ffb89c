/** Something that cannot be restored as it was saved. */
export interface Damage {
  readonly message: string
  /** Name of the object in the storage, where it is an object that is damaged. */
  readonly objectId?: string
  readonly snapshotId?: string
  readonly path?: Buffer
  /** Where in the file the damage begins. */
  readonly offsetBytes?: number
  readonly lengthBytes?: number
  /** Size of the file. */
  readonly fileBytes?: number
}

/** Longest list of damaged places of files that is collected. */
export const damagedFilesMax = 10_000
