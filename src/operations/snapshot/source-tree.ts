import { HoldfastError } from '../../foundation/errors.ts'

/**
 * The paths that were asked for, as a tree below the base directory.
 *
 * A node that `isWhole` is saved with everything below it; of any other only the named children are.
 */
export interface SourceNode {
  readonly name: Buffer
  isWhole: boolean
  /** Keyed by the name's bytes as latin1 text, which is one character for each byte. */
  readonly children: Map<string, SourceNode>
}

const slash = 0x2f

/**
 * @param base absolute path, `/` or without a slash at the end
 * @param paths absolute paths at or below the base, normalised (no `.`, `..` or double slashes)
 * @throws {HoldfastError} `USAGE` when a path lies outside the base
 */
export function buildSourceTree(base: Buffer, paths: readonly Buffer[]): SourceNode {
  const root: SourceNode = { name: Buffer.alloc(0), isWhole: false, children: new Map() }
  for (const path of paths) {
    let node = root
    for (const component of componentsBelow(base, path)) {
      const key = component.toString('latin1')
      let child = node.children.get(key)
      if (!child) {
        child = { name: component, isWhole: false, children: new Map() }
        node.children.set(key, child)
      }
      node = child
    }
    node.isWhole = true
  }
  return root
}

export function componentsBelow(base: Buffer, path: Buffer): Buffer[] {
  const baseComponents = splitPath(base)
  const components = splitPath(path)
  const isBelow = baseComponents.every(
    (component, index) => components[index]?.equals(component) === true,
  )
  if (!isBelow) {
    throw new HoldfastError(
      'USAGE',
      `Cannot save "${path.toString()}": it lies outside "${base.toString()}"`,
      { remedy: 'Name a path below that folder' },
    )
  }
  return components.slice(baseComponents.length)
}

export function splitPath(path: Buffer): Buffer[] {
  const components: Buffer[] = []
  let start = 0
  for (let end = 0; end <= path.length; end++) {
    if (end < path.length && path[end] !== slash) continue
    if (end > start) components.push(path.subarray(start, end))
    start = end + 1
  }
  return components
}

/** Joins and normalises like `path.resolve`, on bytes: `.` vanishes and `..` takes back one component. */
export function resolvePath(workingDirectory: Buffer, path: Buffer): Buffer {
  const isAbsolute = path[0] === slash
  const kept: Buffer[] = isAbsolute ? [] : splitPath(workingDirectory)
  for (const component of splitPath(path)) {
    const text = component.toString('latin1')
    if (text === '.') continue
    if (text === '..') kept.pop()
    else kept.push(component)
  }
  return joinPath(kept)
}

export function joinPath(components: readonly Buffer[]): Buffer {
  if (components.length === 0) return Buffer.from('/')
  return Buffer.concat(components.flatMap((component) => [Buffer.from('/'), component]))
}
