import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createCompressor } from '../../../src/format/compression/zstd.ts'
import {
  deriveRepositoryKeys,
  type RepositoryKeys,
} from '../../../src/format/encryption/repository-keys.ts'
import { createBlobHasher, plainHash } from '../../../src/format/hashing/blob-hasher.ts'
import { encodeObjectHeader } from '../../../src/format/object/object-header.ts'
import { sealSmallObject, type SmallObjectType } from '../../../src/format/object/small-object.ts'
import {
  encodeTextObject,
  type TextObjectKind,
} from '../../../src/format/text-object/text-object.ts'
import type { TestRepository } from '../repositories.ts'
import { encodeRawPack, type RawBlob, type RawPack, type RawSegment } from './raw-pack.ts'
import {
  encodeRawList,
  encodeRawPage,
  extraRecord,
  type RawEntry,
  type RawList,
  type RawPage,
} from './raw-page.ts'

/** Where a page of a directory is. */
export interface PageAt {
  readonly id: Buffer
  readonly bytes: number
}

export const modes = {
  file: 0o100644,
  directory: 0o040755,
  symlink: 0o120777,
  fifo: 0o010644,
  character: 0o020644,
  block: 0o060644,
} as const

const folders: Readonly<Record<string, string>> = {
  index: 'index',
  snapshot: 'snapshots',
  journal: 'journal',
}

/**
 * Whoever holds a repository's keys: writes objects with true names, tags and seals around contents that no honest writer makes. Only
 * what is inside of the seals is its own; a reader that trusts the seal alone is caught by it.
 */
export class Forge {
  readonly location: string
  readonly keys: RepositoryKeys
  readonly repositoryId: Buffer
  readonly isSealed: boolean
  readonly #compressor = createCompressor(3)
  #waiting: { kind: number; blob: RawBlob }[] = []

  constructor(source: {
    location: string
    masterSecret: Uint8Array
    repositoryId: string
    isSealed: boolean
  }) {
    this.location = source.location
    this.keys = deriveRepositoryKeys(Buffer.from(source.masterSecret))
    this.repositoryId = Buffer.from(source.repositoryId, 'hex')
    this.isSealed = source.isSealed
  }

  dataId(bytes: Uint8Array): Buffer {
    return createBlobHasher(this.keys.dataIdKey).hash(bytes)
  }

  treeId(bytes: Uint8Array): Buffer {
    return createBlobHasher(this.keys.treeIdKey).hash(bytes)
  }

  /** Takes a data blob for the next pack. */
  data(content: string | Uint8Array): { id: Buffer; bytes: number } {
    const bytes = Buffer.from(content as string)
    return this.blob(0, { id: this.dataId(bytes), bytes })
  }

  /** Takes a tree blob for the next pack. */
  tree(bytes: Uint8Array): PageAt {
    return this.blob(1, { id: this.treeId(bytes), bytes })
  }

  /** Takes any blob under any id. */
  blob(kind: number, blob: RawBlob): { id: Buffer; bytes: number } {
    this.#waiting.push({ kind, blob })
    return { id: Buffer.from(blob.id), bytes: blob.bytes.length }
  }

  page(page: RawPage): PageAt {
    return this.tree(encodeRawPage(page))
  }

  list(list: RawList): PageAt {
    return this.tree(encodeRawList(list))
  }

  /** A directory with these entries, in the order given unless it is to be sorted. */
  directory(entries: readonly RawEntry[], isSorted: boolean = true): PageAt {
    const ordered = isSorted
      ? entries.toSorted((left, right) => Buffer.compare(nameOf(left), nameOf(right)))
      : entries
    return this.page({ entries: ordered })
  }

  fileEntry(
    name: string | Uint8Array,
    content: string | Uint8Array,
    more: Partial<RawEntry> = {},
  ): RawEntry {
    const bytes = Buffer.from(content as string)
    const references = bytes.length === 0 ? [] : [this.data(bytes)]
    return { name, mode: modes.file, size: bytes.length, references, ...more }
  }

  directoryEntry(name: string | Uint8Array, top: PageAt, more: Partial<RawEntry> = {}): RawEntry {
    return { name, mode: modes.directory, references: [top], ...more }
  }

  linkEntry(name: string | Uint8Array, target: string, more: Partial<RawEntry> = {}): RawEntry {
    const bytes = Buffer.from(target)
    return { name, mode: modes.symlink, size: bytes.length, extra: extraRecord(1, bytes), ...more }
  }

  deviceEntry(name: string, mode: number, major: number, minor: number): RawEntry {
    const body = Buffer.alloc(8)
    body.writeUInt32LE(major, 0)
    body.writeUInt32LE(minor, 4)
    return { name, mode, extra: extraRecord(2, body) }
  }

