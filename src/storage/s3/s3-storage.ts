import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { RepositoryError } from '../../foundation/errors.ts'
import { makeDirectories } from '../../foundation/make-directories.ts'
import type { ByteSpan, ObjectRange } from '../object-range.ts'
import { assertRange, storageError } from '../errors.ts'
import {
  temporaryFolder,
  TemporaryFiles,
  type LocalTemporaryFile,
} from '../local/temporary-files.ts'
import { assertContentNamed, assertObjectFolder, assertObjectName } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import type { PackStorage, SweptTemporaries } from '../pack-storage.ts'
import { getBytesMax } from '../storage.ts'
import type { ObjectStatus, PutGuard, StorageCapabilities, StoredObject } from '../storage.ts'
import { chooseStorageSettings, storageSettingsOf } from '../storage-settings.ts'
import type { VersionedObjects } from '../versioned-objects.ts'
import type { RequestChannel } from './request-channel.ts'
import type { RequestCounts } from '../request-counts.ts'
import { parseS3Location, type S3Location } from './s3-location.ts'
import { s3SettingsOf } from './s3-settings.ts'
import type { NearUse } from './s3-requests.ts'
import { enterChannel, leaveChannel } from './s3-thread.ts'

/** @throws {HoldfastError} `USAGE` for an address that is not understood */
export function openS3(address: string): S3Storage {
  return new S3Storage(parseS3Location(address))
}

/** A pack is written and sent within minutes. */
const temporaryAgeMsMin = 24 * 60 * 60_000

/**
 * Objects of a bucket of a store that speaks S3. Another thread does the requests (`s3-thread.ts`), so that threads that block can read, and
 * uploads go on while this one computes. An object is durable once its put has been answered; packs are written to files of this machine
 * first.
 */
