import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type BucketLocationConstraint,
  type GetObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import pLimit, { type LimitFunction } from 'p-limit'
import { RepositoryError } from '../../foundation/errors.ts'
import { retry } from '../../foundation/retry.ts'
import { damagedError, ObjectConflictError } from '../errors.ts'
import { isLasting, isObjectName, type ObjectFolder } from '../object-name.ts'
import type { ObjectVersion, Retention } from '../versioned-objects.ts'
import type { ObjectStatus, PutGuard, StoredObject } from '../storage.ts'
import { ByteRate } from './byte-rate.ts'
import { connect, connectionsMax } from './connect.ts'
import { listKeys } from './list-keys.ts'
import { ObjectVersions, type ObjectLockHeaders } from './object-versions.ts'
import { probePuts } from './probe-puts.ts'
import { readBody } from './read-body.ts'
import { noRequests, type RequestCounts } from '../request-counts.ts'
import {
  CutOffError,
  isNotImplemented,
  isTaken,
  isTransientFault,
  isWithoutLock,
  s3Error,
  statusOf,
} from './s3-faults.ts'
import type { ObjectRange } from '../object-range.ts'
import type { S3Settings } from './s3-settings.ts'

/** Of the bytes of a body that is sent slowly. */
const slowPieceBytes = 16 * 1024

interface ObjectAddress {
  readonly Bucket: string
  readonly Key: string
}

/**
 * The requests of one repository to its store. Each is sent again, after a growing pause, while it fails in a way that may pass; what it ends
 * with otherwise is a typed error. For the thread that does the requests.
 */
export class ObjectClient {
  readonly #settings: S3Settings
  readonly #client: S3Client
  readonly #limit: LimitFunction = pLimit(connectionsMax)
  readonly #uploadRate: ByteRate | undefined
  readonly #downloadRate: ByteRate | undefined
  readonly #counts = noRequests()
  readonly versions: ObjectVersions
  #retention: Retention | undefined
  /** False once the store has refused a conditional put: then it is asked first. */
  #putsConditionally = true

  /** @throws {RepositoryError} when the file of certificates cannot be read */
  constructor(settings: S3Settings) {
    this.#settings = settings
    this.#client = connect(settings)
    const lockOf = (name: string): ObjectLockHeaders => this.#lockOf(name)
    this.versions = new ObjectVersions({ at: settings, lockOf }, (action, what, work) =>
      this.#try(action, what, async () => {
        this.#counts.lists += action === 'list' ? 1 : 0
        this.#counts.puts += action === 'list' ? 0 : 1
        return await work(this.#client)
      }),
    )
    const { uploadBytesPerSecond, downloadBytesPerSecond } = settings
    this.#retention = settings.retention
    if (uploadBytesPerSecond !== undefined) this.#uploadRate = new ByteRate(uploadBytesPerSecond)
    if (downloadBytesPerSecond !== undefined) {
      this.#downloadRate = new ByteRate(downloadBytesPerSecond)
    }
    if (this.#uploadRate) this.#signHeadersOnly()
  }

