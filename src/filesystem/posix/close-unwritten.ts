import { posix, type PosixError } from './posix.ts'

/**
 * Closes a directory, or a file that nothing was written through. Network file systems can answer a close with an error; it
 * means that earlier writes were lost, and here there were none. Linux has closed the descriptor all the same.
 */
export function closeUnwritten(fd: number): void {
  try {
    posix.close(fd)
  } catch (error) {
    // A mistake of the program: it might close a descriptor of somebody else next time.
    if ((error as PosixError).code === 'EBADF') throw error
  }
}

/** Gives a descriptor to somebody who closes it, unless taking it over fails. */
export function closeOnError<T>(fd: number, take: () => T): T {
  try {
    return take()
  } catch (error) {
    closeUnwritten(fd)
    throw error
  }
}