  /** Stores what was taken as one pack, data and trees in segments of their own, and an index object that names it. */
  flush(): void {
    const segments: RawSegment[] = []
    for (const kind of new Set(this.#waiting.map((item) => item.kind))) {
      const blobs = this.#waiting.filter((item) => item.kind === kind).map(({ blob }) => blob)
      segments.push({ kind, blobs })
    }
    this.#waiting = []
    if (segments.length > 0) this.pack({ segments })
  }

  /** Stores a pack and names it in an index object. */
  pack(pack: RawPack): { packId: string; indexId: string } {
    const salt = randomBytes(32)
    const header = encodeObjectHeader({
      type: 'pack',
      sealed: this.isSealed,
      repositoryId: this.repositoryId,
      salt,
    })
    const { bytes, trailer } = encodeRawPack(this.keys.frameRootKey, header, pack)
    const packId = this.write('packs', bytes)
    return { packId, indexId: this.index([{ packId, salt, packBytes: bytes.length, trailer }]) }
  }

  index(
    entries: readonly {
      packId: string
      salt: Buffer
      packBytes: number | bigint
      trailer: Buffer
    }[],
    count: number = entries.length,
  ): string {
    const parts = entries.map(({ packId, salt, packBytes, trailer }) => {
      const fixed = Buffer.alloc(12)
      fixed.writeBigUInt64LE(BigInt(packBytes), 0)
      fixed.writeUInt32LE(trailer.length, 8)
      return Buffer.concat([Buffer.from(packId, 'hex'), salt, fixed, trailer])
    })
    const head = Buffer.alloc(4)
    head.writeUInt32LE(count, 0)
    return this.small('index', Buffer.concat([head, ...parts]))
  }

  /** Stores any plaintext as an index, snapshot or journal object. */
  small(type: SmallObjectType, plaintext: Uint8Array | string): string {
    const { id, bytes } = sealSmallObject({
      type,
      repositoryId: this.repositoryId,
      sealed: this.isSealed,
      frameRootKey: this.keys.frameRootKey,
      plaintext: Buffer.from(plaintext as string),
      compressor: this.#compressor,
    })
    this.put(`${folders[type]}/${id}`, bytes)
    return id
  }

  /** Stores a snapshot of a directory; `fields` are put over those of an honest one. */
  snapshot(top: PageAt, fields: Readonly<Record<string, unknown>> = {}): string {
    this.flush()
    return this.small('snapshot', JSON.stringify({ ...manifestOf(top), ...fields }))
  }

  journal(record: Readonly<Record<string, unknown>>): string {
    return this.small('journal', JSON.stringify({ version: 1, atMs: 1_700_000_000_000, ...record }))
  }

  /** Stores a text object with a true hash line. */
  text(name: string, kind: TextObjectKind, json: string): void {
    this.put(name, encodeTextObject(kind, json))
  }

  /** Stores bytes under their hash. */
  write(folder: string, bytes: Uint8Array): string {
    const id = plainHash(bytes).toString('hex')
    this.put(`${folder}/${id}`, bytes)
    return id
  }

  put(name: string, bytes: Uint8Array): void {
    const path = join(this.location, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
}

/** @param test its handles that are open already do not see what is forged until they catch up */
export async function openForge(test: TestRepository): Promise<Forge> {
  const repository = await test.open()
  const { masterSecret, repositoryId, location } = repository
  const forge = new Forge({
    location,
    masterSecret,
    repositoryId,
    isSealed: repository.isEncrypted,
  })
  await repository.close()
  return forge
}

let seconds = 1_700_000_000

/** An honest manifest of a directory, with more entries announced than any test has. */
export function manifestOf(top: PageAt): Record<string, unknown> {
  seconds += 1
  return {
    version: 1,
    backupId: `backup_${seconds}`,
    type: 'full',
    startedAtMs: seconds * 1000,
    endedAtMs: seconds * 1000 + 500,
    hostname: 'host',
    username: 'user',
    base: '/base',
    paths: ['/base'],
    tree: { id: top.id.toString('hex'), bytes: top.bytes },
    parentId: null,
    description: '',
    tags: [],
    excludes: [],
    statistics: {
      files: 1_000_000,
      directories: 1_000_000,
      others: 1_000_000,
      bytes: 1,
      newFiles: 1,
      changedFiles: 0,
      unchangedFiles: 0,
      dataBlobsAdded: 1,
      dataBytesAdded: 1,
      treeBlobsAdded: 1,
      treeBytesAdded: 1,
      storedBytesAdded: 1,
      unreadable: 0,
    },
    unreadable: [],
    program: 'forge',
  }
}

function nameOf({ name }: RawEntry): Buffer {
  return typeof name === 'string' ? Buffer.from(name, 'latin1') : Buffer.from(name)
}
