/**
 * Kernels stamp files from a clock that ticks every 1 to 10 ms; 20 ms leave room for a slow tick.
 */
const tickMs = 20
/** FAT stores two seconds, ext3 and HFS+ one. */
const coarseTickMs = 2000

/**
 * Whether a file could be changed again without its time stamps showing it.
 *
 * A write after the reading but within the same tick of the file system's clock leaves the stamps as they are (borg #3535, #3536); such a file is
 * read again next time. Stamps in the future count too: nothing can be said about a clock that runs ahead.
 *
 * @param readAtMs wall clock before the first byte was read, in milliseconds
 */
export function isRacy(
  readAtMs: number,
  stamps: { mtimeSec: number; mtimeNsec: number; ctimeSec: number; ctimeNsec: number },
): boolean {
  const isCoarse = stamps.mtimeNsec === 0 && stamps.ctimeNsec === 0
  const newestMs = Math.max(
    stamps.mtimeSec * 1000 + stamps.mtimeNsec / 1e6,
    stamps.ctimeSec * 1000 + stamps.ctimeNsec / 1e6,
  )
  return newestMs >= readAtMs - (isCoarse ? coarseTickMs : tickMs)
}