  get counts(): RequestCounts {
    return { ...this.#counts }
  }

  /** Somebody found out that what the store has answered was not what it was asked for. */
  noteWrongAnswer(): void {
    this.#counts.wrongAnswers += 1
  }

  keepNew(retention: Retention): void {
    this.#retention = retention
  }

  /** Makes the bucket when it is missing and these credentials may. */
  async prepare(): Promise<void> {
    const { bucket, region, endpoint } = this.#settings
    await this.#try('look for bucket', bucket, async () => {
      this.#counts.heads += 1
      try {
        await this.#client.send(new HeadBucketCommand({ Bucket: bucket }))
      } catch (error) {
        // Credentials that may only touch objects are told nothing of the bucket; their first put will tell.
        if (statusOf(error) === 403) return
        if (statusOf(error) !== 404) throw error
        this.#counts.puts += 1
        const constraint =
          endpoint === null && region !== null && region !== 'us-east-1'
            ? { LocationConstraint: region as BucketLocationConstraint }
            : undefined
        await this.#client.send(
          new CreateBucketCommand({
            Bucket: bucket,
            ...(constraint && { CreateBucketConfiguration: constraint }),
            ...(this.#retention && { ObjectLockEnabledForBucket: true }),
          }),
        )
      }
    })
  }

  async get(name: string, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#get(name, this.#at(name), bytesMax)
  }

  async getVersion(
    { name, versionId }: Pick<ObjectVersion, 'name' | 'versionId'>,
    bytesMax: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#get(name, { ...this.#at(name), VersionId: versionId }, bytesMax)
  }

  async #get(
    name: string,
    at: ObjectAddress & { readonly VersionId?: string },
    bytesMax: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#try('read', name, async () => {
      this.#counts.gets += 1
      const answer = await this.#client.send(new GetObjectCommand(at))
      const { body, lengthBytes } = bodyOf(answer)
      if (lengthBytes > bytesMax) {
        body.destroy()
        const state = `it has ${lengthBytes} bytes, more than the ${bytesMax} allowed`
        throw damagedError(this.#settings.location, name, state)
      }
      return await this.#receive(body, lengthBytes)
    })
  }

  async range({ name, offsetBytes, lengthBytes }: ObjectRange): Promise<Uint8Array<ArrayBuffer>> {
    if (lengthBytes === 0) {
      const { bytes } = await this.stat(name)
      if (offsetBytes > bytes) throw this.#endsEarly(name, bytes)
      return new Uint8Array(0)
    }
    return await this.#try('read', name, async () => {
      this.#counts.gets += 1
      const Range = `bytes=${offsetBytes}-${offsetBytes + lengthBytes - 1}`
      const answer = await this.#client.send(new GetObjectCommand({ ...this.#at(name), Range }))
      const { body, lengthBytes: announcedBytes } = bodyOf(answer)
      if (announcedBytes !== lengthBytes) {
        body.destroy()
        // A store that does not know ranges sends everything; one whose object ends earlier sends what there is.
        if (announcedBytes > lengthBytes) {
          throw new CutOffError('the store sent more than the range that was asked for')
        }
        throw this.#endsEarly(name, offsetBytes + announcedBytes)
      }
      return await this.#receive(body, lengthBytes)
    })
  }

  /** By a listing, which tells the time more exactly than a header can: some stores give milliseconds there. */
  async stat(name: string): Promise<ObjectStatus> {
    return await this.#try('look for', name, async () => {
      const { Bucket, Key } = this.#at(name)
      this.#counts.lists += 1
      const { Contents } = await this.#client.send(
        new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 }),
      )
      const listed = Contents?.find((object) => object.Key === Key)
      if (listed?.LastModified) {
        return { bytes: listed.Size ?? 0, modifiedAtMs: listed.LastModified.getTime() }
      }
      // Not every store lists at once what it has taken.
      this.#counts.heads += 1
      const head = await this.#client.send(new HeadObjectCommand({ Bucket, Key }))
      return { bytes: head.ContentLength ?? 0, modifiedAtMs: head.LastModified?.getTime() ?? 0 }
    })
  }

  /**
   * Stores an object. Unless it replaces, a name that is taken by equal bytes is success: a put that seemed to fail may have been stored, and then
   * meets itself.
   */
  async put(name: string, bytes: Uint8Array, replaces: boolean): Promise<void> {
    const md5 = createHash('md5').update(bytes).digest()
    await this.#try('store', name, async () => {
      if (!replaces && !this.#putsConditionally && (await this.#isTakenByEqual(name, bytes, md5))) {
        return
      }
      try {
        await this.#send(this.#at(name), bytes, md5, !replaces && this.#putsConditionally)
      } catch (error) {
        if (this.#retention && isWithoutLock(error)) throw this.#withoutLock(error)
        if (replaces) throw error
        if (isTaken(error)) {
          // Gone again since: another try stores it.
          if (!(await this.#isTakenByEqual(name, bytes, md5))) throw new CutOffError(goneAgain)
          return
        }
        if (!isNotImplemented(error) || !this.#putsConditionally) throw error
        this.#putsConditionally = false
        if (!(await this.#isTakenByEqual(name, bytes, md5))) {
          await this.#send(this.#at(name), bytes, md5, false)
        }
      }
    })
  }

  async probePuts(): Promise<PutGuard> {
    const { bucket: Bucket, prefix, location } = this.#settings
    return await probePuts(
      prefix,
      async (Key, bodies) => {
        const outcomes = await Promise.all(
          bodies.map((bytes) =>
            this.#try('try to write to', location, async () => {
              const md5 = createHash('md5').update(bytes).digest()
              try {
                await this.#send({ Bucket, Key }, bytes, md5, true)
                return 'taken'
              } catch (error) {
                if (isTaken(error)) return 'late'
                if (isNotImplemented(error)) return 'refused'
                throw error
              }
            }),
          ),
        )
        if (outcomes.includes('refused')) return 'refused'
        return outcomes.filter((outcome) => outcome === 'taken').length
      },
      async (Key) => {
        // Credentials that may not delete leave a few objects that nobody looks at.
        await this.#client.send(new DeleteObjectCommand({ Bucket, Key })).catch(() => undefined)
      },
    )
  }

  async delete(name: string): Promise<void> {
    await this.#try('delete', name, async () => {
      this.#counts.deletes += 1
      try {
        await this.#client.send(new DeleteObjectCommand(this.#at(name)))
      } catch (error) {
        if (statusOf(error) !== 404) throw error
      }
    })
  }

  async list(folder: ObjectFolder): Promise<StoredObject[]> {
    return await listKeys(this.#settings, folder, (command) =>
      this.#try('list', folder, async () => {
        this.#counts.lists += 1
        return await this.#client.send(command)
      }),
    )
  }

  close(): void {
    this.#client.destroy()
  }

  async #send(
    at: ObjectAddress,
    bytes: Uint8Array,
    md5: Buffer,
    isConditional: boolean,
  ): Promise<void> {
    this.#counts.puts += 1
    await this.#client.send(
      new PutObjectCommand({
        ...at,
        Body: this.#uploadRate ? slowly(bytes, this.#uploadRate) : bytes,
        ContentLength: bytes.length,
        ContentMD5: md5.toString('base64'),
        ...this.#lockOf(at.Key.slice(this.#settings.prefix.length)),
        ...(isConditional && { IfNoneMatch: '*' }),
      }),
    )
    this.#counts.uploadedBytes += bytes.length
  }

  /**
   * @returns whether the name is taken by equal bytes; false when it is free
   * @throws {ObjectConflictError} when it is taken by others
   */
  async #isTakenByEqual(name: string, bytes: Uint8Array, md5: Buffer): Promise<boolean> {
    this.#counts.heads += 1
    let head
    try {
      head = await this.#client.send(new HeadObjectCommand(this.#at(name)))
    } catch (error) {
      if (statusOf(error) === 404) return false
      throw error
    }
    // As a rule it is the MD5 of what was put. Where it is not (encrypted by the store), the bytes have to tell.
    const tag = head.ETag?.replaceAll('"', '').toLowerCase()
    if (head.ContentLength === bytes.length && tag === md5.toString('hex')) return true
    if (head.ContentLength === bytes.length) {
      this.#counts.gets += 1
      const answer = await this.#client.send(new GetObjectCommand(this.#at(name)))
      const { body, lengthBytes } = bodyOf(answer)
      const stored = await this.#receive(body, lengthBytes)
      if (Buffer.from(stored.buffer).equals(bytes)) return true
    }
    throw new ObjectConflictError(this.#settings.location, name)
  }

  async #receive(body: Readable, lengthBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await readBody(body, lengthBytes, this.#downloadRate)
    this.#counts.downloadedBytes += lengthBytes
    return bytes
  }

  async #try<Result>(action: string, what: string, work: () => Promise<Result>): Promise<Result> {
    const { location, bucket, retryForMs } = this.#settings
    try {
      // A pause between two tries takes no place from others.
      return await retry(() => this.#limit(work), {
        isTransient: isTransientFault,
        forMs: retryForMs,
      })
    } catch (error) {
      throw s3Error(error, { location, bucket, action, what })
    }
  }

  /** By the store's clock, as far as it is known: a client whose clock is wrong by much is refused, and the client then goes by the store's. */
  #lockOf(name: string): ObjectLockHeaders {
    const retention = this.#retention
    if (!retention || !isObjectName(name) || !isLasting(name)) return {}
    const nowMs = Date.now() + this.#client.config.systemClockOffset
    return {
      ObjectLockMode: retention.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date(nowMs + retention.periodMs),
    }
  }

  #at(name: string): ObjectAddress {
    return { Bucket: this.#settings.bucket, Key: this.#settings.prefix + name }
  }

  #withoutLock(cause: unknown): RepositoryError {
    const { bucket, location } = this.#settings
    return new RepositoryError(
      'STORAGE_FAILED',
      `Cannot store in "${location}": this repository locks objects, and the bucket "${bucket}" was made without object lock`,
      { remedy: 'Use a bucket that was made with object lock', facts: { location }, cause },
    )
  }

  #endsEarly(name: string, bytes: number): Error {
    return damagedError(this.#settings.location, name, `it ends after ${bytes} bytes`)
  }

  /** A body that comes slowly cannot be hashed before it is sent; Content-MD5, which is signed, stands for it. */
  #signHeadersOnly(): void {
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        const { request } = args as { request?: { headers?: Record<string, string> } }
        if (request?.headers?.['content-md5'] !== undefined) {
          request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
        }
        return await next(args)
      },
      { step: 'build', name: 'holdfastUnsignedBody', priority: 'low' },
    )
  }
}

const goneAgain = 'an object of this name was there and is gone again'

function bodyOf(answer: GetObjectCommandOutput): { body: Readable; lengthBytes: number } {
  if (!(answer.Body instanceof Readable) || answer.ContentLength === undefined) {
    throw new CutOffError('the answer has no body, or does not say how long it is')
  }
  return { body: answer.Body, lengthBytes: answer.ContentLength }
}

function slowly(bytes: Uint8Array, rate: ByteRate): Readable {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < bytes.length; offset += slowPieceBytes) {
      const piece = bytes.subarray(offset, offset + slowPieceBytes)
      await rate.take(piece.length)
      yield piece
    }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: slowPieceBytes })
}
