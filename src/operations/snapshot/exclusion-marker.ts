import { constants } from 'node:fs'
import { closeUnwritten } from '../../filesystem/posix/close-unwritten.ts'
import { posix } from '../../filesystem/posix/posix.ts'

/** A file whose presence keeps a directory's contents out of the snapshot. */
export interface ExclusionMarker {
  readonly name: Buffer
  /** What the file must begin with; empty for anything. */
  readonly header: Buffer
}

/** The Cache Directory Tagging Specification, https://bford.info/cachedir/ */
export const cacheDirectoryMarker: ExclusionMarker = {
  name: Buffer.from('CACHEDIR.TAG'),
  header: Buffer.from('Signature: 8a477f597d28d172789f06886806bc55'),
}

/** @param text `name` or `name:header`, as restic writes it */
export function parseExclusionMarker(text: string): ExclusionMarker {
  const colon = text.indexOf(':')
  return colon < 0
    ? { name: Buffer.from(text), header: Buffer.alloc(0) }
    : { name: Buffer.from(text.slice(0, colon)), header: Buffer.from(text.slice(colon + 1)) }
}

export function isMarkedForExclusion(
  directory: number,
  markers: readonly ExclusionMarker[],
): boolean {
  return markers.some((marker) => hasMarker(directory, marker))
}

function hasMarker(directory: number, marker: ExclusionMarker): boolean {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  let descriptor: number
  try {
    descriptor = posix.openFile(directory, marker.name, flags)
  } catch {
    return false
  }
  try {
    if (marker.header.length === 0) return true
    const head = Buffer.alloc(marker.header.length)
    const got = posix.read(descriptor, head, 0, head.length, 0)
    return got === head.length && head.equals(marker.header)
  } catch {
    return false
  } finally {
    closeUnwritten(descriptor)
  }
}
