import type { Mutant } from '../mutant.ts'

const walker = 'src/operations/snapshot/source-walker.ts'
const cursor = 'src/operations/snapshot/parent-cursor.ts'
const former = 'src/repository/former-content.ts'
const met = 'src/repository/met-references.ts'
const references = 'src/repository/audit/reachable-segments.ts'
const kept = 'src/operations/restore/kept-bytes.ts'
const scattered = 'src/operations/restore/scattered-blobs.ts'
const units = 'src/operations/restore/unit-references.ts'
const full = 'src/repository/is-pack-full.ts'
const lazy = 'src/cli/lazy-library.ts'

const walkerTest = 'test/unit/operations/snapshot/source-walker.test.ts'
const formerTest = 'test/unit/repository/former-content.test.ts'
const metTest = 'test/unit/repository/met-references.test.ts'
const referencesTest = 'test/unit/repository/audit/reachable-segments.test.ts'
const keptTest = 'test/unit/operations/restore/kept-bytes.test.ts'
const scatteredTest = 'test/unit/operations/restore/scattered-blobs.test.ts'
const unitsTest = 'test/unit/operations/restore/unit-references.test.ts'
const fullTest = 'test/property/pack-length.test.ts'

/** What is not looked up, opened or asked for again because it was before. */
export const shortcutMutants: readonly Mutant[] = [
  {
    name: 'what files held counts as stored although everything is read because of a doubt',
    class: 'damage',
    file: walker,
    text: 'const former = isInParent && !this.#rules.readAll ? job.parent.contentIds : undefined',
    replacement: 'const former = isInParent ? job.parent.contentIds : undefined',
    tests: [
      { file: walkerTest, only: 'goes with none when everything is read because of a doubt' },
    ],
  },
  {
    name: 'what was lost counts as stored because files held it',
    class: 'damage',
    file: walker,
    text: 'isInParent && !this.#rules.readAll ? job.parent.contentIds',
    replacement: 'isInParent ? job.parent.contentIds',
    tests: [
      {
        file: 'test/integration/former-content.test.ts',
        only: 'is stored again after the loss of',
      },
    ],
  },
  {
    name: 'a new file is said to have held what the next one of the parent did',
    class: 'change',
    file: walker,
    text: 'isInParent && !this.#rules.readAll ? job.parent.contentIds : undefined',
    replacement: '!this.#rules.readAll ? job.parent.contentIds : undefined',
    tests: [{ file: walkerTest, only: 'goes with those that have to be read again' }],
  },
  {
    name: 'lists of chunks and pages of folders are taken for what a file held',
    class: 'type',
    file: cursor,
    text: 'if (!isRegular(page.mode(index)) || depthOfFlags(page.flags(index)) > 0) return undefined',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is not known where the references lead to lists',
      },
    ],
  },
  {
    name: 'an id is taken for another one with the same beginning',
    class: 'hash',
    file: former,
    text: '|| id.compare(ids, at, at + idBytes) !== 0) continue',
    replacement: ') continue',
    tests: [{ file: formerTest, only: 'takes no id for another that differs only at its end' }],
  },
  {
    name: 'a reference of another length is taken for one that was met',
    class: 'bounds',
    file: met,
    text: 'if (this.#records[at + word.lengthBytes] !== lengthBytes) return -1',
    replacement: '',
    tests: [
      { file: metTest, only: 'does not know a reference that says another length' },
      {
        file: referencesTest,
        only: 'takes no reference of another length for one that it has met',
      },
    ],
  },
  {
    name: 'references that share a slot are taken for each other',
    class: 'hash',
    file: met,
    text: 'for (let part = 0; part < idWords; part++) {\n      if (records',
    replacement: 'for (let part = 0; part < 1; part++) {\n      if (records',
    tests: [{ file: metTest, only: 'takes no id for another one, be it in the same slot or not' }],
  },
  {
    name: 'what comes next in the former order is taken for what is asked about',
    class: 'hash',
    file: met,
    text: 'if (!this.#isId(at, ids, idAt)) at = this.#search(ids, idAt)',
    replacement: 'if (this.#next === 0) at = this.#search(ids, idAt)',
    tests: [
      { file: metTest, only: 'takes what comes next in the former order for nothing but itself' },
    ],
  },
  {
    name: 'a reference that was never looked up counts as met',
    class: 'damage',
    file: references,
    text: 'if (place < 0) return false\n    onMet(',
    replacement: 'if (place < -1) return false\n    onMet(',
    tests: [
      { file: referencesTest, only: 'tells apart what is met, and leaves out no chunk of a file' },
    ],
  },
  {
    name: 'a reference that does not fit its blob is remembered as right',
    class: 'type',
    file: references,
    text: 'misfits.add(position)\n      else {',
    replacement: 'misfits.add(position)\n      {',
    tests: [
      {
        file: referencesTest,
        only: 'takes no reference of another length for one that it has met',
      },
      { file: referencesTest, only: 'takes no blob of another kind, whether it has met it or not' },
    ],
  },
  {
    name: 'what is kept is not moved to where it is said to be',
    class: 'bounds',
    file: kept,
    text: 'this.#memory.copyWithin(end, extent.start, extent.start + extent.length)',
    replacement: '',
    tests: [{ file: keptTest, only: 'moves what it keeps together' }],
  },
  {
    name: 'what was moved is looked for where it was',
    class: 'bounds',
    file: kept,
    text: 'extent.start = end\n',
    replacement: '\n',
    tests: [{ file: keptTest, only: 'moves what it keeps together' }],
  },
  {
    name: 'what is kept writes over what is kept',
    class: 'bounds',
    file: kept,
    text: 'if (this.#usedBytes + bytes.length > this.#memory.length) return false',
    replacement:
      'if (bytes.length > this.#memory.length) return false\n    if (this.#end + bytes.length > this.#memory.length) this.#end = 0',
    tests: [{ file: keptTest, only: 'keeps nothing for which there is no room' }],
  },
  {
    name: 'what was kept for one request is given to the next',
    class: 'hash',
    file: scattered,
    text: '    kept.clear()\n',
    replacement: '',
    tests: [{ file: scatteredTest, only: 'gives nothing that was kept for an earlier request' }],
  },
  {
    name: 'segments of different packs are taken for one',
    class: 'bounds',
    file: scattered,
    text: 'return packRow * 65_536 + segment',
    replacement: 'return (packRow % 2) + segment',
    tests: [
      { file: scatteredTest, only: 'opens each segment once for all that a request needs of it' },
    ],
  },
  {
    name: 'a segment of which not all could be kept is not opened again',
    class: 'bounds',
    file: scattered,
    text: 'use.isOpened = !isAnyKept',
    replacement: 'use.isOpened = true',
    tests: [{ file: scatteredTest, only: 'opens segments again when there is no room for all' }],
  },
  {
    name: 'bytes out of a segment that was opened once are restored unproved',
    class: 'hash',
    file: units,
    text: 'return bytes && blobs.reader.proves(blobKinds.data, id, bytes) ? bytes : undefined',
    replacement: 'return bytes',
    tests: [
      { file: unitsTest, only: 'gives no bytes with another hash, but those of another copy' },
    ],
  },
  {
    name: 'a segment that cannot be opened ends the restore although there is a copy',
    class: 'damage',
    file: units,
    text: 'if (!isUnavailable(error)) throw error\n    return undefined',
    replacement: 'throw error',
    tests: [{ file: unitsTest, only: 'reads every blob of a damaged segment from another copy' }],
  },
  {
    name: 'bytes of another length than the reference says are restored',
    class: 'bounds',
    file: units,
    text: 'location.kind !== blobKinds.data || location.length !== lengthBytes',
    replacement: 'location.kind !== blobKinds.data',
    tests: [
      { file: unitsTest, only: 'takes no blob that is longer or shorter than its reference says' },
    ],
  },
  {
    name: 'no pack is ever full',
    class: 'bounds',
    file: full,
    text: 'if (whole + next > packBytesMax) return true',
    replacement: '',
    tests: [{ file: fullTest, only: 'lets no pack become longer than 32 MiB, padded or not' }],
  },
  {
    name: 'packs are closed wherever they are long enough',
    class: 'bounds',
    file: full,
    text: 'padmeLength(whole) - whole <= paddingMaxAt(whole)',
    replacement: 'whole > 0',
    tests: [{ file: fullTest, only: 'leaves less than half a per cent to padding' }],
  },
  {
    name: 'the trailer does not count as part of a pack',
    class: 'bounds',
    file: full,
    text: 'const whole = bytes + trailerBytes + packFooterBytes',
    replacement: 'const whole = bytes + packFooterBytes',
    tests: [{ file: fullTest, only: 'lets no pack become longer than 32 MiB, padded or not' }],
  },
  {
    name: 'a pack gets more segments than anybody reads',
    class: 'bounds',
    file: full,
    text: 'if (segmentCount >= segmentCountMax) return true',
    replacement: '',
    tests: [{ file: fullTest, only: 'closes a pack of which nobody could read the trailer' }],
  },
  {
    name: 'a module that fails to load ends the process before the passphrase is judged',
    class: 'order',
    file: lazy,
    text: 'loading.catch(() => undefined)',
    replacement: '',
    tests: [
      { file: 'test/unit/cli/lazy-library.test.ts', only: 'hides no error that comes later' },
    ],
  },
  {
    name: 'the passphrase is asked for again to open what was unlocked',
    class: 'order',
    file: lazy,
    text: 'openRepository({ ...options, unlocked })',
    replacement: 'openRepository(options)',
    tests: [{ file: 'test/unit/cli/lazy-library.test.ts', only: 'asks for the passphrase once' }],
  },
  {
    name: 'a segment is taken for known because one of its pages is',
    class: 'order',
    file: 'src/catalogue/tree-table.ts',
    text: '=== undefined) return false',
    replacement: '!== undefined) return true',
    tests: [{ file: 'test/unit/catalogue/trees.test.ts', only: 'describes a page' }],
  },
  {
    name: 'what led to a page that is gone leads to the one that gets its row',
    class: 'order',
    file: 'src/catalogue/index-object-table.ts',
    text: 'DELETE FROM page_reference WHERE page IN',
    replacement: 'DELETE FROM page_reference WHERE page < 0 AND page IN',
    tests: [
      {
        file: 'test/unit/catalogue/index-objects.test.ts',
        only: 'drops tree pages that are in no pack any more',
      },
    ],
  },
  {
    name: 'blobs of packs that are gone stay known',
    class: 'order',
    file: 'src/catalogue/index-object-table.ts',
    text: 'DELETE FROM blob WHERE pack IN',
    replacement: 'DELETE FROM blob WHERE pack < 0 AND pack IN',
    tests: [{ file: 'test/unit/catalogue/index-objects.test.ts' }],
  },
  {
    name: 'pages are looked for only when packs without any are gone',
    class: 'order',
    file: 'src/catalogue/index-object-table.ts',
    text: 'if (hadPages !== undefined)',
    replacement: 'if (hadPages === undefined)',
    tests: [
      {
        file: 'test/unit/catalogue/index-objects.test.ts',
        only: 'drops tree pages that are in no pack any more',
      },
    ],
  },
  {
    name: 'contents of pages that are gone stay in the catalogue',
    class: 'order',
    file: 'src/catalogue/index-object-table.ts',
    text: 'for (const row of gone) dropContent.run(row)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/catalogue/index-objects.test.ts',
        only: 'drops tree pages that are in no pack any more',
      },
    ],
  },
]
