import { openSync, writeSync, closeSync, ftruncateSync } from 'node:fs'
import { join } from 'node:path'
import type * as BlobReaderModule from '../../../src/repository/blob-reader.ts'
import type * as ConfigModule from '../../../src/format/text-object/repository-config.ts'
import type * as HashModule from '../../../src/format/hashing/blob-hasher.ts'
import type * as IndexModule from '../../../src/format/index-object/index-object.ts'
import type * as KeySlotsModule from '../../../src/repository/key-slots.ts'
import type * as LocalModule from '../../../src/storage/local/local-storage.ts'
import type * as PackReaderModule from '../../../src/format/pack/pack-reader.ts'
import type * as SegmentReaderModule from '../../../src/repository/segment-reader.ts'
import type { SmallObjectType } from '../../../src/format/object/small-object.ts'
import type { Repository } from '../../../src/index.ts'
import { engine, engineModule } from '../built-engine.ts'
import { passphrase } from '../cheap-key.ts'
import type { DamageSample } from './damage-sample.ts'

const { BlobReader } = await engineModule<typeof BlobReaderModule>('repository/blob-reader')
const { SegmentReader } = await engineModule<typeof SegmentReaderModule>(
  'repository/segment-reader',
)
const { openLocal } = await engineModule<typeof LocalModule>('storage/local/local-storage')
const { decodePack } = await engineModule<typeof PackReaderModule>('format/pack/pack-reader')
const { plainHash } = await engineModule<typeof HashModule>('format/hashing/blob-hasher')
const { checkRepositoryConfigMac, decodeRepositoryConfig } = await engineModule<
  typeof ConfigModule
>('format/text-object/repository-config')
const { unlockWithPassphrase } = await engineModule<typeof KeySlotsModule>('repository/key-slots')
const { decodeIndexObject } = await engineModule<typeof IndexModule>(
  'format/index-object/index-object',
)

/** `detected`: no reader takes it. `right`: whoever reads it gets the right bytes, and a check still tells. */
export type ProbeOutcome = 'detected' | 'right'

interface ExpectedBlob {
  readonly id: Buffer
  readonly kind: 0 | 1
  readonly bytes: Buffer
}

/**
 * Reads one object as the engine does, over and over while it is being damaged. What must not be is thrown: wrong bytes, an error without a
 * type, damage that no check would find.
 */
export class ObjectProbe {
  readonly #sample: DamageSample
  readonly #repository: Repository
  readonly #name: string
  readonly #right: Buffer
  readonly #descriptor: number
  readonly #reader: InstanceType<typeof BlobReader>
  readonly #blobs: readonly ExpectedBlob[]
  /** Of another pack: reading it makes the reader forget what it has read of this one. */
  readonly #stranger: ExpectedBlob | undefined

