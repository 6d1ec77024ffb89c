import { createHash } from 'node:crypto'
import type { Change } from './diff-snapshots.ts'
import type { EntryKind } from './entry-kind-word.ts'

/** An entry that only one of two snapshots has. */
export interface OneSided {
  readonly path: Buffer
  readonly size: number
  readonly kind: EntryKind
  /** Equal for equal contents; of links and devices, what they lead to. Empty for directories. */
  readonly content: string
}

/**
 * Tells renames from what is gone and what is new. Of several that have the same content the one of the same name is taken, then the one in
 * the same directory. A directory in which everything is the same is one rename, and what is below it is not named. Empty files and links
 * are no renames of their own.
 *
 * @param removed in the order of a walk, a directory before what is in it; so is `added`
 * @param isWhole false when there were too many entries to hold: then directories cannot be compared
 */
export function matchRenames(
  removed: readonly OneSided[],
  added: readonly OneSided[],
  isWhole = true,
): Change[] {
  const renamed = new Map<OneSided, OneSided>()
  const left = new Covered()
  const right = new Covered()
  for (const kind of isWhole ? (['directory', 'file'] as const) : (['file'] as const)) {
    const oldKeys = keysOf(removed, kind)
    const newKeys = keysOf(added, kind)
    const byContent = new Map<string, OneSided[]>()
    for (const [old, key] of oldKeys) {
      const others = byContent.get(key)
      if (others) others.push(old)
      else byContent.set(key, [old])
    }
    for (const [young, key] of newKeys) {
      const candidates = byContent.get(key)
      if (!candidates || right.covers(young.path)) continue
      const old = takeBest(candidates, young, left)
      if (!old) continue
      renamed.set(young, old)
      if (kind === 'file') continue
      left.add(old.path)
      right.add(young.path)
    }
  }
  return changesOf(removed, added, { renamed, left, right })
}

/** What has to be equal, for all entries of a kind that can be recognised. */
function keysOf(entries: readonly OneSided[], kind: 'file' | 'directory'): Map<OneSided, string> {
  if (kind === 'directory') return directoryKeys(entries)
  const files = entries.filter((entry) => entry.kind === 'file' && entry.size > 0)
  return new Map(files.map((entry) => [entry, `${entry.size} ${entry.content}`]))
}

/** A digest of the names and contents below each directory that has a file with content below it. */
function directoryKeys(entries: readonly OneSided[]): Map<OneSided, string> {
  const below = new Map<string, string[]>()
  const keys = new Map<OneSided, string>()
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index]
    const { kind, size, content } = entry
    const path = entry.path.toString('latin1')
    const parts = below.get(path) ?? []
    below.delete(path)
    const key = kind === 'directory' ? digestOf(parts) : `${size} ${content}`
    if (kind === 'directory' && size > 0) keys.set(entry, key)
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const siblings = below.get(parent)
    const part = `${kind} ${path.slice(path.lastIndexOf('/') + 1)}/${key}`
    if (siblings) siblings.push(part)
    else below.set(parent, [part])
  }
  // From the last to the first: the outermost directory is to be matched first.
  return new Map([...keys].reverse())
}

function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length} ${part}`, 'latin1')
  return hash.digest('hex')
}

function changesOf(
  removed: readonly OneSided[],
  added: readonly OneSided[],
  found: { renamed: ReadonlyMap<OneSided, OneSided>; left: Covered; right: Covered },
): Change[] {
  const { renamed, left, right } = found
  const gone = new Set(renamed.values())
  const changes: Change[] = []
  for (const old of removed) {
    if (gone.has(old) || left.covers(old.path)) continue
    const { path, size, kind } = old
    changes.push({ change: 'removed', path, oldPath: null, oldSize: size, newSize: null, kind })
  }
  for (const young of added) {
    const old = renamed.get(young)
    if (!old && right.covers(young.path)) continue
    const { path, size, kind } = young
    changes.push({
      change: old ? 'renamed' : 'added',
      path,
      oldPath: old?.path ?? null,
      oldSize: old?.size ?? null,
      newSize: size,
      kind,
    })
  }
  return changes
}

/** How many of the same content are compared by name; a thousand equal files need not be paired well. */
const comparedMax = 64

function takeBest(candidates: OneSided[], young: OneSided, left: Covered): OneSided | undefined {
  let best = -1
  let bestScore = -1
  for (let index = 0; index < Math.min(candidates.length, comparedMax); index++) {
    const { path } = candidates[index]
    if (left.covers(path)) continue
    const score = nameOf(path).equals(nameOf(young.path))
      ? 2
      : folderOf(path).equals(folderOf(young.path))
        ? 1
        : 0
    if (score > bestScore) [best, bestScore] = [index, score]
  }
  if (best < 0) return undefined
  const taken = candidates[best]
  const last = candidates.pop()
  if (last !== undefined && last !== taken) candidates[best] = last
  return taken
}

function nameOf(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf(0x2f) + 1)
}

function folderOf(path: Buffer): Buffer {
  return path.subarray(0, Math.max(0, path.lastIndexOf(0x2f)))
}

/** Directories that are dealt with as a whole. */
class Covered {
  readonly #directories = new Set<string>()

  add(path: Buffer): void {
    this.#directories.add(path.toString('latin1'))
  }

  /** Whether a directory above the path is among them. */
  covers(path: Buffer): boolean {
    if (this.#directories.size === 0) return false
    const text = path.toString('latin1')
    for (let slash = text.lastIndexOf('/'); slash > 0; slash = text.lastIndexOf('/', slash - 1)) {
      if (this.#directories.has(text.slice(0, slash))) return true
    }
    return false
  }
}
