import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

/** A file system of its own whose free space can be set to the page; for root only. */
export interface SmallDisk {
  readonly kind: 'tmpfs' | 'ext4'
  readonly folder: string
  freeBytes(): number
  /** Leaves so much free, or as little as the file system can. */
  leave(freeBytes: number): void
  /** Leaves so many names for new files; only where the number of files is limited by itself. */
  leaveFiles(count: number): void
  /** All the room that there is. */
  relax(): void
  unmount(): void
}

const diskBytes = 96 * 1024 * 1024
const filesMax = 20_000

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'pipe' })
}

/** A tmpfs changes its size while it is in use. */
export function mountTmpfsDisk(folder: string): SmallDisk {
  mkdirSync(folder, { recursive: true })
  run('mount', '-t', 'tmpfs', '-o', `size=${diskBytes},nr_inodes=${filesMax}`, 'tmpfs', folder)
  const resize = (options: string): void => run('mount', '-o', `remount,${options}`, folder)
  const used = (): { bytes: number; files: number } => {
    const { bsize, blocks, bfree, files, ffree } = statfsSync(folder)
    return { bytes: (blocks - bfree) * bsize, files: files - ffree }
  }
  return {
    kind: 'tmpfs',
    folder,
    freeBytes: () => freeBytesOf(folder),
    leave: (freeBytes) => {
      const pages = Math.ceil((used().bytes + freeBytes) / 4096)
      resize(`size=${Math.max(1, pages) * 4096}`)
    },
    leaveFiles: (count) => resize(`nr_inodes=${used().files + count}`),
    relax: () => resize(`size=${diskBytes},nr_inodes=${filesMax}`),
    unmount: () => run('umount', '-l', folder),
  }
}

/** An ext4 in a file; what has to be full is filled by another file on it. */
export function mountExt4Disk(folder: string): SmallDisk {
  const image = `${folder}.image`
  const ballast = join(folder, 'ballast')
  mkdirSync(folder, { recursive: true })
  run('truncate', '-s', String(diskBytes), image)
  // No blocks are kept for root, who runs this.
  run('mkfs.ext4', '-q', '-m', '0', '-I', '256', image)
  run('mount', '-o', 'loop', image, folder)
  return {
    kind: 'ext4',
    folder,
    freeBytes: () => freeBytesOf(folder),
    leave: (freeBytes) => {
      rmSync(ballast, { force: true })
      let bytes = freeBytesOf(folder) - freeBytes
      // The file's own blocks of pointers take some as well.
      for (; bytes > 0; bytes -= 4096) {
        try {
          run('fallocate', '-l', String(bytes), ballast)
          break
        } catch {
          rmSync(ballast, { force: true })
        }
      }
    },
    leaveFiles: () => undefined,
    relax: () => rmSync(ballast, { force: true }),
    unmount: () => {
      run('umount', '-l', folder)
      rmSync(image, { force: true })
    },
  }
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