  constructor(sample: DamageSample, repository: Repository, name: string) {
    this.#sample = sample
    this.#repository = repository
    this.#name = name
    this.#right = sample.objects.get(name) ?? Buffer.alloc(0)
    this.#descriptor = openSync(join(sample.location, name), 'r+')
    this.#reader = this.#openReader()
    this.#blobs = name.startsWith('packs/') ? this.#blobsOf(name) : []
    const other = [...sample.objects.keys()].find(
      (object) => object.startsWith('packs/') && object !== name,
    )
    this.#stranger = other === undefined ? undefined : this.#blobsOf(other)[0]
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  /** Changes one bit, looks, and changes it back. */
  async flip(bit: number): Promise<ProbeOutcome> {
    const at = bit >> 3
    writeSync(this.#descriptor, Buffer.from([this.#right[at] ^ (1 << (bit & 7))]), 0, 1, at)
    try {
      return await this.#look(`bit ${bit}`)
    } finally {
      writeSync(this.#descriptor, this.#right, at, 1, at)
    }
  }

  /** Cuts the object off, looks, and puts it back. */
  async truncate(lengthBytes: number): Promise<ProbeOutcome> {
    ftruncateSync(this.#descriptor, lengthBytes)
    try {
      return await this.#look(`cut to ${lengthBytes} bytes`)
    } finally {
      const rest = this.#right.length - lengthBytes
      writeSync(this.#descriptor, this.#right, lengthBytes, rest, lengthBytes)
    }
  }

  async #look(what: string): Promise<ProbeOutcome> {
    try {
      if (this.#name.startsWith('packs/')) return await this.#readPack()
      await this.#read()
    } catch (error) {
      if (error instanceof engine.HoldfastError && error.message !== '') return 'detected'
      throw new Error(`${this.#name} (${what}): ${String(error)}`, { cause: error })
    }
    throw new Error(`${this.#name} (${what}): it is read as if it were whole`)
  }

  async #read(): Promise<void> {
    const { storage } = this.#repository
    const folder = this.#name.slice(0, Math.max(0, this.#name.indexOf('/')))
    if (folder === '') {
      const decoded = decodeRepositoryConfig(await storage.get('config'))
      checkRepositoryConfigMac(decoded, this.#repository.context.keys.configKey)
      return
    }
    if (folder === 'keys') {
      await unlockWithPassphrase(storage, this.#repository.repositoryId, passphrase)
      return
    }
    const types: Record<string, SmallObjectType> = {
      index: 'index',
      snapshots: 'snapshot',
      journal: 'journal',
    }
    const plain = await this.#repository.readSmallObject(types[folder], this.#name)
    if (folder === 'index') decodeIndexObject(plain)
  }

  /** As a restore reads: the ranges of the segments that it needs, by the index. A check hashes the whole pack besides. */
  async #readPack(): Promise<ProbeOutcome> {
    const reader = this.#reader
    const other = this.#stranger
    if (!other) throw new Error('There is one pack only')
    reader.read(other.kind, other.id, other.bytes.length)
    let lost = 0
    for (const { id, kind, bytes } of this.#blobs) {
      try {
        const got = reader.read(kind, id, bytes.length)
        if (!got.equals(bytes)) throw new Error('wrong bytes')
      } catch (error) {
        if (!(error instanceof engine.RepositoryError)) throw error
        lost += 1
      }
    }
    const bytes = await this.#repository.storage.get(this.#name)
    const isNamed = `packs/${plainHash(bytes).toString('hex')}` === this.#name
    if (isNamed) throw new Error('a check would not find it')
    return lost > 0 ? 'detected' : 'right'
  }

  /** It keeps one segment decoded, and buffers of a megabyte: one serves for all looks. */
  #openReader(): InstanceType<typeof BlobReader> {
    const { context, catalogue } = this.#repository
    const storage = openLocal(this.#sample.location)
    return new BlobReader(
      context,
      { findBlob: (id) => catalogue.blobs.find(id), findAll: (id) => catalogue.blobs.findAll(id) },
      new SegmentReader(context, storage, 0),
    )
  }

  #blobsOf(pack: string): ExpectedBlob[] {
    const { context } = this.#repository
    const { trailer } = decodePack(this.#sample.objects.get(pack) ?? Buffer.alloc(0), {
      frameRootKey: context.keys.frameRootKey,
      repositoryId: Buffer.from(context.repositoryId),
      sealed: context.sealed,
    })
    const reader = this.#reader
    const blobs: ExpectedBlob[] = []
    for (let segment = 0; segment < trailer.segmentCount; segment++) {
      for (let blob = 0; blob < trailer.blobCounts[segment]; blob++) {
        const at = trailer.firstBlobs[segment] + blob
        const id = Buffer.from(trailer.ids.subarray(at * 32, at * 32 + 32))
        const kind = trailer.kinds[segment] as 0 | 1
        const bytes = Buffer.from(reader.read(kind, id, trailer.blobLengths[at]))
        blobs.push({ id, kind, bytes })
      }
    }
    return blobs
  }
}
