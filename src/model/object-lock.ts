/** For so long after it was put nobody can delete an object of the repository, or a version of it (docs/FORMAT.md, section 3). */
export interface ObjectLock {
  /** `governance` can be lifted by who has a permission for that, `compliance` by nobody. */
  readonly mode: 'governance' | 'compliance'
  readonly days: number
}

export const objectLockModes = ['compliance', 'governance'] as const

/** A hundred years: more is a slip of the finger, and in `compliance` mode cannot be taken back. */
export const objectLockDaysMax = 36_500

export function isSameLock(one: ObjectLock | undefined, other: ObjectLock | undefined): boolean {
  return one?.mode === other?.mode && one?.days === other?.days
}
