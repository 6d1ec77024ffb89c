import { freeBytesAt, keepReserve, useReserve } from '../storage/local/disk-reserve.ts'
import type { Storage } from '../storage/storage.ts'

/** Only folders have a disk that fills up; the reserve lies beside the objects (docs/decisions/0010). */
function folderOf({ capabilities, location }: Storage): string | null {
  return capabilities.kind === 'local' && capabilities.writable ? location : null
}

/** For the end of what needed space or freed some: sets space aside, if there is plenty. Never throws. */
export async function refillReserve(storage: Storage): Promise<void> {
  const folder = folderOf(storage)
  if (folder !== null) await keepReserve(folder)
}

/** For commands that free space, before they open the repository: gives the reserve back when there is hardly any left. Never throws. */
export async function openReserve(storage: Storage): Promise<void> {
  const folder = folderOf(storage)
  if (folder !== null) await useReserve(folder)
}

/** Bytes that can still be stored; Infinity where there is no telling. */
export async function freeBytesOf(storage: Storage): Promise<number> {
  const folder = folderOf(storage)
  return folder === null ? Infinity : await freeBytesAt(folder)
}
