import type { Mutant } from '../mutant.ts'

/** Where blobs lie in a pack, and that the blob given out is the one asked for. */
export const packMutants: readonly Mutant[] = [
  {
    name: 'the length of a pack in its footer is not compared',
    class: 'bounds',
    file: 'src/format/pack/pack-footer.ts',
    text: 'if (view.readBigUInt64LE(packBytesAt) !== BigInt(packBytes)) {',
    replacement: 'if (packBytes < 0) {',
    tests: [{ file: 'test/unit/format/pack/pack-footer.test.ts' }],
  },
  {
    name: 'a pack may end in anything',
    class: 'type',
    file: 'src/format/pack/pack-footer.ts',
    text: 'if (!view.subarray(magicAt).equals(magic)) throw',
    replacement: 'if (packBytes < 0) throw',
    tests: [{ file: 'test/unit/format/pack/pack-footer.test.ts' }],
  },
  {
    name: 'reserved bytes of a footer may be anything',
    class: 'type',
    file: 'src/format/pack/pack-footer.ts',
    text: 'if (view.subarray(zeroAt, paddingAt).some((byte) => byte !== 0)) {',
    replacement: 'if (packBytes < 0) {',
    tests: [{ file: 'test/unit/format/pack/pack-footer.test.ts' }],
  },
  {
    name: 'a pack may be of any length',
    class: 'bounds',
    file: 'src/format/pack/pack-footer.ts',
    text: 'if (packBytes > packBytesMax) throw',
    replacement: 'if (packBytes < 0) throw',
    tests: [{ file: 'test/unit/format/pack/pack-footer.test.ts' }],
  },
  {
    name: 'the lengths in a footer may be more than the pack',
    class: 'bounds',
    file: 'src/format/pack/pack-footer.ts',
    text: 'if (fixedBytes + paddingBytes + trailerPayloadBytes > packBytes) {',
    replacement: 'if (paddingBytes < 0) {',
    tests: [{ file: 'test/unit/format/pack/pack-footer.test.ts' }],
  },
  {
    name: 'the lengths of a trailer have no bounds',
    class: 'bounds',
    file: 'src/format/pack/pack-footer.ts',
    text: 'const trailerCodec = checkFrameLengths(view[codecAt], {\n    plainBytes: trailerPlainBytes,\n    payloadBytes: trailerPayloadBytes,\n    plainBytesMax: listPlainBytesMax,\n  })',
    replacement: 'const trailerCodec = view[codecAt] as Codec',
    tests: [{ file: 'test/unit/format/pack/pack-footer.test.ts' }],
  },
  {
    name: 'the hash of a pack is not compared with its name',
    class: 'hash',
    file: 'src/format/pack/pack-reader.ts',
    text: "if (id !== undefined) checkObjectId(bytes, 'pack', id)",
    replacement: '',
    tests: [
      {
        file: 'test/unit/format/pack/pack-reader.test.ts',
        only: 'in the padding too, when the name is known',
      },
    ],
  },
  {
    name: 'the header of a pack is not checked',
    class: 'type',
    file: 'src/format/pack/pack-reader.ts',
    text: "checkObjectHeader(header, { type: 'pack', sealed, repositoryId })",
    replacement: '',
    tests: [
      {
        file: 'test/unit/format/pack/pack-reader.test.ts',
        only: 'refuse the reader of another repository, key or sealing',
      },
    ],
  },
  {
    name: 'segments and padding need not end where the trailer begins',
    class: 'bounds',
    file: 'src/format/pack/pack-reader.ts',
    text: 'if (trailer.segmentsEnd + footer.paddingBytes !== trailerOffset(footer)) {',
    replacement: 'if (trailer.segmentsEnd < 0) {',
    tests: [
      {
        file: 'test/unit/format/pack/pack-reader.test.ts',
        only: 'refuse padding that the footer does not tell of',
      },
    ],
  },
  {
    name: 'the lengths of a segment have no bounds',
    class: 'bounds',
    file: 'src/format/pack/pack-reader.ts',
    text: 'checkFrameLengths(codec, { plainBytes, payloadBytes, plainBytesMax: framePlainBytesMax })',
    replacement: '',
    tests: [{ file: 'test/unit/format/pack/pack-reader.test.ts' }],
  },
  {
    name: 'a trailer may have any number of segments',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (segmentCount > segmentCountMax) throw',
    replacement: 'if (segmentCount < 0) throw',
    tests: [
      {
        file: 'test/unit/format/pack/pack-trailer.test.ts',
        only: 'refuses more than 65,536 segments, even when they are there',
      },
    ],
  },
  {
    name: 'a trailer may have any number of blobs',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (blobCount > blobCountMax) throw',
    replacement: 'if (blobCount < 0) throw',
    tests: [
      {
        file: 'test/unit/format/pack/pack-trailer.test.ts',
        only: 'refuses more than 4,194,304 blobs, even when they are there',
      },
    ],
  },
  {
    name: 'a trailer may be longer than its counts say',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (bytes.length !== expectedBytes) {',
    replacement: 'if (bytes.length < expectedBytes) {',
    tests: [{ file: 'test/unit/format/pack/pack-trailer.test.ts' }],
  },
  {
    name: 'a trailer may have blobs of any kind',
    class: 'type',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (kinds[index] > blobKinds.tree) throw',
    replacement: 'if (kinds[index] < 0) throw',
    tests: [{ file: 'test/unit/format/pack/pack-trailer.test.ts' }],
  },
  {
    name: 'reserved bytes of a trailer may be anything',
    class: 'type',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (view.getUint16(at + zeroAt, true) !== 0) throw',
    replacement: 'if (view.getUint16(at + zeroAt, true) < 0) throw',
    tests: [{ file: 'test/unit/format/pack/pack-trailer.test.ts' }],
  },
  {
    name: 'a segment may have an empty payload',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (payloadBytes === 0) throw',
    replacement: 'if (payloadBytes < 0) throw',
    tests: [{ file: 'test/unit/format/pack/pack-trailer.test.ts' }],
  },
  {
    name: 'the lengths of segments in a trailer have no bounds',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'checkFrameLengths(codec, { plainBytes, payloadBytes, plainBytesMax: framePlainBytesMax })',
    replacement: '',
    tests: [{ file: 'test/unit/format/pack/pack-trailer.test.ts' }],
  },
  {
    name: 'blobs may be in no segment',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (blobsSeen !== blobCount) throw',
    replacement: 'if (blobsSeen < 0) throw',
    tests: [
      {
        file: 'test/unit/format/pack/pack-trailer.test.ts',
        only: 'refuses a blob that is in no segment',
      },
    ],
  },
  {
    name: 'segments may be longer than a pack',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (segmentsEnd > packBytesMax) throw',
    replacement: 'if (segmentsEnd < 0) throw',
    tests: [
      {
        file: 'test/unit/format/pack/pack-trailer.test.ts',
        only: 'refuses segments that are longer than a pack together',
      },
    ],
  },
  {
    name: 'a blob may be empty',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (blobLengths[blob] === 0) throw',
    replacement: 'if (blobLengths[blob] < 0) throw',
    tests: [{ file: 'test/unit/format/pack/pack-trailer.test.ts' }],
  },
  {
    name: 'the blobs of a segment need not fill it',
    class: 'bounds',
    file: 'src/format/pack/pack-trailer.ts',
    text: 'if (sum !== plainBytes[index]) throw',
    replacement: 'if (sum < 0) throw',
    tests: [
      {
        file: 'test/unit/format/pack/pack-trailer.test.ts',
        only: 'refuses blob lengths that only add up modulo 2^32',
      },
    ],
  },
  {
    name: 'a blob is given out without its hash',
    class: 'hash',
    file: 'src/repository/blob-reader.ts',
    text: 'if (!this.proves(kind, id, bytes)) {',
    replacement: 'if (bytes.length < 0) {',
    tests: [
      {
        file: 'test/unit/repository/blob-reader.test.ts',
        only: 'gives no other blob, although its bytes are as they were sealed',
      },
    ],
  },
  {
    name: 'a blob may have another length or kind than its reference says',
    class: 'type',
    file: 'src/repository/blob-reader.ts',
    text: 'if (location.length !== lengthBytes || location.kind !== kind) {',
    replacement: 'if (location.length < 0) {',
    tests: [
      {
        file: 'test/unit/repository/blob-reader.test.ts',
        only: 'gives no blob of another length or kind than its reference says',
      },
    ],
  },
]
