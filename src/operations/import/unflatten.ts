import { ArchiveFault } from '../../format/archive/archive-entry.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'
import { ArchiveTree } from './archive-tree.ts'
import { memberComponents } from './member-path.ts'

/** Members of an archive without folders: records by name (bytes as latin1 text), in the order in which they came. */
export type FlatMembers = ReadonlyMap<string, readonly number[]>

export interface Unflattened {
  readonly tree: ArchiveTree
  /** What could not be decided, for a person. */
  readonly notices: readonly string[]
}

/**
 * Gives the members of an archive that knows base names only their paths back.
 *
 * The documented system put each file into its archive under its base name, in the order of the record's `files`, and twice where two of its paths
 * lay in each other (`logs/` and `logs/cache/`). A name of which the record has one path is that file's. A name that stands there as often as the archive
 * has members of it belongs to them in that order. Otherwise members are missing, and which nobody can tell: then the last one goes under its base
 * name, beside everything else.
 *
 * @throws {ArchiveFault} when a path of the record lies below another one
 */
export function unflatten(members: FlatMembers, files: readonly string[]): Unflattened {
  const paths = pathsByName(files)
  const tree = new ArchiveTree()
  const notices: string[] = []
  const leftOver: [name: string, record: number][] = []
  for (const [name, records] of members) {
    const candidates = paths.get(name) ?? []
    const different = withoutRepeats(candidates)
    const last = records[records.length - 1]
    if (different.length === 1) tree.replaceEntry(different[0], last)
    else if (candidates.length === records.length) placeAll(tree, candidates, records)
    else if (different.length === records.length) placeAll(tree, different, records)
    else {
      leftOver.push([name, last])
      notices.push(describe(name, different.length, records.length))
    }
  }
  for (const [name, record] of leftOver) {
    const component = Buffer.from(name, 'latin1')
    if (!tree.addEntry([component], record)) {
      throw new ArchiveFault(`"${escapeText(name)}" has no place of its own`)
    }
  }
  return { tree, notices }
}

/** Without a record: what a tar would leave on the disk, the last member of each name. */
export function lastOfEach(members: FlatMembers): Unflattened {
  const tree = new ArchiveTree()
  const notices: string[] = []
  for (const [name, records] of members) {
    tree.addEntry([Buffer.from(name, 'latin1')], records[records.length - 1])
    if (records.length === 1) continue
    notices.push(
      `the archive has ${records.length} members "${escapeText(nameText(name))}": the last one is taken`,
    )
  }
  return { tree, notices }
}

function pathsByName(files: readonly string[]): Map<string, Buffer[][]> {
  const paths = new Map<string, Buffer[][]>()
  for (const file of files) {
    const components = memberComponents(Buffer.from(file))
    const name = components.at(-1)?.toString('latin1')
    if (name === undefined) continue
    const known = paths.get(name)
    if (known) known.push(components)
    else paths.set(name, [components])
  }
  return paths
}

function withoutRepeats(paths: readonly Buffer[][]): Buffer[][] {
  const byText = new Map(paths.map((path) => [keyOf(path), path]))
  return [...byText.values()]
}

function keyOf(path: readonly Buffer[]): string {
  return path.map((name) => name.toString('latin1')).join('/')
}

function placeAll(tree: ArchiveTree, paths: readonly Buffer[][], records: readonly number[]): void {
  for (const [index, record] of records.entries()) tree.replaceEntry(paths[index], record)
}

function describe(name: string, paths: number, members: number): string {
  const shown = escapeText(nameText(name))
  if (paths === 0) return `the record has no path for "${shown}": it is imported under that name`
  return (
    `"${shown}" is ${members === 1 ? 'one member' : `${members} members`} of the archive and ${paths} of the record's files: ` +
    'it is imported under that name, for nobody can tell which of them it is'
  )
}

function nameText(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8')
}
