import { randomBytes } from 'node:crypto'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { fileMode } from './temporary-files.ts'

/** A lock, a forgotten snapshot, journal records, a condemned object, an index object and SQLite's log: about 300 KiB for a usual repository. */
export const reserveBytes: number = 1024 * 1024
/** Of several files, because a disk can run out of inodes, too. */
const reserveFiles = 16
/** On a smaller rest the reserve would be missed by the next backup. */
const plentyBytes = 16 * reserveBytes
const plentyFiles = 16 * reserveFiles
/** With less than this left the reserve is needed. */
const scarceBytes = 4 * reserveBytes
const scarceFiles = 4 * reserveFiles

/** A folder in the repository's (docs/FORMAT.md, section 1). */
export const reserveFolder = 'reserve'

interface Room {
  readonly bytes: number
  readonly files: number
}

/** What this user may still write where the folder is; Infinity where the system does not tell, or has no limit. */
async function roomAt(location: string): Promise<Room> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(location)
    return { bytes: bavail * bsize, files: files === 0 ? Infinity : ffree }
  } catch {
    return { bytes: Infinity, files: Infinity }
  }
}

/** In bytes; Infinity when the system does not tell: then the first write that fails does. */
export async function freeBytesAt(location: string): Promise<number> {
  return (await roomAt(location)).bytes
}

/** Sets space aside for the commands that free space. Never throws: without it they work as long as there is any room. */
export async function keepReserve(location: string): Promise<void> {
  const room = await roomAt(location)
  if (room.bytes < plentyBytes || room.files < plentyFiles) return
  const folder = join(location, reserveFolder)
  try {
    // What is there already stays as it is, and is not looked into.
    await mkdir(folder, { mode: 0o700 })
  } catch {
    return
  }
  try {
    for (let file = 0; file < reserveFiles; file++) {
      // Some file systems keep zeros as holes.
      const bytes = randomBytes(reserveBytes / reserveFiles)
      await writeFile(join(folder, String(file)), bytes, { flag: 'wx', mode: fileMode })
    }
  } catch {
    await dropReserve(location)
  }
}

/** Gives the reserve back when the disk is nearly full, so that what comes next has room. Never throws. */
export async function useReserve(location: string): Promise<void> {
  const room = await roomAt(location)
  if (room.bytes < scarceBytes || room.files < scarceFiles) await dropReserve(location)
}

async function dropReserve(location: string): Promise<void> {
  await rm(join(location, reserveFolder), { recursive: true, force: true }).catch(() => undefined)
}
