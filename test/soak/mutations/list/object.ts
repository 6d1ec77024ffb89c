import type { Mutant } from '../mutant.ts'

/** An object is what its name, its header and the repository say of it. */
export const objectMutants: readonly Mutant[] = [
  {
    name: 'the name of an object is not compared with its bytes',
    class: 'hash',
    file: 'src/format/object/object-name.ts',
    text: 'if (found !== id) {',
    replacement: 'if (found.length !== id.length) {',
    tests: [
      {
        file: 'test/unit/format/object/small-object.test.ts',
        only: 'refuse another type, repository, key or name',
      },
    ],
  },
  {
    name: 'an object may be of another type',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (header.type !== expected.type) {',
    replacement: 'if (header.type === undefined) {',
    tests: [{ file: 'test/unit/format/object/object-header.test.ts' }],
  },
  {
    name: 'an unencrypted object is taken in an encrypted repository',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (header.sealed !== expected.sealed) {',
    replacement: 'if (header.sealed === undefined) {',
    tests: [{ file: 'test/unit/format/object/object-header.test.ts' }],
  },
  {
    name: 'an object of another repository is taken',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (!header.repositoryId.equals(expected.repositoryId)) {',
    replacement: 'if (header.repositoryId.length === 0) {',
    tests: [{ file: 'test/unit/format/object/object-header.test.ts' }],
  },
  {
    name: 'an object need not begin like one',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (!head.subarray(0, magic.length).equals(magic)) {',
    replacement: 'if (head.length === 0) {',
    tests: [
      {
        file: 'test/unit/format/object/object-header.test.ts',
        only: 'refuses every cut and every flipped bit of the fields it checks itself',
      },
    ],
  },
  {
    name: 'a newer version of the format is read as this one',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (version > formatVersion) {',
    replacement: 'if (version < 0) {',
    tests: [
      {
        file: 'test/unit/format/object/object-header.test.ts',
        only: 'tells a newer version from damage',
      },
    ],
  },
  {
    name: 'an older version of the format is read as this one',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (version !== formatVersion) {',
    replacement: 'if (version < 0) {',
    tests: [
      {
        file: 'test/unit/format/object/object-header.test.ts',
        only: 'tells a newer version from damage',
      },
    ],
  },
  {
    name: 'reserved bytes of a header may be anything',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (head.subarray(zeroOffset, repositoryIdOffset).some((byte) => byte !== 0)) {',
    replacement: 'if (head.length === 0) {',
    tests: [
      {
        file: 'test/unit/format/object/object-header.test.ts',
        only: 'refuses every cut and every flipped bit of the fields it checks itself',
      },
    ],
  },
  {
    name: 'sealing may be anything',
    class: 'type',
    file: 'src/format/object/object-header.ts',
    text: 'if (sealing > 1) {',
    replacement: 'if (sealing < 0) {',
    tests: [
      {
        file: 'test/unit/format/object/object-header.test.ts',
        only: 'refuses a sealing that there is not',
      },
    ],
  },
  {
    name: 'a small object is read without its name',
    class: 'hash',
    file: 'src/format/object/small-object.ts',
    text: 'if (id !== undefined) checkObjectId(bytes, type, id)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/format/object/small-object.test.ts',
        only: 'refuse another type, repository, key or name',
      },
    ],
  },
  {
    name: 'the header of a small object is not checked',
    class: 'type',
    file: 'src/format/object/small-object.ts',
    text: 'checkObjectHeader(decodeObjectHeader(bytes), expected)',
    replacement: 'decodeObjectHeader(bytes)',
    tests: [{ file: 'test/unit/format/object/small-object.test.ts' }],
  },
  {
    name: 'the frame of a small object may belong to another place',
    class: 'type',
    file: 'src/format/object/small-object.ts',
    text: 'if (descriptor.role !== frameRoles.body || descriptor.frameNumber !== 0) {',
    replacement: 'if (descriptor.frameNumber < 0) {',
    tests: [
      {
        file: 'test/unit/format/object/small-object.test.ts',
        only: 'refuse a frame that was sealed for another place, by whoever has the key',
      },
    ],
  },
]
