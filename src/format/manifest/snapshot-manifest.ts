import { backupTypes } from '../../model/snapshot.ts'
import type {
  PathText,
  SnapshotManifest,
  SnapshotOrigin,
  SnapshotStatistics,
  UnreadablePath,
} from '../../model/snapshot.ts'
import { isObjectId } from '../../model/ids.ts'
import { framePlainBytesMax } from '../encryption/frame-descriptor.ts'
import { createFieldReader, fieldDamage } from '../text-object/field-reader.ts'
import type { FieldReader } from '../text-object/field-reader.ts'
import { decodeUtf8, isJsonObject, parseJsonObject } from '../text-object/json-text.ts'
import { decodePathText } from './path-text.ts'

/** What a writer has to keep to; all of it together must stay below 32 MiB of JSON. */
export const snapshotLimits = {
  /** Characters of a text, of a path and of a message. */
  textLength: 1_048_576,
  /** Items of `paths`, `tags` and `excludes`. */
  itemCount: 100_000,
  unreadableCount: 1_000,
} as const

const objectName = 'snapshot'
const statisticsFields = [
  'files',
  'directories',
  'others',
  'bytes',
  'newFiles',
  'changedFiles',
  'unchangedFiles',
  'dataBlobsAdded',
  'dataBytesAdded',
  'treeBlobsAdded',
  'treeBytesAdded',
  'storedBytesAdded',
  'unreadable',
] as const satisfies readonly (keyof SnapshotStatistics)[]

/**
 * Writes the plaintext of a snapshot object (docs/FORMAT.md, section 11): JSON without spaces, its
 * fields in the order of the format, so that equal manifests give equal bytes.
 *
 * @throws {RangeError} when the manifest breaks a rule that `decodeSnapshotManifest` checks.
 */
export function encodeSnapshotManifest(manifest: SnapshotManifest): Buffer {
  const { statistics, tree } = manifest
  const ordered: SnapshotManifest = {
    version: 1,
    backupId: manifest.backupId,
    type: manifest.type,
    startedAtMs: manifest.startedAtMs,
    endedAtMs: manifest.endedAtMs,
    recordedAtMs: manifest.recordedAtMs,
    leaseId: manifest.leaseId,
    hostname: wholeText(manifest.hostname),
    username: wholeText(manifest.username),
    base: orderPath(manifest.base),
    paths: manifest.paths.map(orderPath),
    tree: { id: tree.id, bytes: tree.bytes },
    parentId: manifest.parentId,
    knownDamage: manifest.knownDamage,
    ...(manifest.repairedFrom !== undefined && { repairedFrom: manifest.repairedFrom }),
    ...(manifest.original !== undefined && { original: orderOrigin(manifest.original) }),
    description: wholeText(manifest.description),
    tags: manifest.tags.map(wholeText),
    excludes: manifest.excludes,
    statistics: orderStatistics((field) => statistics[field]),
    unreadable: manifest.unreadable.map(({ path, message }) => ({
      path: orderPath(path),
      message: wholeText(message),
    })),
    program: manifest.program,
  }
  const bytes = Buffer.from(JSON.stringify(ordered), 'utf8')
  if (bytes.length > framePlainBytesMax) throw new RangeError('The manifest is longer than 32 MiB')
  try {
    decodeSnapshotManifest(bytes)
  } catch (cause) {
    throw new RangeError('The manifest is not valid', { cause })
  }
  return bytes
}

/**
 * Reads the plaintext of a snapshot object. Unknown fields are left out.
 *
 * @throws {DamageError} `OBJECT_DAMAGED`, naming the field.
 */
export function decodeSnapshotManifest(plaintext: Uint8Array): SnapshotManifest {
  const text = decodeUtf8(plaintext, objectName)
  const fields = createFieldReader(parseJsonObject(text, objectName), objectName)
  return {
    version: fields.literal('version', [1]),
    backupId: readBackupId(fields),
    type: fields.literal('type', backupTypes),
    startedAtMs: fields.time('startedAtMs'),
    endedAtMs: fields.time('endedAtMs'),
    recordedAtMs: isAbsent(fields, 'recordedAtMs') ? null : fields.time('recordedAtMs'),
    leaseId: isAbsent(fields, 'leaseId') ? null : fields.hex('leaseId', 16),
    hostname: fields.text('hostname', snapshotLimits.textLength),
    username: fields.text('username', snapshotLimits.textLength),
    base: readBase(fields),
    paths: fields.list('paths', { itemCountMax: snapshotLimits.itemCount }, readPath),
    tree: readTree(fields.object('tree')),
    parentId: readParentId(fields),
    knownDamage: isAbsent(fields, 'knownDamage')
      ? []
      : fields.list('knownDamage', { itemCountMax: snapshotLimits.itemCount }, readObjectId),
    ...(!isAbsent(fields, 'repairedFrom') && { repairedFrom: fields.hex('repairedFrom', 32) }),
    ...(!isAbsent(fields, 'original') && { original: readOrigin(fields.object('original')) }),
    description: fields.text('description', snapshotLimits.textLength),
    tags: readTexts(fields, 'tags'),
    excludes: readTexts(fields, 'excludes'),
    statistics: readStatistics(fields.object('statistics')),
    unreadable: fields.list(
      'unreadable',
      { itemCountMax: snapshotLimits.unreadableCount },
      readUnreadable,
    ),
    program: fields.text('program', snapshotLimits.textLength),
  }
}

