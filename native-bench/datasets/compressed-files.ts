import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { BenchError } from '../harness/bench-error.ts'
import type { DataSet, PreparedDataSet, PrepareOptions } from './data-set.ts'
import { fillWithNoise } from './fill-with-noise.ts'
import { fillWithText } from './fill-with-text.ts'
import { makeOnce } from './make-once.ts'
import { closingRows, firstBackup, nothingChanged } from './row.ts'
import { SeededRandom } from './seeded-random.ts'

const generator = { name: 'compressed-files', version: 1 } as const
const bytesAtFullScale = 1e9
const fileBytesMin = 100e3
const fileBytesMax = 30e6
/** What gzip and zstd make of the generated text, about. */
const textRatio = 3
const moreShare = 0.04

/** Photos, packed logs and encrypted archives: data that nobody can make smaller. */
export const compressedFiles: DataSet = {
  name: generator.name,

  prepare(options: PrepareOptions): PreparedDataSet {
    const { seed, scale } = options
    const { pristineFolder, size } = makeOnce(generator, options, (folder) => {
      addCompressedFiles(folder, new SeededRandom(seed, 1), bytesAtFullScale * scale)
    })
    return {
      name: generator.name,
      description:
        `${size.fileCount.toLocaleString('en')} files of 0.1 to 30 MB, compressed already: ` +
        `JPEG-like, gzip, zstd, encrypted; seed ${seed}, ` +
        `${Math.round(size.byteCount / 1e6).toLocaleString('en')} MB in all`,
      pristineFolder,
      rows: [
        firstBackup,
        nothingChanged,
        {
          kind: 'backup',
          title: '4 % more files',
          apply: (liveFolder) => {
            const random = new SeededRandom(seed, 2)
            addCompressedFiles(
              join(liveFolder, 'new'),
              random,
              bytesAtFullScale * scale * moreShare,
            )
          },
        },
        ...closingRows,
      ],
      rounds: 3,
    }
  },
}

interface Kind {
  readonly ending: string
  /** Files of this kind in a hundred. */
  readonly percent: number
  make(random: SeededRandom, lengthBytes: number): Buffer
}

const kinds: readonly Kind[] = [
  { ending: 'jpg', percent: 45, make: photoLike },
  { ending: 'log.gz', percent: 25, make: (random, bytes) => gzipSync(text(random, bytes)) },
  { ending: 'json.zst', percent: 20, make: (random, bytes) => zstd(text(random, bytes)) },
  { ending: 'tar.gpg', percent: 10, make: noise },
]

/** Adds files until the folder holds about this many bytes more. */
function addCompressedFiles(folder: string, random: SeededRandom, totalBytes: number): void {
  const sizeMax = Math.max(2 * fileBytesMin, Math.min(fileBytesMax, totalBytes / 20))
  for (let index = 0, madeBytes = 0; madeBytes < totalBytes; index += 1) {
    // Evenly over the orders of magnitude, with more weight on the small ones.
    const wantedBytes = fileBytesMin * (sizeMax / fileBytesMin) ** (random.fraction() ** 1.4)
    const kind = pickKind(random)
    const contents = kind.make(random, Math.round(wantedBytes))
    const parent = join(folder, `album-${String(Math.floor(index / 25)).padStart(2, '0')}`)
    mkdirSync(parent, { recursive: true })
    writeFileSync(join(parent, `item-${String(index).padStart(4, '0')}.${kind.ending}`), contents)
    madeBytes += contents.length
  }
}

function pickKind(random: SeededRandom): Kind {
  let left = random.below(100)
  return kinds.find(({ percent }) => (left -= percent) < 0) ?? kinds[0]
}

function noise(random: SeededRandom, lengthBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes)
  fillWithNoise(bytes, random)
  return bytes
}

/** The marks of a JPEG file around bytes that have a JPEG's entropy: each FF is followed by a 00. */
function photoLike(random: SeededRandom, lengthBytes: number): Buffer {
  const bytes = noise(random, lengthBytes)
  for (
    let at = bytes.indexOf(0xff);
    at >= 0 && at + 1 < bytes.length;
    at = bytes.indexOf(0xff, at + 2)
  )
    bytes[at + 1] = 0
  bytes.set([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0])
  bytes.set([0xff, 0xd9], bytes.length - 2)
  return bytes
}

/** Text that compresses to about this many bytes. */
function text(random: SeededRandom, compressedBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(compressedBytes * textRatio)
  fillWithText(bytes, random)
  return bytes
}

function zstd(input: Buffer): Buffer {
  const child = spawnSync('zstd', ['-3', '-q', '-c'], { input, maxBuffer: 2 * fileBytesMax })
  if (child.status === 0) return child.stdout
  throw new BenchError('Cannot run zstd, which makes some of the compressed files: install it')
}
