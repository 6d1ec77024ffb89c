import type { Mutant } from '../mutant.ts'

/** Telling what has changed in a source, and what is read while it changes. */
export const changeMutants: readonly Mutant[] = [
  {
    name: "the size of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.size] === page.word(column.sizeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the nanoseconds of the mtime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.mtimeNsec] === page.word(column.mtimeNs, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the mtime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.mtimeSec] === page.word(column.mtimeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the nanoseconds of the ctime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ctimeNsec] === page.word(column.ctimeNs, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the ctime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ctimeSec] === page.word(column.ctimeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the inode of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ino] === page.word(column.inodeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the upper half of the inode of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ino + 1] === page.word(column.inodeHigh, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the upper half of the size of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.size + 1] === page.word(column.sizeHigh, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the mode of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.mode] === page.mode(index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: 'stamps that were too fresh are trusted',
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: '(flagRacy | flagChangedWhileRead)',
    replacement: 'flagChangedWhileRead',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is read again when its stamps could not be trusted',
      },
    ],
  },
  {
    name: 'a file that changed while it was read is taken for unchanged',
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: '(flagRacy | flagChangedWhileRead)',
    replacement: 'flagRacy',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is read again when its stamps could not be trusted',
      },
    ],
  },
  {
    name: 'fresh stamps are not noticed',
    class: 'change',
    file: 'src/operations/snapshot/racy-time.ts',
    text: 'return newestMs >= readAtMs - (isCoarse ? coarseTickMs : tickMs)',
    replacement: 'return newestMs > readAtMs + coarseTickMs',
    tests: [{ file: 'test/unit/operations/snapshot/racy-time.test.ts' }],
  },
  {
    name: 'whole seconds are trusted like nanoseconds',
    class: 'change',
    file: 'src/operations/snapshot/racy-time.ts',
    text: '(isCoarse ? coarseTickMs : tickMs)',
    replacement: 'tickMs',
    tests: [
      {
        file: 'test/unit/operations/snapshot/racy-time.test.ts',
        only: 'gives file systems that keep whole seconds two of them',
      },
    ],
  },
  {
    name: 'a fresh ctime is not looked at',
    class: 'change',
    file: 'src/operations/snapshot/racy-time.ts',
    text: 'stamps.ctimeSec * 1000 + stamps.ctimeNsec / 1e6,',
    replacement: '0,',
    tests: [{ file: 'test/unit/operations/snapshot/racy-time.test.ts' }],
  },
  {
    name: 'a fresh file is not marked',
    class: 'change',
    file: 'src/operations/snapshot/file-outcomes.ts',
    text: '(isStampRacy ? flagRacy : 0) |',
    replacement: '',
    tests: [
      {
        file: 'test/integration/change-detection.test.ts',
        only: 'although its stamps are as before, when they were too fresh at the first reading',
      },
    ],
  },
  {
    name: 'everything is taken from the parent although everything is to be read',
    class: 'change',
    file: 'src/operations/snapshot/source-walker.ts',
    text: 'isInParent && !this.#rules.readAll && job.parent.isUnchanged',
    replacement: 'isInParent && job.parent.isUnchanged',
    tests: [
      {
        file: 'test/integration/change-detection.test.ts',
        only: 'when everything is to be read, and is not stored again',
      },
    ],
  },
  {
    name: 'a large file is read through a link',
    class: 'no-follow',
    file: 'src/operations/snapshot/large-file.ts',
    text: 'constants.O_RDONLY | constants.O_NOFOLLOW |',
    replacement: 'constants.O_RDONLY |',
    tests: [
      {
        file: 'test/unit/operations/snapshot/large-file.test.ts',
        only: 'is not read through a link',
      },
    ],
  },
  {
    name: 'a large file that changes while it is read is not marked',
    class: 'change',
    file: 'src/operations/snapshot/large-file.ts',
    text: 'readBytes !== before.sizeBytes || isTouched(before, after)',
    replacement: 'readBytes < 0',
    tests: [
      {
        file: 'test/unit/operations/snapshot/large-file.test.ts',
        only: 'has changed when it was written to',
      },
    ],
  },
  {
    name: 'anything in the place of a large file is read',
    class: 'type',
    file: 'src/operations/snapshot/large-file.ts',
    text: 'if ((before.mode & FILE_TYPE.mask) !== FILE_TYPE.regular) throw new NotRegularError()',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/large-file.test.ts',
        only: 'is no fifo, and none is waited for',
      },
    ],
  },
  {
    name: 'a file that changed while it was read is not marked',
    class: 'change',
    file: 'src/operations/snapshot/file-outcomes.ts',
    text: '(reading.hasChanged || attributes.isOfAnother ?',
    replacement: '(attributes.isOfAnother ?',
    tests: [
      {
        file: 'test/unit/operations/snapshot/relayed-files.test.ts',
        only: 'is a whole prefix when it grows, and marked',
      },
    ],
  },
  {
    name: 'attributes of another file go with a content',
    class: 'change',
    file: 'src/operations/snapshot/file-outcomes.ts',
    text: 'if (!isSameFile(view, offset, this.#statusNow.view)) return { extras: null, isOfAnother: true }',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/file-storer.test.ts',
        only: 'keeps one that vanishes before its attributes were read from ending the run',
      },
    ],
  },
  {
    name: "the size of an entry is the file system's",
    class: 'change',
    file: 'src/operations/snapshot/file-outcomes.ts',
    text: 'setSize(view, offset, content.totalBytes)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/relayed-files.test.ts',
        only: 'is a whole prefix when it grows, and marked',
      },
    ],
  },
  {
    name: 'zeros that were never in a file are stored when it is cut off',
    class: 'change',
    file: 'src/operations/snapshot/file-piece.ts',
    text: 'const end = Math.min(sizeBytes, Math.max(at, fileStatus(descriptor).sizeBytes))',
    replacement: 'const end = sizeBytes',
    tests: [
      {
        file: 'test/unit/operations/snapshot/file-piece.test.ts',
        only: 'ends where the file ends meanwhile, and makes no zeros up',
      },
    ],
  },
  {
    name: 'a file goes on behind where it was cut off',
    class: 'change',
    file: 'src/operations/snapshot/file-piece.ts',
    text: 'if (isShort) return piece(at, true)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/file-piece.test.ts',
        only: 'ends where the file ends meanwhile, and makes no zeros up',
      },
    ],
  },
  {
    name: 'a chunk of a piece ends where memory ends',
    class: 'bounds',
    file: 'src/operations/snapshot/file-piece.ts',
    text: 'isShort || at + got === extent.end',
    replacement: 'true',
    tests: [
      { file: 'test/unit/operations/snapshot/file-piece.test.ts', only: 'cuts as in one go' },
    ],
  },
  {
    name: 'data behind a place that is no hole any more is left out',
    class: 'bounds',
    file: 'src/operations/snapshot/file-piece.ts',
    text: 'Math.min(hole, sizeBytes), isNone: false }',
    replacement: 'Math.min(hole, sizeBytes), isNone: hole === start }',
    tests: [
      {
        file: 'test/unit/operations/snapshot/relayed-files.test.ts',
        only: 'goes on behind data that is gone when its end is looked for',
      },
    ],
  },
  {
    name: 'pieces of a file stand in the order in which they were stored',
    class: 'order',
    file: 'src/operations/snapshot/relayed-files.ts',
    text: 'joinInOrder(joined, references, content)',
    replacement: 'joinInOrder(Promise.resolve(), references, content)',
    tests: [
      {
        file: 'test/unit/operations/snapshot/relayed-files.test.ts',
        only: 'has the entry and the blobs that one thread gives it',
      },
    ],
  },
  {
    name: 'a file is closed while threads read from it',
    class: 'order',
    file: 'src/operations/snapshot/relayed-files.ts',
    text: 'await joined.catch(() => undefined)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/relayed-files.test.ts',
        only: 'ends at the next piece when it is interrupted',
      },
    ],
  },
  {
    name: 'a file of which pieces were not stored is in the snapshot',
    class: 'damage',
    file: 'src/operations/snapshot/relayed-files.ts',
    text: "if (now.status === 'rejected') throw now.reason",
    replacement: "if (now.status === 'rejected') return",
    tests: [
      {
        file: 'test/unit/operations/snapshot/relayed-files.test.ts',
        only: 'ends with the fault of the repository',
      },
    ],
  },
  {
    name: 'a file that cannot be read to its end is in the snapshot without the rest',
    class: 'damage',
    file: 'src/operations/snapshot/relayed-files.ts',
    text: 'return cut.errno',
    replacement: 'return 0',
    tests: [
      {
        file: 'test/unit/operations/snapshot/relayed-files.test.ts',
        only: 'fails alone when it cannot be read in the middle',
      },
    ],
  },
]