function orderPath(path: PathText): PathText {
  return typeof path === 'string' ? path : { base64: path.base64 }
}

/** Half of a surrogate pair has no bytes in UTF-8 and becomes U+FFFD: a backup must not fail by its description. */
function wholeText(text: string): string {
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text, 'utf8').toString('utf8') : text
}

function orderStatistics(
  valueOf: (field: (typeof statisticsFields)[number]) => number,
): SnapshotStatistics {
  const values = statisticsFields.map((field) => [field, valueOf(field)] as const)
  return Object.fromEntries(values) as unknown as SnapshotStatistics
}

function readStatistics(fields: FieldReader): SnapshotStatistics {
  return orderStatistics((field) => fields.integer(field))
}

function orderOrigin({ repositoryId, snapshotId }: SnapshotOrigin): SnapshotOrigin {
  return { repositoryId, snapshotId }
}

function readOrigin(fields: FieldReader): SnapshotOrigin {
  return { repositoryId: fields.hex('repositoryId', 16), snapshotId: fields.hex('snapshotId', 32) }
}

function readBackupId(fields: FieldReader): string {
  const text = fields.text('backupId', 32)
  if (!/^backup_[0-9]{1,16}$/.test(text)) throw fields.damage('backupId', 'it is no backup id')
  return text
}

function readBase(fields: FieldReader): PathText {
  const base = readPath(fields.raw('base'), 'base')
  if (decodePathText(base)[0] !== 0x2f) throw fields.damage('base', 'it is no absolute path')
  return base
}

function readTree(fields: FieldReader): SnapshotManifest['tree'] {
  return {
    id: fields.hex('id', 32),
    bytes: fields.integer('bytes', { min: 1, max: framePlainBytesMax }),
  }
}

function readParentId(fields: FieldReader): string | null {
  const value = fields.raw('parentId')
  if (value === null) return null
  if (typeof value !== 'string' || !isObjectId(value)) {
    throw fields.damage('parentId', 'it is neither null nor a snapshot id')
  }
  return value
}

/** Writers before these fields left them out. */
function isAbsent(fields: FieldReader, name: string): boolean {
  return fields.raw(name) === undefined || fields.raw(name) === null
}

function readObjectId(value: unknown, name: string): string {
  const text = readText(value, name)
  if (!isObjectId(text)) throw fieldDamage(objectName, name, 'it is no object id')
  return text
}

function readTexts(fields: FieldReader, name: string): string[] {
  return fields.list(name, { itemCountMax: snapshotLimits.itemCount }, readText)
}

function readText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw fieldDamage(objectName, name, 'it is no text')
  if (value.length > snapshotLimits.textLength) {
    throw fieldDamage(objectName, name, `${value.length} characters are too many`)
  }
  return value
}

function readUnreadable(value: unknown, name: string): UnreadablePath {
  if (!isJsonObject(value)) throw fieldDamage(objectName, name, 'it is no object')
  const fields = createFieldReader(value, objectName, `${name}.`)
  return {
    path: readPath(fields.raw('path'), `${name}.path`),
    message: fields.text('message', snapshotLimits.textLength),
  }
}

function readPath(value: unknown, name: string): PathText {
  const path = typeof value === 'string' ? readTextPath(value, name) : readBytePath(value, name)
  const bytes = decodePathText(path)
  if (bytes.length === 0) throw fieldDamage(objectName, name, 'the path is empty')
  if (bytes.includes(0)) throw fieldDamage(objectName, name, 'the path holds a zero byte')
  return path
}

function readTextPath(value: string, name: string): string {
  const text = readText(value, name)
  // Half of a surrogate pair has no bytes: it would silently become another path.
  if (/\p{Surrogate}/u.test(text)) throw fieldDamage(objectName, name, 'it is no UTF-8')
  return text
}

function readBytePath(value: unknown, name: string): PathText {
  if (!isJsonObject(value)) throw fieldDamage(objectName, name, 'it is no path')
  const base64 = readText(Object.hasOwn(value, 'base64') ? value['base64'] : undefined, name)
  if (Buffer.from(base64, 'base64').toString('base64') !== base64) {
    throw fieldDamage(objectName, name, 'it is no Base64')
  }
  return { base64 }
}
