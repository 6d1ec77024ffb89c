import { isDirectory, isRegular, isSymbolicLink } from '../../format/tree/entry-kind.ts'

export type EntryKind = 'file' | 'directory' | 'symlink' | 'other'

export function kindOf(mode: number): EntryKind {
  if (isRegular(mode)) return 'file'
  if (isDirectory(mode)) return 'directory'
  return isSymbolicLink(mode) ? 'symlink' : 'other'
}
