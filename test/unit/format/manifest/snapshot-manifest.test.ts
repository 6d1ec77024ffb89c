import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { createCompressor } from '../../../../src/format/compression/zstd.ts'
import {
  decodeSnapshotManifest,
  encodeSnapshotManifest,
} from '../../../../src/format/manifest/snapshot-manifest.ts'
import { openSmallObject, sealSmallObject } from '../../../../src/format/object/small-object.ts'
import type { SnapshotManifest } from '../../../../src/model/snapshot.ts'
import { frameRootKey, repositoryId } from '../object/fixed-repository.ts'
import { acceptedChanges, errorOf } from '../object/refusals.ts'
import { manifest } from './manifest-fixture.ts'

function decodeWith(change: object): SnapshotManifest {
  return decodeSnapshotManifest(Buffer.from(JSON.stringify({ ...manifest, ...change })))
}

describe('encodeSnapshotManifest()', () => {
  it('writes the pinned text', () => {
    expect(encodeSnapshotManifest(manifest).toString()).toBe(
      '{"version":1,"backupId":"backup_1767225600","type":"incremental",' +
        '"startedAtMs":1767225600000,"endedAtMs":1767225661234,' +
        '"recordedAtMs":1767225661240,"leaseId":null,"hostname":"host","username":"ada",' +
        '"base":"/","paths":["/srv/data","/srv/größe",{"base64":"L3Nydi//"}],' +
        `"tree":{"id":"${'ab'.repeat(32)}","bytes":4096},"parentId":"${'cd'.repeat(32)}",` +
        `"knownDamage":["${'ef'.repeat(32)}"],` +
        '"description":"nightly \\"run\\"\\n","tags":["nightly"],"excludes":["*.tmp"],' +
        '"statistics":{"files":1,"directories":2,"others":3,"bytes":4503599627370497,' +
        '"newFiles":5,"changedFiles":6,"unchangedFiles":7,"dataBlobsAdded":8,' +
        '"dataBytesAdded":9,"treeBlobsAdded":10,"treeBytesAdded":11,"storedBytesAdded":12,' +
        '"unreadable":13},"unreadable":[{"path":"/srv/secret","message":"permission denied"}],' +
        '"program":"holdfast 0.1.0"}',
    )
  })

  it('writes what it is a copy of before the description', () => {
    const original = { snapshotId: '2b'.repeat(32), repositoryId: '1a'.repeat(16) }
    const written = encodeSnapshotManifest({ ...manifest, original })
    const text = `"original":{"repositoryId":"${'1a'.repeat(16)}","snapshotId":"${'2b'.repeat(32)}"}`
    const plain = encodeSnapshotManifest(manifest).toString()
    expect(written.toString()).toBe(plain.replace(',"description"', `,${text},"description"`))
    expect(decodeSnapshotManifest(written)).toEqual({ ...manifest, original })
    expect(decodeSnapshotManifest(Buffer.from(plain))).not.toHaveProperty('original')
  })

  it('gives the same bytes whatever the order of the fields, and leaves others out', () => {
    const reversed = Object.fromEntries(Object.entries({ ...manifest, id: 'x' }).reverse())
    const bytes = encodeSnapshotManifest(reversed as unknown as SnapshotManifest)
    expect(bytes).toEqual(encodeSnapshotManifest(manifest))
  })

  it.each([
    ['a field of another type', { hostname: 7 as unknown as string }],
    ['a number that JSON cannot carry', { endedAtMs: Number.NaN }],
    ['half of a surrogate pair in a path', { paths: ['/\ud800'] }],
    ['more than 1,000 unreadable paths', { unreadable: Array(1_001).fill(manifest.unreadable[0]) }],
  ])('refuses %s', (_name, change) => {
    expect(() => encodeSnapshotManifest({ ...manifest, ...change })).toThrow(RangeError)
  })
})

