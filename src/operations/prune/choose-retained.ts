import type { ObjectVersion } from '../../repository/versions.ts'

export interface Retained {
  readonly retained: readonly ObjectVersion[]
  /** Names under which different bytes were put. Holdfast never does that. */
  readonly changed: readonly string[]
}

/**
 * Which versions are to be kept from being deleted: for each name what is there now and, where somebody has put other bytes there, what was there
 * before. Of versions with the same bytes (an object that was given a new time) the newest is enough.
 *
 * @param versions of all names, in any order
 * @param withDeleted what is not there any more is kept as well
 */
export function chooseRetained(versions: readonly ObjectVersion[], withDeleted: boolean): Retained {
  const isThere = new Set(
    versions
      .filter(({ isCurrent, isDeletion }) => isCurrent && !isDeletion)
      .map(({ name }) => name),
  )
  const byName = new Map<string, Map<string, ObjectVersion>>()
  for (const version of versions) {
    const { name, isDeletion } = version
    if (isDeletion || (!withDeleted && !isThere.has(name))) continue
    let contents = byName.get(name)
    if (!contents) byName.set(name, (contents = new Map()))
    const known = contents.get(contentOf(version))
    if (!known || isLater(version, known)) contents.set(contentOf(version), version)
  }
  const changed = [...byName].filter(([, contents]) => contents.size > 1).map(([name]) => name)
  return { retained: [...byName.values()].flatMap((contents) => [...contents.values()]), changed }
}

/** Where the store does not say what the bytes are, each version counts by itself. */
function contentOf({ contentTag, bytes, versionId }: ObjectVersion): string {
  return contentTag === '' ? `version ${versionId}` : `${bytes} ${contentTag}`
}

function isLater(one: ObjectVersion, other: ObjectVersion): boolean {
  if (one.isCurrent !== other.isCurrent) return one.isCurrent
  return one.storedAtMs > other.storedAtMs
}
