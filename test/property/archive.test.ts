import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gunzipSync } from 'node:zlib'
import { ArchiveFault, type ArchiveEntry } from '../../src/format/archive/archive-entry.ts'
import { encodeTarHeader, paddingOf } from '../../src/format/archive/encode-tar-header.ts'
import { GzipWriter } from '../../src/format/archive/gzip-writer.ts'
import {
  decodePaxRecords,
  encodePaxRecord,
  formatPaxTime,
  parsePaxTime,
} from '../../src/format/archive/pax-records.ts'
import { TarReader } from '../../src/format/archive/tar-reader.ts'
import { parseLine } from '../../src/operations/import/read-history.ts'

const name = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte))))
const path = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map((names) => Buffer.from(names.map((part) => part.toString('latin1')).join('/'), 'latin1'))
const attribute = fc.record({
  name: name.map((bytes) => bytes.subarray(0, 40)),
  value: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
})
const seconds = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 40), max: 2 ** 40 }))
const id = fc.oneof(fc.nat(70_000), fc.nat(0xffff_ffff), fc.constant(0xffff_ffff))

const entry: fc.Arbitrary<ArchiveEntry> = fc
  .record({
    type: fc.constantFrom(
      'file',
      'directory',
      'symlink',
      'hardLink',
      'fifo',
      'characterDevice',
      'blockDevice',
    ),
    path,
    link: path,
    mode: fc.nat(0o7777),
    uid: id,
    gid: id,
    mtimeSeconds: seconds,
    mtimeNs: fc.oneof(fc.constant(0), fc.nat(999_999_999)),
    device: fc.record({ major: id, minor: id }),
    attributes: fc.uniqueArray(attribute, {
      maxLength: 3,
      selector: (item) => item.name.toString('hex'),
    }),
  } as const)
  .map(({ link, device, ...rest }) => ({
    ...rest,
    size: 0,
    linkTarget: rest.type === 'symlink' || rest.type === 'hardLink' ? link : undefined,
    device: rest.type.endsWith('Device') ? device : undefined,
    attributes: rest.attributes.toSorted((one, other) => Buffer.compare(one.name, other.name)),
  }))

/** Entries with their contents, as a reader tells them. */
function read(tar: Buffer, pieceBytes: number): { entry: ArchiveEntry; content: string }[] {
  const found: { entry: ArchiveEntry; content: string }[] = []
  const reader = new TarReader({
    onEntry: (told) => found.push({ entry: told, content: '' }),
    onData: (bytes) => {
      found[found.length - 1].content += bytes.toString('latin1')
    },
    onHole: (bytes) => {
      found[found.length - 1].content += '\0'.repeat(bytes)
    },
    onEntryEnd: () => undefined,
    onComment: () => undefined,
  })
  for (let at = 0; at < tar.length; at += pieceBytes) reader.push(tar.subarray(at, at + pieceBytes))
  reader.finish()
  return found
}

describe('the header codec', () => {
  it('gives back what was written, in pieces of any length', () => {
    const member = fc.tuple(entry, fc.string({ maxLength: 1500, unit: 'binary-ascii' }))
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 5 }),
        fc.integer({ min: 1, max: 2000 }),
        (members, pieceBytes) => {
          const whole = members.map(([told, text]) => ({
            entry: { ...told, size: told.type === 'file' ? text.length : 0 },
            content: told.type === 'file' ? text : '',
          }))
          const tar = Buffer.concat([
            ...whole.flatMap((item) => [
              encodeTarHeader(item.entry),
              Buffer.from(item.content, 'latin1'),
              Buffer.alloc(paddingOf(item.content.length)),
            ]),
            Buffer.alloc(1024),
          ])
          expect(tar.length % 512).toBe(0)
          expect(read(tar, pieceBytes)).toEqual(whole)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('writes sizes of more than 8 GiB', () => {
    for (const size of [8 ** 11 - 1, 8 ** 11, 2 ** 50]) {
      const header = encodeTarHeader({
        type: 'file',
        path: Buffer.from('big'),
        mode: 0o644,
        uid: 0,
        gid: 0,
        size,
        mtimeSeconds: 0,
        mtimeNs: 0,
        attributes: [],
      })
      expect(header.length > 512).toBe(size >= 8 ** 11)
      const sizes: number[] = []
      new TarReader({
        onEntry: (told) => sizes.push(told.size),
        onData: () => undefined,
        onHole: () => undefined,
        onEntryEnd: () => undefined,
        onComment: () => undefined,
      }).push(header)
      expect(sizes).toEqual([size])
    }
  })

  it('answers any bytes with a fault or with entries', () => {
    const template = encodeTarHeader({
      type: 'file',
      path: Buffer.from('x'.repeat(300)),
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 0,
      mtimeSeconds: 1,
      mtimeNs: 1,
      attributes: [{ name: Buffer.from('user.a'), value: Buffer.from('b') }],
    })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(template.length - 1), fc.nat(255)), { maxLength: 8 }),
        (changes) => {
          const tar = Buffer.concat([template, Buffer.alloc(1024)])
          for (const [at, byte] of changes) tar[at] = byte
          try {
            read(tar, 512)
          } catch (error) {
            expect(error).toBeInstanceOf(ArchiveFault)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('pax', () => {
  it('records count their own digits', () => {
    for (let length = 0; length < 1100; length++) {
      const value = Buffer.alloc(length, 'v')
      const record = encodePaxRecord('k', value)
      expect(Number(record.toString('latin1').split(' ')[0])).toBe(record.length)
      expect(decodePaxRecords(record).get('k')).toEqual(value)
    }
  })

  it('times are exact on both sides of 1970', () => {
    fc.assert(
      fc.property(seconds, fc.nat(999_999_999), (whole, ns) => {
        expect(parsePaxTime(Buffer.from(formatPaxTime(whole, ns)))).toEqual({ seconds: whole, ns })
      }),
    )
    expect(formatPaxTime(-2, 500_000_000)).toBe('-1.5')
  })
})

describe('gzip in several threads', () => {
  it('unpacks to what went in, and is the same with any number of them', async () => {
    const pack = async (pieces: readonly Uint8Array[], threads: number): Promise<Buffer> => {
      const parts: Buffer[] = []
      const gzip = new GzipWriter({
        level: 6,
        threads,
        onBytes: async (bytes) => {
          parts.push(Buffer.from(bytes))
        },
      })
      for (const piece of pieces) {
        gzip.write(piece)
        if (gzip.isFull) await gzip.room()
      }
      await gzip.finish()
      return Buffer.concat(parts)
    }
    const lengths = [0, 1, 100, 262_143, 262_144, 262_145, 3_000_000]
    for (const length of lengths) {
      const bytes = Buffer.alloc(length)
      for (let at = 0; at < length; at++) bytes[at] = (at * at) >> (at % 13)
      const one = await pack([bytes], 1)
      expect(gunzipSync(one).equals(bytes)).toBe(true)
      const halves = [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)]
      expect((await pack(halves, 4)).equals(one)).toBe(true)
    }
  })
})

describe('lines of a history', () => {
  it('are records, something else or broken, and never more', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        expect(() => parseLine(line)).not.toThrow()
      }),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('backup_type', 'created_at', 'files', 'metadata', 'checksum', 'status'),
          fc.jsonValue(),
        ),
        (fields) => {
          const record = parseLine(JSON.stringify({ ...fields, backup_id: 'backup_1' }))
          expect(record?.backupId).toBe('backup_1')
        },
      ),
      { numRuns: 1000 },
    )
  })
})
