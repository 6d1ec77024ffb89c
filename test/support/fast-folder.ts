import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Memory, where there is enough of it: repositories sync every object, which takes long on a disk that others use, too. */
export const fastFolder: string = hasRoom('/dev/shm') ? '/dev/shm' : tmpdir()

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    // Containers often have 64 MiB there.
    return bavail * bsize > 2 ** 30
  } catch {
    return false
  }
}
