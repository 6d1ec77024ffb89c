/**
 * Measures the parts that every byte of a backup goes through, one after the other on one core:
 * `npx tsx native-bench/kernels.ts` (after `npm run build:kernel`). Every line is the best of some
 * rounds, in GB/s of plaintext.
 */
import { createCipheriv, createHash, randomFillSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createChunker } from '../src/format/chunker/chunker.ts'
import type { Chunker } from '../src/format/chunker/chunker.ts'
import { averageBytesDefault } from '../src/format/chunker/chunker-parameters.ts'
import { createReferenceChunker } from '../src/format/chunker/reference-chunker.ts'
import {
  compressBound,
  createCompressor,
  createDecompressor,
} from '../src/format/compression/zstd.ts'
import { createBlobHasher } from '../src/format/hashing/blob-hasher.ts'
import { createPortableHasher } from '../src/format/hashing/portable-hasher.ts'
import { coefficientOf } from '../src/format/parity/coding-matrix.ts'
import { createShardCombiner } from '../src/format/parity/kernel-combiner.ts'
import { createReferenceCombiner } from '../src/format/parity/reference-combiner.ts'
import type { ShardCombiner } from '../src/format/parity/shard-combiner.ts'

const KiB = 1024
const MiB = 1024 * KiB
const segmentBytes = MiB
const secret = createHash('sha256').update('native-bench').digest()

function main(): void {
  const random = randomBytes(64 * MiB)
  measureChunkers(random)
  measureHashing(random)
  measureEncryption(random)
  measureCompression(sourceText(32 * MiB))
  measureParity(random)
}

function measureChunkers(input: Uint8Array): void {
  const parameters = { averageBytes: averageBytesDefault }
  const kernel = createChunker(parameters, secret, input.length)
  kernel.memory.set(input)
  const chunkCount = cutAll(kernel, input.length)
  const scannedBytes = input.length - (chunkCount * averageBytesDefault) / 2
  report('chunker kernel, scanned bytes', scannedBytes, () => cutAll(kernel, input.length))
  report('chunker kernel, all bytes', input.length, () => cutAll(kernel, input.length))
  // Files up to the minimum of 64 KiB are not scanned at all.
  for (const fileBytes of [80 * KiB, 200 * KiB]) {
    const cutFiles = (): void => {
      for (let offset = 0; offset + fileBytes <= input.length; offset += fileBytes) {
        cutAll(kernel, offset + fileBytes, offset)
      }
    }
    report(`chunker kernel, files of ${fileBytes / KiB} KiB`, input.length, cutFiles)
  }
  kernel.memory.fill(0)
  report('chunker kernel, zeros', input.length, () => cutAll(kernel, input.length))
  const reference = createReferenceChunker(parameters, secret, 8 * MiB)
  reference.memory.set(input.subarray(0, 8 * MiB))
  report('chunker reference, all bytes', 8 * MiB, () => cutAll(reference, 8 * MiB))
}

/** Parity of ten packs: bytes of data, of which two parity shards are made. */
function measureParity(input: Uint8Array): void {
  const [packs, windowBytes] = [10, 256 * KiB]
  const encode = (combiner: ShardCombiner, withCopies: boolean): void => {
    combiner.clear()
    for (let place = 0; place < packs; place++) {
      if (withCopies)
        combiner.input.set(input.subarray(place * windowBytes, (place + 1) * windowBytes))
      combiner.add([coefficientOf(0, place), coefficientOf(1, place)], windowBytes)
    }
  }
  const kernel = createShardCombiner(2, windowBytes)
  report('parity 10+2, kernel', packs * windowBytes, () => encode(kernel, false))
  report('parity 10+2, kernel with copies', packs * windowBytes, () => encode(kernel, true))
  const reference = createReferenceCombiner(2, windowBytes)
  report('parity 10+2, reference', packs * windowBytes, () => encode(reference, false))
}

