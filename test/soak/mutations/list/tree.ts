import type { Mutant } from '../mutant.ts'

/** Pages of directories and lists of chunks: nothing in them is taken for what it cannot be. */
export const treeMutants: readonly Mutant[] = [
  {
    name: 'names of a page may be in any order',
    class: 'bounds',
    file: 'src/format/tree/tree-page.ts',
    text: 'if (index > 0 && compareByteRanges(bytes, previousStart, start, bytes, start, end) >= 0) {',
    replacement: 'if (index > 0 && previousStart < 0) {',
    tests: [
      {
        file: 'test/unit/format/tree/tree-page.test.ts',
        only: 'refuses names that are out of order, equal, or in signed order',
      },
    ],
  },
  {
    name: 'a page may have the name of a way out',
    class: 'bounds',
    file: 'src/format/tree/tree-page.ts',
    text: 'if (!isEntryName(bytes, start, end)) refuse',
    replacement: 'if (end < 0) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'a page may be longer than its parts',
    class: 'bounds',
    file: 'src/format/tree/tree-page.ts',
    text: 'if (end !== bytes.length) refuse',
    replacement: 'if (end > bytes.length) refuse',
    tests: [
      {
        file: 'test/unit/format/tree/tree-page.test.ts',
        only: 'refuses a header that tells of fewer bytes than there are',
      },
    ],
  },
  {
    name: 'a page may have any number of entries',
    class: 'bounds',
    file: 'src/format/tree/tree-page.ts',
    text: 'if (entryCount > pageEntryCountMax) refuse',
    replacement: 'if (entryCount < 0) refuse',
    tests: [
      {
        file: 'test/unit/format/tree/tree-page.test.ts',
        only: 'refuses 65,537 entries even when they are there',
      },
    ],
  },
  {
    name: 'lengths of entries need not add up',
    class: 'bounds',
    file: 'src/format/tree/tree-page.ts',
    text: 'if (sum !== end) refuse',
    replacement: 'if (sum < 0) refuse',
    tests: [
      {
        file: 'test/unit/format/tree/tree-page.test.ts',
        only: 'refuses lengths that leave bytes over',
      },
    ],
  },
  {
    name: 'a page of another level is taken',
    class: 'bounds',
    file: 'src/format/tree/directory-reader.ts',
    text: 'if (child.level !== page.level - 1) {',
    replacement: 'if (child.level < 0) {',
    tests: [
      {
        file: 'test/unit/format/tree/directory-reader.test.ts',
        only: 'refuses a page of the wrong level, so a cycle ends at once',
      },
    ],
  },
  {
    name: 'a page may have another number of entries than its reference says',
    class: 'bounds',
    file: 'src/format/tree/directory-reader.ts',
    text: 'if (countEntries(child) !== page.sizeOf(index)) {',
    replacement: 'if (countEntries(child) < 0) {',
    tests: [{ file: 'test/unit/format/tree/directory-reader.test.ts' }],
  },
  {
    name: 'a page may begin with another name than its reference says',
    class: 'bounds',
    file: 'src/format/tree/directory-reader.ts',
    text: 'if (compareAcross(child, 0, page, index) !== 0) {',
    replacement: 'if (child.level < 0) {',
    tests: [{ file: 'test/unit/format/tree/directory-reader.test.ts' }],
  },
  {
    name: 'names of two pages may overlap',
    class: 'bounds',
    file: 'src/format/tree/directory-reader.ts',
    text: 'if (bound !== undefined && compareAcross(child, last, bound.page, bound.index) >= 0) {',
    replacement: 'if (bound !== undefined && last < 0) {',
    tests: [{ file: 'test/unit/format/tree/directory-reader.test.ts' }],
  },
  {
    name: 'a page may have another length than its reference says',
    class: 'bounds',
    file: 'src/format/tree/directory-reader.ts',
    text: 'if (plaintext.length !== bytes) {',
    replacement: 'if (plaintext.length < 0) {',
    tests: [
      {
        file: 'test/unit/format/tree/directory-reader.test.ts',
        only: 'refuses a page of another length than the reference says',
      },
    ],
  },
  {
    name: 'a directory may hand out any number of entries',
    class: 'bounds',
    file: 'src/format/tree/directory-reader.ts',
    text: 'if (this.#entriesLeft < 0)',
    replacement: 'if (this.#entriesLeft === Infinity)',
    tests: [
      {
        file: 'test/unit/format/tree/directory-reader.test.ts',
        only: 'hands out no more entries than it was told, over all directories together',
      },
    ],
  },
  {
    name: 'a list may cover other bytes than its reference says',
    class: 'bounds',
    file: 'src/format/tree/content-reader.ts',
    text: 'if (list.totalBytes !== above.lengths[item]) {',
    replacement: 'if (list.totalBytes < 0) {',
    tests: [
      {
        file: 'test/unit/format/tree/content-list.test.ts',
        only: 'refuses a list that covers other bytes or has another level',
      },
    ],
  },
  {
    name: 'a list of another level is taken',
    class: 'bounds',
    file: 'src/format/tree/content-reader.ts',
    text: 'if (list.level !== above.level - 1) {',
    replacement: 'if (list.level < 0) {',
    tests: [
      {
        file: 'test/unit/format/tree/content-list.test.ts',
        only: 'refuses a list that covers other bytes or has another level',
      },
    ],
  },
  {
    name: 'the references of a file need not cover it',
    class: 'bounds',
    file: 'src/format/tree/content-reader.ts',
    text: 'if (sumReferences(source, depth) !== size) refuse',
    replacement: 'if (sumReferences(source, depth) < 0) refuse',
    tests: [
      {
        file: 'test/unit/format/tree/content-list.test.ts',
        only: 'refuses references that do not cover the file',
      },
    ],
  },
  {
    name: 'a list may have any number of items',
    class: 'bounds',
    file: 'src/format/tree/content-list.ts',
    text: 'if (count === 0 || count > listItemCountMax) refuse',
    replacement: 'if (count === 0) refuse',
    tests: [
      {
        file: 'test/unit/format/tree/content-list.test.ts',
        only: 'refuses more than 65,536 items, even when they are there',
      },
    ],
  },
  {
    name: 'a list may be longer than its count says',
    class: 'bounds',
    file: 'src/format/tree/content-list.ts',
    text: 'if (end !== bytes.length) refuse',
    replacement: 'if (end > bytes.length) refuse',
    tests: [
      {
        file: 'test/unit/format/tree/content-list.test.ts',
        only: 'refuses every truncation and every added byte',
      },
    ],
  },
  {
    name: 'a chunk may be of any length',
    class: 'bounds',
    file: 'src/format/tree/content-list.ts',
    text: 'if (level === 0 && length > blobBytesMax && !isHoleId(ids, item * 32)) {',
    replacement: 'if (length < 0) {',
    tests: [{ file: 'test/unit/format/tree/content-list.test.ts' }],
  },
  {
    name: 'a reference may be empty',
    class: 'bounds',
    file: 'src/format/tree/content-list.ts',
    text: 'if (!(length >= 1)) refuse',
    replacement: 'if (!(length >= 0)) refuse',
    tests: [{ file: 'test/unit/format/tree/content-list.test.ts' }],
  },
  {
    name: 'an entry may have any mode',
    class: 'type',
    file: 'src/format/tree/check-tree-page.ts',
    text: 'if (!isStorableMode(mode)) refuse',
    replacement: 'if (mode < 0) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'an entry may have flags that nobody knows',
    class: 'type',
    file: 'src/format/tree/check-tree-page.ts',
    text: 'if (!areFlagsKnown(flags)) refuse',
    replacement: 'if (flags < 0) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'a time may mean now to the system',
    class: 'bounds',
    file: 'src/format/tree/check-tree-page.ts',
    text: 'if (page.mtimeNs(index) >= nanosecondsPerSecond) refuse',
    replacement: 'if (page.mtimeNs(index) < 0) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'a directory may have hard links',
    class: 'type',
    file: 'src/format/tree/check-tree-page.ts',
    text: 'if (isLinked) refuse',
    replacement: 'if (isLinked && mode < 0) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'the references of an entry need not add up',
    class: 'bounds',
    file: 'src/format/tree/check-tree-page.ts',
    text: 'if (rest !== 0) refuse',
    replacement: 'if (rest !== rest) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'a folder may be a hole',
    class: 'type',
    file: 'src/format/tree/check-tree-page.ts',
    text: 'if (isHole(page, reference)) refuse',
    replacement: 'if (bytes < 0) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'a folder may have several pages',
    class: 'type',
    file: 'src/format/tree/check-tree-page.ts',
    text: 'if (page.chunkCountOf(index) !== 1) refuse',
    replacement: 'if (page.chunkCountOf(index) < 1) refuse',
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
  {
    name: 'extras of an entry are not checked',
    class: 'type',
    file: 'src/format/tree/check-tree-page.ts',
    text: "if (fault !== '') refuse",
    replacement: "if (fault === ' ') refuse",
    tests: [{ file: 'test/unit/format/tree/tree-page.test.ts' }],
  },
]
