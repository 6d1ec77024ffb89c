import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { posix } from '../../filesystem/posix/posix.ts'
import { makeDirectories } from '../../foundation/make-directories.ts'
import { syncDirectory, targetError } from './archive-file.ts'

const newline = 0x0a
/** A last line that was cut off is looked for in so much of the end. */
const tailBytes = 64 * 1024
const lockTriesMax = 100

/**
 * Adds a line to a history, durably. A last line that a crash left behind incomplete is taken away first: it was never confirmed to anybody,
 * and readers of the documented system would stumble over it.
 *
 * @throws {TargetError}
 */
export async function appendHistory(file: string, line: string): Promise<void> {
  try {
    makeDirectories(dirname(file), 0o755)
    const handle = await open(file, 'a+', 0o600)
    try {
      await lock(handle)
      await repairEnd(handle)
      await handle.write(`${line}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await syncDirectory(dirname(file))
  } catch (error) {
    throw targetError(file, error)
  }
}

/** Two exports at once take turns; a holder keeps it for a moment only. */
async function lock(handle: FileHandle): Promise<void> {
  for (let tries = 0; !posix.lock(handle.fd); tries++) {
    if (tries === lockTriesMax) throw Object.assign(new Error('locked'), { code: 'EAGAIN' })
    await sleep(50)
  }
}

async function repairEnd(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat()
  if (size === 0) return
  let start = size
  let last = Buffer.alloc(0)
  // A line may be longer than one piece.
  for (let newlineAt = -1; newlineAt < 0 && start > 0;) {
    const bytes = Math.min(tailBytes, start)
    start -= bytes
    const piece = Buffer.alloc(bytes)
    await handle.read(piece, 0, bytes, start)
    newlineAt = piece.lastIndexOf(newline)
    last = Buffer.concat([piece.subarray(newlineAt + 1), last])
  }
  if (last.length === 0) return
  if (isComplete(last)) await handle.write('\n')
  else await handle.truncate(size - last.length)
}

/** Only its end may be missing, where an editor has saved the file. */
function isComplete(line: Buffer): boolean {
  try {
    JSON.parse(line.toString('utf8'))
    return true
  } catch {
    return false
  }
}