function cutAll(chunker: Chunker, endOffset: number, startOffset = 0): number {
  let count = 0
  for (let offset = startOffset; offset < endOffset; count++) {
    offset = chunker.nextCut(offset, endOffset, true)
  }
  return count
}

function measureHashing(input: Uint8Array): void {
  const hasher = createBlobHasher(secret)
  for (const blobBytes of [2 * KiB, 16 * KiB, 128 * KiB, MiB]) {
    report(`ids of ${blobBytes / KiB} KiB blobs`, input.length, () =>
      forEachPart(input, blobBytes, (blob) => hasher.hash(blob)),
    )
  }
  const portable = createPortableHasher(secret)
  const short = input.subarray(0, 2 * MiB)
  report('ids, portable', short.length, () => portable.update(short).digest())
}

function measureEncryption(input: Uint8Array): void {
  for (const frameBytes of [64 * KiB, segmentBytes]) {
    report(`AES-256-GCM, ${frameBytes / KiB} KiB frames`, input.length, () =>
      forEachPart(input, frameBytes, (frame) => {
        const cipher = createCipheriv('aes-256-gcm', secret, secret.subarray(0, 12))
        cipher.update(frame)
        cipher.final()
        cipher.getAuthTag()
      }),
    )
  }
}

function measureCompression(text: Uint8Array): void {
  const target = new Uint8Array(compressBound(segmentBytes))
  for (const level of [1, 2, 3]) {
    const compressor = createCompressor(level)
    let compressedBytes = 0
    const compressAll = (): void => {
      compressedBytes = 0
      forEachPart(text, segmentBytes, (segment) => {
        compressedBytes += compressor.compress(segment, target).bytes
      })
    }
    const ratio = (): string => `, to ${((100 * compressedBytes) / text.length).toFixed(1)} %`
    report(`zstd ${level}, source text`, text.length, compressAll, ratio)
  }
  const decompressor = createDecompressor()
  const plain = text.subarray(0, segmentBytes)
  const { bytes } = createCompressor(1).compress(plain, target)
  const room = new Uint8Array(segmentBytes)
  report('zstd, back', plain.length, () =>
    decompressor.decompress(target.subarray(0, bytes), plain.length, room),
  )
}

/** The first rounds also let the engine compile what is measured. */
function report(
  name: string,
  bytes: number,
  run: () => void,
  remark: () => string = () => '',
): void {
  const [roundsMin, durationMsMin] = [3, 600]
  let bestMs = Number.POSITIVE_INFINITY
  const startMs = performance.now()
  for (let round = 0; round < roundsMin || performance.now() - startMs < durationMsMin; round++) {
    const roundStartMs = performance.now()
    run()
    bestMs = Math.min(bestMs, performance.now() - roundStartMs)
  }
  console.log(`${name.padEnd(36)} ${(bytes / bestMs / 1e6).toFixed(2).padStart(8)} GB/s${remark()}`)
}

function forEachPart(
  input: Uint8Array,
  partBytes: number,
  visit: (part: Uint8Array) => void,
): void {
  for (let offset = 0; offset < input.length; offset += partBytes) {
    visit(input.subarray(offset, offset + partBytes))
  }
}

function randomBytes(lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  for (let offset = 0; offset < lengthBytes; offset += MiB) {
    randomFillSync(bytes, offset, Math.min(MiB, lengthBytes - offset))
  }
  return bytes
}

/**
 * JavaScript and type declarations of the installed packages: real text, there wherever this
 * program runs.
 */
function sourceText(lengthBytesMax: number): Uint8Array {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../node_modules')
  const parts: Buffer[] = []
  let lengthBytes = 0
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!/\.(js|ts|mjs|cjs)$/.test(path) || lengthBytes >= lengthBytesMax) continue
    const content = readFileIfAny(join(folder, path))
    parts.push(content)
    lengthBytes += content.length
  }
  return Buffer.concat(parts).subarray(0, lengthBytesMax)
}

function readFileIfAny(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    // A folder may have such a name, and a link may lead nowhere.
    return Buffer.alloc(0)
  }
}

main()
