/**
 * Changes a folder without pause until it is killed: `churn.js FOLDER SEED OUTSIDE`. A file `f<n>` holds, whenever it is looked at, a prefix of
 * the stream n; so whoever reads it can tell whether the bytes are right.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { churnedFiles, churnedFolders, streamOf } from '../churn-streams.ts'
import { seededRandom } from '../faulty-storage.ts'

const [folder, seed, outside] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const below = (limit: number): number => Math.floor(random() * limit)

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // Something else stands in the way at the moment.
  }
}

/** Longer or shorter, never with other bytes. */
function resize(path: string, stream: Buffer, lengthBytes: number): void {
  const descriptor = openSync(path, 'a+')
  try {
    // Never beyond its end: that would put zeros there for a moment.
    ftruncateSync(descriptor, below(Math.min(lengthBytes, fstatSync(descriptor).size) + 1))
    const file = openSync(path, 'r+')
    try {
      for (let at = 0; at < lengthBytes; at += 100_000) {
        writeSync(file, stream, at, Math.min(100_000, lengthBytes - at), at)
      }
    } finally {
      closeSync(file)
    }
  } finally {
    closeSync(descriptor)
  }
}

function replace(path: string, stream: Buffer, lengthBytes: number): void {
  writeFileSync(join(folder, '.new'), stream.subarray(0, lengthBytes))
  renameSync(join(folder, '.new'), path)
}

function changeFile(number: number): void {
  const stream = streamOf(number)
  // Mostly small, now and then beyond the bound of a large file.
  const lengthBytes = below(below(4) === 0 ? stream.length : 30_000)
  const path = join(folder, `f${number}`)
  switch (below(5)) {
    case 0:
      rmSync(path, { force: true, recursive: true })
      return
    case 1:
      quietly(() => replace(path, stream, lengthBytes))
      return
    case 2:
      rmSync(path, { force: true, recursive: true })
      quietly(() => symlinkSync(join(outside, 'secret'), path))
      return
    default:
      quietly(() => resize(path, stream, lengthBytes))
  }
}

/** A folder that comes, goes, and is a link out of the tree in between. */
function changeFolder(number: number): void {
  const path = join(folder, `d${number}`)
  switch (below(3)) {
    case 0:
      quietly(() => mkdirSync(path))
      for (let file = 0; file < 5; file++) {
        quietly(() =>
          writeFileSync(join(path, `f${file}`), streamOf(file).subarray(0, below(9000))),
        )
      }
      return
    case 1:
      quietly(() => renameSync(path, join(folder, `d${below(churnedFolders)}`)))
      quietly(() => symlinkSync(outside, path))
      return
    default:
      rmSync(path, { force: true, recursive: true })
  }
}

writeSync(1, 'churning\n')
for (;;) {
  quietly(() => changeFile(below(churnedFiles)))
  if (below(4) === 0) quietly(() => changeFolder(below(churnedFolders)))
}
