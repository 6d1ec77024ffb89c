import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'

import { idBytes, idWords } from '../model/ids.ts'
import type { PackContents } from './blob-location.ts'
import type { CatalogueDatabase } from './database.ts'
import { isSharedMemory } from './shared-memory.ts'
import { keyOrder } from './key-order.ts'

/** Blobs of one run, sorted in memory: 24 MiB, and 6 MiB while they are sorted. */
export const runBlobsDefault: number = 524_288
/** Id; pack, segment, offset, length. */
const numbersPerPlace = 4
const recordBytes = idBytes + 4 * numbersPerPlace
const recordWords = recordBytes / 4
/** Records that are written or read at once: 192 KiB. */
const recordsAtOnce = 4_096

/** Where one blob is: the id at `ids[idAt]`; pack, segment, offset and length at `places[placeAt]`. */
export type UsePlace = (ids: Buffer, idAt: number, places: Uint32Array, placeAt: number) => void

/**
 * Sorts the places of any number of blobs by id, in memory that does not grow with them: runs that are sorted go to a file and are merged.
 *
 * A table that is clustered by id takes in what comes in order by reading and writing each of its pages once. Index objects one after the
 * other changed nearly as many pages as they have blobs: 70 MB were written for each gigabyte of data once the table was large.
 *
 * The file has no name from the moment that it is open, so nothing remains of a process that is killed. It holds what the catalogue holds.
 */
export class BlobRuns {
  readonly #database: CatalogueDatabase
  readonly #runBlobs: number
  #ids = Buffer.alloc(0)
  #places = new Uint32Array(0)
  #held = 0
  #count = 0
  #file: number | undefined
  readonly #runs: { readonly start: number; readonly count: number }[] = []

  /** @param runBlobs kept in memory; a catalogue in memory keeps all there */
  constructor(database: CatalogueDatabase, runBlobs: number = runBlobsDefault) {
    this.#database = database
    const { path } = database
    this.#runBlobs = path === ':memory:' || isSharedMemory(path) ? Infinity : runBlobs
  }

  get count(): number {
    return this.#count
  }

  /** @param pack number by which the places name the pack */
  addPack(pack: number, { blobCounts, blobLengths, ids }: PackContents): void {
    const source = Buffer.from(ids.buffer, ids.byteOffset, ids.length)
    for (let segment = 0, blob = 0; segment < blobCounts.length; segment++) {
      const end = blob + blobCounts[segment]
      for (let offset = 0; blob < end; blob++) {
        const record = this.#next(blobLengths.length - blob)
        source.copy(this.#ids, record * idBytes, blob * idBytes, (blob + 1) * idBytes)
        const at = record * numbersPerPlace
        this.#places[at] = pack
        this.#places[at + 1] = segment
        this.#places[at + 2] = offset
        this.#places[at + 3] = blobLengths[blob]
        offset += blobLengths[blob]
      }
    }
  }

  /** Every place in nearly ascending order of the ids, which is exact enough (`keyOrder`). */
  forEach(use: UsePlace): void {
    if (this.#runs.length === 0) {
      for (const record of keyOrder(this.#ids.subarray(0, this.#held * idBytes))) {
        use(this.#ids, record * idBytes, this.#places, record * numbersPerPlace)
      }
      return
    }
    this.#database.guard('sort blobs', () => {
      if (this.#held > 0) this.#spill()
      this.#ids = Buffer.alloc(0)
      this.#places = new Uint32Array(0)
    })
    this.#merge(use)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #merge(use: UsePlace): void {
    const file = this.#file
    if (file === undefined) throw new RangeError('There is no file of runs')
    const readers = this.#runs.map(({ start, count }) => new RunReader(file, start, count))
    const open = readers.filter((reader) => reader.next())
    while (open.length > 0) {
      // Sixteen runs at most, as a rule: a heap would not be faster.
      let least = 0
      for (let index = 1; index < open.length; index++) {
        if (open[index].key < open[least].key) least = index
      }
      const reader = open[least]
      use(reader.bytes, reader.at * recordBytes, reader.words, reader.at * recordWords + idWords)
      if (!reader.next()) open.splice(least, 1)
    }
  }

  /** @param wanted how many records are going to be asked for, this one included */
  #next(wanted: number): number {
    if (this.#held === this.#runBlobs) this.#database.guard('sort blobs', () => this.#spill())
    if ((this.#held + 1) * idBytes > this.#ids.length) this.#grow(wanted)
    this.#count += 1
    return this.#held++
  }

  #grow(wanted: number): void {
    const records = Math.min(this.#runBlobs, Math.max(this.#held + wanted, this.#held * 2))
    const ids = Buffer.allocUnsafeSlow(records * idBytes)
    this.#ids.copy(ids)
    const places = new Uint32Array(records * numbersPerPlace)
    places.set(this.#places)
    this.#ids = ids
    this.#places = places
  }

  #spill(): void {
    this.#file ??= openNameless(`${this.#database.path}-runs-${randomBytes(6).toString('hex')}`)
    const last = this.#runs.at(-1)
    const start = last === undefined ? 0 : last.start + last.count
    const chunk = Buffer.allocUnsafeSlow(recordsAtOnce * recordBytes)
    const words = new Uint32Array(chunk.buffer)
    let filled = 0
    let written = start
    for (const record of keyOrder(this.#ids.subarray(0, this.#held * idBytes))) {
      this.#ids.copy(chunk, filled * recordBytes, record * idBytes, (record + 1) * idBytes)
      const from = record * numbersPerPlace
      const to = filled * recordWords + idWords
      for (let number = 0; number < numbersPerPlace; number++) {
        words[to + number] = this.#places[from + number]
      }
      filled += 1
      if (filled < recordsAtOnce) continue
      writeFully(this.#file, chunk, written * recordBytes)
      written += filled
      filled = 0
    }
    writeFully(this.#file, chunk.subarray(0, filled * recordBytes), written * recordBytes)
    this.#runs.push({ start, count: this.#held })
    this.#held = 0
  }
}

/** Reads one run from its beginning to its end. */
class RunReader {
  readonly bytes: Buffer
  readonly words: Uint32Array
  /** The record that is read now. */
  at = 0
  /** What its id begins with, as far as it counts for the order. */
  key = 0
  readonly #file: number
  readonly #end: number
  #next: number
  #loaded = 0

  constructor(file: number, start: number, count: number) {
    this.#file = file
    this.#next = start
    this.#end = start + count
    this.bytes = Buffer.allocUnsafeSlow(Math.min(recordsAtOnce, count) * recordBytes)
    this.words = new Uint32Array(this.bytes.buffer)
  }

  /** @returns false at the end */
  next(): boolean {
    this.at += 1
    if (this.at >= this.#loaded && !this.#load()) return false
    this.key = this.bytes.readUInt32BE(this.at * recordBytes)
    return true
  }

  #load(): boolean {
    const records = Math.min(this.bytes.length / recordBytes, this.#end - this.#next)
    if (records === 0) return false
    readFully(this.#file, this.bytes.subarray(0, records * recordBytes), this.#next * recordBytes)
    this.#next += records
    this.#loaded = records
    this.at = 0
    return true
  }
}

function openNameless(path: string): number {
  const file = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return file
}

function writeFully(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done)
  }
}

function readFully(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done)
    if (read === 0) throw new RangeError('The file of runs is shorter than what was written to it')
    done += read
  }
}
