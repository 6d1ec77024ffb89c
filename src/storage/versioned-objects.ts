/** What a store keeps of an object that was replaced or deleted, or what is there now. */
export interface ObjectVersion {
  readonly name: string
  /** The store's word for it. */
  readonly versionId: string
  /** By the clock of the store. */
  readonly storedAtMs: number
  readonly bytes: number
  /** Equal for equal bytes as a rule, and never for others; empty when the store does not say. */
  readonly contentTag: string
  /** What a reader of the name gets. */
  readonly isCurrent: boolean
  /** The name was deleted then: there are no bytes. */
  readonly isDeletion: boolean
}

/** Nobody can delete an object, or a version of it, for so long after it was put. */
export interface Retention {
  /** `governance` can be lifted by who has a permission for that, `compliance` by nobody. */
  readonly mode: 'governance' | 'compliance'
  readonly periodMs: number
}

/** A storage that keeps what was replaced and deleted. */
export interface VersionedObjects {
  /** @param within what their names begin with; default: of all objects */
  list(within?: string): Promise<ObjectVersion[]>

  /** The bytes of a version, of so many at most. */
  get(version: Pick<ObjectVersion, 'name' | 'versionId'>, bytesMax: number): Promise<Buffer>

  /** Gives the name the bytes of an older version; nothing is lost by it. */
  bringBack(version: Pick<ObjectVersion, 'name' | 'versionId'>): Promise<void>

  /** What the storage does by itself for each object that is put; null when it does nothing. */
  retention(): Promise<Retention | null>

  /** From now on these bytes of the name cannot be deleted before that time; those that are kept for longer stay so. */
  retain(
    version: Pick<ObjectVersion, 'name' | 'versionId'>,
    untilMs: number,
    mode: Retention['mode'],
  ): Promise<void>

  /** Whether the storage can keep each object from being deleted; `unknown` when these credentials are not told. */
  keepsObjects(): Promise<boolean | 'unknown'>

  /**
   * From now on this process puts each object that stays so that nobody can delete it before the period is over, whatever the rule of the
   * bucket is; and a bucket that `prepare` makes can do that.
   */
  keepNew(retention: Retention): Promise<void>
}