export class S3Storage implements PackStorage {
  readonly location: string
  readonly capabilities: StorageCapabilities = {
    kind: 's3',
    writable: true,
    verifiesPuts: true,
    isNetworkFolder: false,
    isRemote: true,
    opensInWorkers: true,
    syncsNames: true,
  }
  readonly #parsed: S3Location
  readonly versions: VersionedObjects = {
    list: (within = '') => this.#requests().call('listVersions', within),
    get: async ({ name, versionId }, bytesMax) => {
      assertObjectName(name)
      return bufferOf(await this.#requests().call('getVersion', { name, versionId, bytesMax }))
    },
    bringBack: async ({ name, versionId }) => {
      assertObjectName(name)
      await this.#requests().call('bringBack', { name, versionId })
    },
    retention: () => this.#requests().call('retention', null),
    retain: async ({ name, versionId }, untilMs, mode) => {
      assertObjectName(name)
      await this.#requests().call('retain', { version: { name, versionId }, untilMs, mode })
    },
    keepsObjects: () => this.#requests().call('keepsObjects', null),
    keepNew: async (retention) => {
      // For a thread that has to be started once more, too.
      chooseStorageSettings(this.location, { ...storageSettingsOf(this.location), retention })
      await this.#requests().call('keepNew', retention)
    },
  }
  #channel: RequestChannel | undefined
  #temporaries: TemporaryFiles | undefined
  #near: NearUse = 'unused'

  constructor(parsed: S3Location) {
    this.#parsed = parsed
    this.location = parsed.location
  }

  localFolders(): string[] {
    const folder = this.#requests().callSync('cacheFolder', null)
    this.#files()
    return [folder, join(folder, temporaryFolder)]
  }

  async prepare(): Promise<void> {
    await this.#requests().call('prepare', null)
  }

  async get(name: string, bytesMax: number = getBytesMax): Promise<Buffer> {
    assertObjectName(name)
    return bufferOf(await this.#requests().call('get', { name, bytesMax }))
  }

  async getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    assertObjectName(name)
    assertRange(offsetBytes, lengthBytes)
    const range = { name, offsetBytes, lengthBytes }
    return bufferOf(await this.#requests().call('range', { range, near: this.#near }))
  }

  async stat(name: string): Promise<ObjectStatus> {
    assertObjectName(name)
    return await this.#requests().call('stat', name)
  }

  async put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    assertObjectName(name)
    await this.#put(name, bytes, false)
  }

  async replace(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    assertContentNamed(name)
    await this.#put(name, bytes, true)
  }

  async putFile(name: string, localPath: string): Promise<void> {
    assertObjectName(name)
    await this.#requests().call('putFile', { name, path: localPath, near: [] })
    try {
      await unlink(localPath)
    } catch (cause) {
      throw storageError({ action: 'remove', path: localPath, cause })
    }
  }

  async probePuts(): Promise<PutGuard> {
    return await this.#requests().call('probePuts', null)
  }

  async delete(name: string): Promise<void> {
    assertObjectName(name)
    await this.#requests().call('delete', name)
  }

  async list(folder: ObjectFolder): Promise<StoredObject[]> {
    assertObjectFolder(folder)
    return await this.#requests().call('list', folder)
  }

  async listNames(folder: ObjectFolder): Promise<string[]> {
    return (await this.list(folder)).map(({ name }) => name)
  }

  /** Whatever was answered is durable. */
  async sync(folder: ObjectFolder): Promise<void> {
    assertObjectFolder(folder)
  }

  async close(): Promise<void> {
    const channel = this.#channel
    this.#channel = undefined
    if (channel) await leaveChannel(this.location, channel)
  }

  readRangeSync(name: string, offsetBytes: number, target: Uint8Array): void {
    assertObjectName(name)
    assertRange(offsetBytes, target.length)
    const range = { name, offsetBytes, lengthBytes: target.length }
    target.set(this.#requests().callSync('range', { range, near: this.#near }))
  }

  expectRanges(ranges: readonly ObjectRange[]): void {
    for (const { name } of ranges) assertObjectName(name)
    if (ranges.length > 0) {
      this.#requests().tell('expect', { ranges, near: this.#near })
    }
  }

  distrustSync(range: ObjectRange): void {
    assertObjectName(range.name)
    this.#requests().callSync('distrust', range)
  }

  keepNear(looksOnly = false): void {
    this.#near = looksOnly ? 'used' : 'kept'
  }

  createTemporarySync(): LocalTemporaryFile {
    return this.#files().createSync()
  }

  writeTemporarySync(file: LocalTemporaryFile, bytes: Uint8Array, offsetBytes: number): void {
    this.#files().writeSync(file, bytes, offsetBytes)
  }

  readTemporarySync(file: LocalTemporaryFile, target: Uint8Array, offsetBytes: number): number {
    return this.#files().readSync(file, target, offsetBytes)
  }

  discardSync(file: LocalTemporaryFile): void {
    this.#files().discardSync(file)
  }

  /** The file need not survive this machine: the run that wrote it counts on nothing that the store has not taken. */
  async publish(
    file: LocalTemporaryFile,
    name: string,
    near: readonly ByteSpan[] = [],
  ): Promise<void> {
    assertObjectName(name)
    try {
      await this.#requests().call('putFile', { name, path: file.path, near })
    } finally {
      this.#files().discardSync(file)
    }
  }

  countTemporary(): Promise<SweptTemporaries> {
    return this.#files().count()
  }

  /** By the clock of this machine, for its files are here; and never what another run here may have begun a moment ago. */
  sweepTemporary(olderThanMs: number): Promise<SweptTemporaries> {
    return this.#files().sweep(Math.max(olderThanMs, temporaryAgeMsMin), Date.now())
  }

  async countRequests(): Promise<RequestCounts | null> {
    try {
      return await this.#requests().call('counts', null)
    } catch (error) {
      // A store that could not even be opened has been told already, and was asked for nothing.
      if (!(error instanceof RepositoryError)) throw error
      return null
    }
  }

  #requests(): RequestChannel {
    if (this.#channel && !this.#channel.isClosed) return this.#channel
    this.#channel = enterChannel(this.location, () =>
      s3SettingsOf(this.#parsed, storageSettingsOf(this.location)),
    )
    return this.#channel
  }

  #files(): TemporaryFiles {
    if (this.#temporaries) return this.#temporaries
    const folder = this.#requests().callSync('cacheFolder', null)
    try {
      makeDirectories(join(folder, temporaryFolder), 0o700)
    } catch (cause) {
      throw storageError({ action: 'make', path: folder, cause })
    }
    this.#temporaries = new TemporaryFiles(folder)
    return this.#temporaries
  }

  async #put(
    name: string,
    bytes: Uint8Array | readonly Uint8Array[],
    replaces: boolean,
  ): Promise<void> {
    // A copy, because the caller may use its buffers again; it goes to the other thread without another one.
    const parts = bytes instanceof Uint8Array ? [bytes] : bytes
    const copy = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
    let offset = 0
    for (const part of parts) {
      copy.set(part, offset)
      offset += part.length
    }
    await this.#requests().call('put', { name, bytes: copy, replaces }, [copy.buffer])
  }
}

function bufferOf(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
