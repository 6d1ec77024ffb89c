import type { ArchiveEntry, ArchiveEntryType } from '../../format/archive/archive-entry.ts'
import { deviceNumberOfFlags, flagHardLinked } from '../../format/tree/entry-flags.ts'
import {
  isRegular,
  typeBlockDevice,
  typeCharacterDevice,
  typeDirectory,
  typeFifo,
  typeMask,
  typeRegular,
  typeSymbolicLink,
} from '../../format/tree/entry-kind.ts'
import { decodeExtras } from '../../format/tree/extras.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'

const types: ReadonlyMap<number, ArchiveEntryType> = new Map([
  [typeRegular, 'file'],
  [typeDirectory, 'directory'],
  [typeSymbolicLink, 'symlink'],
  [typeFifo, 'fifo'],
  [typeCharacterDevice, 'characterDevice'],
  [typeBlockDevice, 'blockDevice'],
])

/**
 * An entry of a page as a member of an archive.
 *
 * @param first path of the member that it is another name of
 */
export function composeArchiveEntry(
  page: TreePage,
  index: number,
  path: Buffer,
  first: Buffer | undefined,
): ArchiveEntry {
  const mode = page.mode(index)
  const { linkTarget, device, attributes } = decodeExtras(page, index)
  const type = types.get(mode & typeMask)
  if (type === undefined) throw new RangeError('A page has an entry of an unknown kind')
  return {
    type: first ? 'hardLink' : type,
    path,
    mode: mode & 0o7777,
    uid: page.uid(index),
    gid: page.gid(index),
    size: isRegular(mode) && !first ? page.sizeOf(index) : 0,
    mtimeSeconds: page.mtimeSeconds(index),
    mtimeNs: page.mtimeNs(index),
    linkTarget: first ?? linkTarget,
    device: first ? undefined : device,
    // The first name brought them along.
    attributes: first ? [] : attributes,
  }
}

/** What all names of a file with several have in common; null for a file with one. */
export function linkKeyOf(page: TreePage, index: number): string | null {
  const flags = page.flags(index)
  if ((flags & flagHardLinked) === 0) return null
  return `${deviceNumberOfFlags(flags)}:${page.inodeLow(index)}:${page.inodeHigh(index)}`
}
