import type { Mutant } from '../mutant.ts'

/** Keys and configuration, which are read before anything can be opened with a key. */
export const textObjectMutants: readonly Mutant[] = [
  {
    name: 'the commitment of a key slot is not compared',
    class: 'tag',
    file: 'src/format/encryption/key-slot.ts',
    text: 'if (expected.length !== commitment.length || !timingSafeEqual(commitment, expected)) return null',
    replacement: 'if (expected.length !== commitment.length) return null',
    tests: [
      {
        file: 'test/unit/format/encryption/key-slot.test.ts',
        only: 'takes another salt, cost or commitment for another passphrase',
      },
    ],
  },
  {
    name: 'the cost of a key slot has no bounds',
    class: 'bounds',
    file: 'src/format/encryption/key-slot.ts',
    text: 'if (problem !== undefined)',
    replacement: "if (problem === '')",
    tests: [{ file: 'test/unit/format/encryption/key-slot.test.ts' }],
  },
  {
    name: 'a key slot is bound to no repository and no id',
    class: 'tag',
    file: 'src/format/encryption/key-slot.ts',
    text: 'decipher.setAAD(additionalDataOf(slot.repositoryId, slot.slotId))',
    replacement: "decipher.setAAD(additionalDataOf('', ''))",
    tests: [{ file: 'test/unit/format/encryption/key-slot.test.ts' }],
  },
  {
    name: 'the tag of a key slot is not checked',
    class: 'tag',
    file: 'src/format/encryption/key-slot.ts',
    text: 'return Buffer.concat([secret, decipher.final()])',
    replacement: 'return secret',
    tests: [{ file: 'test/unit/format/encryption/key-slot.test.ts' }],
  },
  {
    name: 'the hash line of a text object is not compared',
    class: 'hash',
    file: 'src/format/text-object/text-object.ts',
    text: 'if (!timingSafeEqual(expected, bytes.subarray(secondEnd + 1))) {',
    replacement: 'if (bytes.length === 0) {',
    tests: [
      {
        file: 'test/unit/format/text-object/text-object.test.ts',
        only: 'refuses every cut and every flipped bit',
      },
    ],
  },
  {
    name: 'something may follow a text object',
    class: 'bounds',
    file: 'src/format/text-object/text-object.ts',
    text: 'if (bytes.length !== secondEnd + 1 + hashLineBytes) {',
    replacement: 'if (bytes.length < secondEnd + 1 + hashLineBytes) {',
    tests: [{ file: 'test/unit/format/text-object/text-object.test.ts' }],
  },
  {
    name: 'a text object may be of any length',
    class: 'bounds',
    file: 'src/format/text-object/text-object.ts',
    text: 'if (bytes.length > textObjectBytesMax) throw damage',
    replacement: 'if (bytes.length < 0) throw damage',
    tests: [
      {
        file: 'test/unit/format/text-object/text-object.test.ts',
        only: 'refuses more than 1 MiB, although its hash is right',
      },
    ],
  },
  {
    name: 'the mac of the configuration is not compared',
    class: 'tag',
    file: 'src/format/text-object/repository-config.ts',
    text: 'if (!timingSafeEqual(macOf(decoded.coveredText, configKey), decoded.mac)) {',
    replacement: 'if (decoded.mac.length === 0) {',
    tests: [
      {
        file: 'test/unit/format/text-object/repository-config.test.ts',
        only: 'refuses a mac made under another key',
      },
    ],
  },
  {
    name: 'the configuration is believed without its mac',
    class: 'tag',
    file: 'src/repository/open-repository.ts',
    text: 'checkRepositoryConfigMac(decoded, keys.configKey)\n',
    replacement: '\n',
    tests: [{ file: 'test/integration/forged-config.test.ts' }],
  },
]