describe('decodeSnapshotManifest()', () => {
  it('reads back what was written', () => {
    expect(decodeSnapshotManifest(encodeSnapshotManifest(manifest))).toEqual(manifest)
    expect(decodeWith({ parentId: null }).parentId).toBeNull()
  })

  it.each([
    ['original', { original: 'text' }],
    ['original.repositoryId', { original: { repositoryId: '1A', snapshotId: '2b'.repeat(32) } }],
    ['original.snapshotId', { original: { repositoryId: '1a'.repeat(16) } }],
    ['version', { version: 2 }],
    ['version', { version: '1' }],
    ['backupId', { backupId: 'backup_' }],
    ['backupId', { backupId: '../backup_1' }],
    ['backupId', { backupId: 'backup_1\n' }],
    ['type', { type: 'toString' }],
    ['startedAtMs', { startedAtMs: -1 }],
    ['startedAtMs', { startedAtMs: 1.5 }],
    ['endedAtMs', { endedAtMs: 2 ** 53 }],
    ['endedAtMs', { endedAtMs: '5' }],
    ['hostname', { hostname: null }],
    ['hostname', { hostname: 'x'.repeat(1_048_577) }],
    ['username', { username: undefined }],
    ['base', { base: 'srv' }],
    ['base', { base: '' }],
    ['base', { base: undefined }],
    ['paths', { paths: {} }],
    ['paths', { paths: { length: 3 } }],
    ['paths[1]', { paths: ['/a', ''] }],
    ['paths[0]', { paths: ['/a\0b'] }],
    ['paths[0]', { paths: [{ base64: 'AA==' }] }],
    ['paths[0]', { paths: [{ base64: 'not base64' }] }],
    ['paths[0]', { paths: [{ base64: 'YQ' }] }],
    ['paths[0]', { paths: [{}] }],
    ['paths[0]', { paths: [[]] }],
    ['paths[0]', { paths: [null] }],
    ['tree', { tree: null }],
    ['tree', { tree: [] }],
    ['tree.id', { tree: { id: 'AB'.repeat(32), bytes: 1 } }],
    ['tree.id', { tree: { id: 'ab'.repeat(31), bytes: 1 } }],
    ['tree.bytes', { tree: { id: 'ab'.repeat(32), bytes: 0 } }],
    ['tree.bytes', { tree: { id: 'ab'.repeat(32), bytes: 33_554_433 } }],
    ['parentId', { parentId: '' }],
    ['parentId', { parentId: undefined }],
    ['description', { description: {} }],
    ['tags', { tags: 'nightly' }],
    ['tags[0]', { tags: [1] }],
    ['excludes[1]', { excludes: ['a', null] }],
    ['statistics', { statistics: [] }],
    ['statistics.files', { statistics: {} }],
    ['statistics.others', { statistics: { ...manifest.statistics, others: -1 } }],
    ['unreadable', { unreadable: Array(1_001).fill(manifest.unreadable[0]) }],
    ['unreadable[0]', { unreadable: [7] }],
    ['unreadable[0].path', { unreadable: [{ message: 'm' }] }],
    ['unreadable[0].message', { unreadable: [{ path: '/a' }] }],
    ['program', { program: 1 }],
  ])('refuses a wrong %s and names it: %j', (field, change) => {
    const error = errorOf(() => decodeWith(change))
    expect(error).toBeInstanceOf(DamageError)
    expect(error).toMatchObject({ code: 'OBJECT_DAMAGED', facts: { field } })
  })

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['deep nesting', '['.repeat(200_000)],
    ['two documents', '{}{}'],
    ['a byte order mark', '\ufeff{}'],
  ])('refuses %s', (_name, text) => {
    expect(() => decodeSnapshotManifest(Buffer.from(text))).toThrow(DamageError)
  })

  it('refuses bytes that are not UTF-8', () => {
    const bytes = encodeSnapshotManifest(manifest)
    bytes[bytes.indexOf('host')] = 0xff
    expect(() => decodeSnapshotManifest(bytes)).toThrow(/UTF-8/)
  })

  it('takes nothing from a prototype and gives nothing to one', () => {
    const text = encodeSnapshotManifest(manifest).toString()
    const polluted = text.replace('{"version"', '{"__proto__":{"polluted":true},"version"')
    const read = decodeSnapshotManifest(Buffer.from(polluted))
    expect(read).toEqual(manifest)
    expect(Object.hasOwn(read, '__proto__')).toBe(false)
    expect('polluted' in {}).toBe(false)
    const hidden = JSON.stringify({ ...manifest, program: undefined })
    const inherited = hidden.replace('{"version"', '{"__proto__":{"program":"x"},"version"')
    expect(() => decodeSnapshotManifest(Buffer.from(inherited))).toThrow(/program/)
  })
})

describe('snapshot objects', () => {
  it.each([true, false])('refuse every cut and every flipped bit, encrypted: %s', (sealed) => {
    const kind = { type: 'snapshot' as const, repositoryId, sealed, frameRootKey }
    const plaintext = encodeSnapshotManifest(manifest)
    const { bytes } = sealSmallObject({ ...kind, plaintext, compressor: createCompressor(3) })
    const open = (changed: Buffer) => decodeSnapshotManifest(openSmallObject(changed, kind))
    expect(open(bytes)).toEqual(manifest)
    expect(acceptedChanges(bytes, open)).toEqual([])
  })
})
