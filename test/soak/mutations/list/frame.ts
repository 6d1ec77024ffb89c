import type { Mutant } from '../mutant.ts'

/** What is sealed and compressed: a frame is opened only whole, in its own place and under its own tag. */
export const frameMutants: readonly Mutant[] = [
  {
    name: 'a wrong GCM tag is let through',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'room.fill(0)\n        throw frameDamage(descriptor, cause)',
    replacement: 'void cause',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'refuses every cut and every flipped bit, tags shorter',
      },
    ],
  },
  {
    name: 'plaintext stays in memory when the tag is wrong',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'room.fill(0)\n        throw',
    replacement: 'throw',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'leaves no plaintext in the target when the tag is wrong',
      },
    ],
  },
  {
    name: 'a GCM tag may be short',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'if (sealedBytes.length !== payloadBytes + frameTagBytes) {',
    replacement: 'if (sealedBytes.length > payloadBytes + frameTagBytes) {',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'refuses every cut and every flipped bit, tags shorter',
      },
    ],
  },
  {
    name: 'the tag of an unencrypted frame is not compared',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'if (!timingSafeEqual(tagOf(payload), sealed.subarray(descriptor.payloadBytes))) {',
    replacement: 'if (sealed.length < descriptor.payloadBytes) {',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'refuses every cut and every flipped bit, tags shorter',
      },
    ],
  },
  {
    name: 'the header is no part of what is sealed',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'additionalData.set(header.subarray(0, objectHeaderBytes), 0)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'refuses a frame from another place, object, repository, type or sealing',
      },
    ],
  },
  {
    name: 'the descriptor is no part of what is sealed',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'writeFrameDescriptor(descriptor, additionalData, objectHeaderBytes)\n      return cipher.open',
    replacement: 'return cipher.open',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'refuses a descriptor that differs in any field',
      },
    ],
  },
  {
    name: 'the frame number is no part of the nonce',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'nonce.writeUInt32LE(frameNumber, nonceFrameNumberOffset)',
    replacement: 'nonce.writeUInt32LE(frameNumber * 0, nonceFrameNumberOffset)',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'encrypts under the frame key with the nonce of the position',
      },
    ],
  },
  {
    name: 'the role is no part of the nonce',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'nonce[0] = role',
    replacement: 'nonce[0] = role * 0',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'uses no key stream twice: 2,000 positions in 10 objects',
      },
    ],
  },
  {
    name: 'a position is sealed twice',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'if (frameNumber <= lastNumberOfRole[role]) {',
    replacement: 'if (frameNumber < -1) {',
    tests: [
      { file: 'test/unit/format/encryption/frame-sealer.test.ts', only: 'seals no position twice' },
    ],
  },
  {
    name: 'all objects have one frame key',
    class: 'tag',
    file: 'src/format/encryption/frame-sealer.ts',
    text: 'createBlobHasher(frameRootKey).hash(salt)',
    replacement: 'createBlobHasher(frameRootKey).hash(salt.subarray(32))',
    tests: [
      {
        file: 'test/unit/format/encryption/frame-sealer.test.ts',
        only: 'gives equal payloads different bytes in different objects',
      },
    ],
  },
  {
    name: 'a frame may have any role',
    class: 'type',
    file: 'src/format/encryption/frame-descriptor.ts',
    text: 'if (role !== frameRoles.body && role !== frameRoles.trailer) {',
    replacement: 'if (role < 0) {',
    tests: [{ file: 'test/unit/format/encryption/frame-descriptor.test.ts' }],
  },
  {
    name: 'reserved bytes of a frame may be anything',
    class: 'type',
    file: 'src/format/encryption/frame-descriptor.ts',
    text: 'if (view.getUint16(2, true) !== 0) {',
    replacement: 'if (view.getUint16(2, true) < 0) {',
    tests: [{ file: 'test/unit/format/encryption/frame-descriptor.test.ts' }],
  },
  {
    name: 'a frame may have any codec',
    class: 'type',
    file: 'src/format/encryption/frame-descriptor.ts',
    text: 'if (codec !== codecs.stored && codec !== codecs.zstd) {',
    replacement: 'if (codec < 0) {',
    tests: [{ file: 'test/unit/format/encryption/frame-descriptor.test.ts' }],
  },
  {
    name: 'a frame may announce any length',
    class: 'bounds',
    file: 'src/format/encryption/frame-descriptor.ts',
    text: 'if (plainBytes > plainBytesMax) {',
    replacement: 'if (plainBytes < 0) {',
    tests: [{ file: 'test/unit/format/encryption/frame-descriptor.test.ts' }],
  },
  {
    name: 'the lengths of a stored frame may differ',
    class: 'bounds',
    file: 'src/format/encryption/frame-descriptor.ts',
    text: 'if (codec === codecs.stored && plainBytes !== payloadBytes) {\n    throw new DamageError',
    replacement: 'if (codec === codecs.stored && plainBytes < 0) {\n    throw new DamageError',
    tests: [{ file: 'test/unit/format/encryption/frame-descriptor.test.ts' }],
  },
  {
    name: 'a compressed frame may be longer than its plaintext',
    class: 'bounds',
    file: 'src/format/encryption/frame-descriptor.ts',
    text: 'if (codec === codecs.zstd && payloadBytes > plainBytes) {',
    replacement: 'if (codec === codecs.zstd && payloadBytes < 0) {',
    tests: [{ file: 'test/unit/format/encryption/frame-descriptor.test.ts' }],
  },
  {
    name: 'a zstd frame may announce another length',
    class: 'bounds',
    file: 'src/format/compression/zstd.ts',
    text: 'if (header.contentBytes !== undefined && header.contentBytes !== plainBytes) {',
    replacement: 'if (header.contentBytes === -1) {',
    tests: [
      {
        file: 'test/unit/format/compression/zstd.test.ts',
        only: 'refuses a length other than the one announced',
      },
    ],
  },
  {
    name: 'something may follow a zstd frame',
    class: 'bounds',
    file: 'src/format/compression/zstd.ts',
    text: 'if (frameBytes !== payload.length) {',
    replacement: 'if (frameBytes > payload.length) {',
    tests: [
      {
        file: 'test/unit/format/compression/zstd.test.ts',
        only: 'refuses two frames, skippable frames and trailing bytes',
      },
    ],
  },
  {
    name: 'an expanded frame may be shorter than announced',
    class: 'bounds',
    file: 'src/format/compression/zstd.ts',
    text: 'if (written !== plainBytes) {',
    replacement: 'if (written > plainBytes) {',
    tests: [
      {
        file: 'test/unit/format/compression/zstd.test.ts',
        only: 'reads a frame that announces no length',
      },
    ],
  },
  {
    name: 'a zstd window may be of any size',
    class: 'bounds',
    file: 'src/format/compression/zstd-header.ts',
    text: 'if (windowBytes > windowBytesMax) {',
    replacement: 'if (windowBytes < 0) {',
    tests: [
      {
        file: 'test/unit/format/compression/zstd.test.ts',
        only: 'refuses windows above 2^27, announced either way',
      },
    ],
  },
  {
    name: 'a zstd frame may ask for a dictionary',
    class: 'type',
    file: 'src/format/compression/zstd-header.ts',
    text: 'if ((flags & dictionaryBits) !== 0) {',
    replacement: 'if (flags < 0) {',
    tests: [
      {
        file: 'test/unit/format/compression/zstd.test.ts',
        only: 'refuses a frame that asks for a dictionary',
      },
    ],
  },
]
