import { decodePathText } from '../format/manifest/path-text.ts'
import { DirectoryReader, type PageReference } from '../format/tree/directory-reader.ts'
import { isDirectory } from '../format/tree/entry-kind.ts'
import type { TreePage } from '../format/tree/tree-page.ts'
import { HoldfastError } from '../foundation/errors.ts'
import { escapeBytes } from '../foundation/escape-bytes.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Repository } from './repository.ts'

/** An entry of a snapshot, or its root. */
export type FoundPath =
  | { readonly kind: 'root'; readonly top: PageReference }
  | {
      readonly kind: 'entry'
      readonly page: TreePage
      readonly index: number
      /** Components from the root, the entry's own name last. */
      readonly components: readonly Buffer[]
    }

const slash = 0x2f

export function rootOf(snapshot: Snapshot): PageReference {
  return { id: Buffer.from(snapshot.tree.id, 'hex'), bytes: snapshot.tree.bytes }
}

/** Top page of the directory that is entry `index` of a page. */
export function topPageOf(page: TreePage, index: number): PageReference {
  const reference = page.chunkOffsets[index]
  return { id: Buffer.from(page.chunkId(reference)), bytes: page.chunkBytes(reference) }
}

/**
 * Looks a path up in a snapshot: from its root, or an absolute one below the snapshot's base. Reads one page per component and level.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND` naming the first component that is missing
 */
export function findPath(repository: Repository, snapshot: Snapshot, path: Buffer): FoundPath {
  const components = componentsInTree(snapshot, path)
  let top = rootOf(snapshot)
  if (components.length === 0) return { kind: 'root', top }
  const reader = new DirectoryReader(
    (id, bytes) => repository.trees.readTree(id, bytes),
    Number.MAX_SAFE_INTEGER,
  )
  for (const [depth, name] of components.entries()) {
    const found = reader.find(top, name)
    const isLast = depth === components.length - 1
    if (!found) throw notFound(snapshot, path, components.slice(0, depth + 1), 'it is not in it')
    if (isLast) return { kind: 'entry', ...found, components }
    if (!isDirectory(found.page.mode(found.index))) {
      throw notFound(snapshot, path, components.slice(0, depth + 1), 'that is no folder')
    }
    top = topPageOf(found.page, found.index)
  }
  throw new RangeError('A path without components')
}

/** @returns the components of a path as the snapshot's tree names them */
export function componentsInTree(snapshot: Pick<Snapshot, 'base'>, path: Buffer): Buffer[] {
  const components = split(path)
  const base = split(decodePathText(snapshot.base))
  const isAbsolute = path[0] === slash
  const isBelowBase = base.every((name, index) => components[index]?.equals(name) === true)
  return isAbsolute && base.length > 0 && isBelowBase ? components.slice(base.length) : components
}

function split(path: Buffer): Buffer[] {
  const components: Buffer[] = []
  for (let start = 0; start < path.length;) {
    const slashAt = path.indexOf(slash, start)
    const end = slashAt < 0 ? path.length : slashAt
    const name = path.subarray(start, end)
    if (name.length > 0 && !(name.length === 1 && name[0] === 0x2e)) components.push(name)
    start = end + 1
  }
  return components
}

function notFound(
  snapshot: Snapshot,
  path: Buffer,
  missing: readonly Buffer[],
  state: string,
): HoldfastError {
  const place = missing.map((name) => escapeBytes(name)).join('/')
  return new HoldfastError(
    'PATH_NOT_FOUND',
    `Cannot find "${escapeBytes(path)}" in snapshot ${snapshot.id.slice(0, 12)}: "/${place}": ${state}`,
    { remedy: `Run \`holdfast ls ${snapshot.id.slice(0, 12)}\` to see what there is` },
  )
}
