import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fastFolder } from '../../support/fast-folder.ts'

const MiB = 1024 * 1024

export interface FileSystemKind {
  readonly type: 'ext4' | 'xfs'
  /** As given to `mount -o`. */
  readonly options: string
}

/** A file system on a loop device whose power can be cut. */
export interface Disk {
  /** Where it is mounted. */
  readonly path: string
  mount(): void
  /** From here on nothing gets to the disk any more, and whoever tries gets EIO. */
  cut(): void
  unmount(): Promise<void>
  /** Makes everything durable: the soak's own process lives on over a cut, and what it has done must not be undone. */
  sync(): void
  /** Lets a process write back at random moments what others write. */
  makeNoise(seed: number): void
  /** Unmounts and frees the device; the image stays. */
  release(): Promise<void>
}

/** Why power cannot be cut on this machine; undefined where it can. */
export async function whyNoPowerCut(): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'only root can mount file systems'
  for (const tool of ['mkfs.ext4', 'losetup', 'gcc']) {
    if (spawnSync('which', [tool]).status !== 0) return `${tool} is not installed`
  }
  const folder = mkdtempSync(join(fastFolder, 'holdfast-disk-'))
  try {
    const disk = openDisk(folder, { type: 'ext4', options: 'data=ordered' }, buildDiskTool(folder))
    try {
      disk.mount()
      disk.cut()
    } finally {
      await disk.release()
    }
    return undefined
  } catch (error) {
    return `loop devices do not work: ${String(error).split('\n')[0]}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function hasXfs(): boolean {
  return spawnSync('which', ['mkfs.xfs']).status === 0
}

/** Compiles `disk.c`; returns its path. */
export function buildDiskTool(folder: string): string {
  const tool = join(folder, 'disk')
  execFileSync('gcc', ['-O2', '-o', tool, join(import.meta.dirname, 'disk.c')], { stdio: 'pipe' })
  return tool
}

/**
 * Makes an empty file system, not mounted yet.
 *
 * @param folder for its image, `disk.img`
 * @param path where it is to be mounted
 */
export function openDisk(
  folder: string,
  kind: FileSystemKind,
  tool: string,
  path: string = join(folder, 'mount'),
  // XFS refuses to be smaller than 300 MiB. What is not written takes no room.
  sizeBytes: number = 400 * MiB,
): Disk {
  const image = join(folder, 'disk.img')
  mkdirSync(path, { recursive: true })
  writeFileSync(image, '')
  truncateSync(image, sizeBytes)
  execFileSync(`mkfs.${kind.type}`, kind.type === 'xfs' ? ['-q', '-f', image] : ['-q', image], {
    stdio: 'pipe',
  })
  const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim()
  let noise: ReturnType<typeof spawn> | undefined
  const endNoise = async (): Promise<void> => {
    if (!noise) return
    const ended = once(noise, 'close')
    noise.kill('SIGKILL')
    await ended
    noise = undefined
  }
  return {
    path,
    mount() {
      const args = ['-t', kind.type, '-o', kind.options, device, path]
      execFileSync('mount', args, { stdio: 'pipe' })
    },
    cut() {
      execFileSync(tool, ['cut', path], { stdio: 'pipe' })
    },
    async unmount() {
      await endNoise()
      unmountPatiently(path)
    },
    sync() {
      execFileSync('sync', ['--file-system', path], { stdio: 'pipe' })
    },
    makeNoise(seed) {
      noise = spawn(tool, ['noise', path, String(seed)], { stdio: 'ignore', detached: true })
    },
    async release() {
      await endNoise()
      spawnSync('umount', ['-l', path])
      spawnSync('losetup', ['--detach', device])
    },
  }
}

/** A process that has just died may hold files for another moment. */
function unmountPatiently(path: string): void {
  for (let tries = 1; ; tries++) {
    const { status, stderr } = spawnSync('umount', [path], { encoding: 'utf8' })
    if (status === 0) return
    if (tries === 100) throw new Error(`Cannot unmount ${path}: ${stderr}`)
    spawnSync('sleep', ['0.05'])
  }
}
