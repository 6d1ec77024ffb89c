import type { TransferredError } from '../../foundation/error-transfer.ts'
import type { ByteSpan, ObjectRange } from '../object-range.ts'
import type { ObjectFolder } from '../object-name.ts'
import type { ObjectVersion, Retention } from '../versioned-objects.ts'
import type { RequestCounts } from '../request-counts.ts'
import type { ObjectStatus, PutGuard, StoredObject } from '../storage.ts'

/**
 * What the copies on this machine are to a read: nothing; where it looks first; or where it looks first and puts what it read, because that will be
 * read again on other days.
 */
export type NearUse = 'unused' | 'used' | 'kept'

/** What threads ask of the one that does the requests, and what comes back. Bytes are transferred, not copied. */
export interface S3Calls {
  prepare: { readonly take: null; readonly give: null }
  get: {
    readonly take: { readonly name: string; readonly bytesMax: number }
    readonly give: Uint8Array<ArrayBuffer>
  }
  range: {
    readonly take: {
      readonly range: ObjectRange
      readonly near: NearUse
    }
    readonly give: Uint8Array<ArrayBuffer>
  }
  /** What this thread will read, in that order as a rule. */
  expect: {
    readonly take: { readonly ranges: readonly ObjectRange[]; readonly near: NearUse }
    readonly give: null
  }
  /** Came with wrong bytes: whatever is here of it goes. */
  distrust: { readonly take: ObjectRange; readonly give: null }
  stat: { readonly take: string; readonly give: ObjectStatus }
  put: {
    readonly take: {
      readonly name: string
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly replaces: boolean
    }
    readonly give: null
  }
  /** Stores a file of this machine; it is left where it is. */
  putFile: {
    readonly take: {
      readonly name: string
      readonly path: string
      /** Parts of it that will be read again on other days. */
      readonly near: readonly ByteSpan[]
    }
    readonly give: null
  }
  listVersions: { readonly take: string; readonly give: ObjectVersion[] }
  getVersion: {
    readonly take: Pick<ObjectVersion, 'name' | 'versionId'> & { readonly bytesMax: number }
    readonly give: Uint8Array<ArrayBuffer>
  }
  bringBack: {
    readonly take: Pick<ObjectVersion, 'name' | 'versionId'>
    readonly give: null
  }
  retention: { readonly take: null; readonly give: Retention | null }
  retain: {
    readonly take: {
      readonly version: Pick<ObjectVersion, 'name' | 'versionId'>
      readonly untilMs: number
      readonly mode: Retention['mode']
    }
    readonly give: null
  }
  keepsObjects: { readonly take: null; readonly give: boolean | 'unknown' }
  keepNew: { readonly take: Retention; readonly give: null }
  probePuts: { readonly take: null; readonly give: PutGuard }
  delete: { readonly take: string; readonly give: null }
  list: { readonly take: ObjectFolder; readonly give: StoredObject[] }
  /** Where this machine keeps files for the repository. */
  cacheFolder: { readonly take: null; readonly give: string }
  counts: { readonly take: null; readonly give: RequestCounts }
}

export type S3CallName = keyof S3Calls

export interface S3Request<Name extends S3CallName = S3CallName> {
  /** Negative when no reply is wanted. */
  readonly number: number
  readonly call: Name
  readonly take: S3Calls[Name]['take']
  /**
   * Of a thread that waits: two numbers. The first is set to 1, and notified, once the reply is on its way; the second is counted up as long as
   * somebody works on it.
   */
  readonly signal: Int32Array<SharedArrayBuffer> | null
}

export type S3Reply =
  | { readonly number: number; readonly give: unknown }
  | { readonly number: number; readonly error: TransferredError }
