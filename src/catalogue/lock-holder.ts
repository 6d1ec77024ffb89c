import { readFileSync, statSync } from 'node:fs'

/** A process of this machine that has a file of the catalogue locked for writing. */
export interface LockHolder {
  readonly pid: number
  /** Stopped by a signal or a debugger (state `T` or `t` of proc(5)): it will not let go by itself. */
  readonly isStopped: boolean
}

/**
 * Who keeps others from writing: SQLite locks ranges of the write-ahead log's index (`-shm`) and of the file, and Linux lists such
 * locks in /proc/locks, by inode (proc_locks(5)).
 *
 * @param path Of the catalogue's file.
 * @returns undefined when nobody holds it any more, or when the system does not tell, as for a process of another container
 */
export function findLockHolder(path: string): LockHolder | undefined {
  try {
    const inodes = [`${path}-shm`, path].map((file) => String(statSync(file).ino))
    const lines = readFileSync('/proc/locks', 'latin1').split('\n')
    for (const inode of inodes) {
      const pid = lines.map((line) => holderOf(line, inode)).find((holder) => holder > 0)
      if (pid !== undefined) return { pid, isStopped: isStopped(pid) }
    }
  } catch {
    // No such file, or no /proc: the error that asks is told without it.
  }
  return undefined
}

/** @returns 0 for other files, for locks that let others in, and for this process */
function holderOf(line: string, inode: string): number {
  const [, holder, place] = /^\d+: POSIX +\S+ +WRITE (\d+) \S+:(\d+) /.exec(line) ?? []
  return place === inode && Number(holder) !== process.pid ? Number(holder) : 0
}

function isStopped(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name before it may hold anything, brackets and spaces too.
  return /^[Tt]/.test(status.slice(status.lastIndexOf(')') + 2))
}
