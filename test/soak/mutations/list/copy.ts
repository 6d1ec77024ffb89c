import type { Mutant } from '../mutant.ts'

const known = 'src/operations/copy/known-entries.ts'
const copies = 'test/integration/copy/copy.test.ts'
const refills = 'test/integration/copy/repair-from.test.ts'
const damage = 'test/integration/copy/copy-damage.test.ts'

/** Nothing half is called a copy, and nothing is taken for the same that is not. */
export const copyMutants: readonly Mutant[] = [
  {
    name: 'a snapshot of which something is lost is copied all the same',
    class: 'damage',
    file: 'src/operations/copy/copy-snapshots.ts',
    text: 'if (counts.lost > 0) {',
    replacement: 'if (counts.lost < 0) {',
    tests: [{ file: damage, only: 'copies what is whole' }],
  },
  {
    name: 'what has the same name as in the twin has the same content',
    class: 'change',
    file: known,
    text: 'hasSameReferences(page, index, this.#source.page, this.#source.index) &&',
    replacement: '',
    tests: [{ file: copies, only: 'reads only what changed since the snapshot before' }],
  },
  {
    name: 'a copy trusts time stamps that were too fresh',
    class: 'change',
    file: known,
    text: '((left.flags(index) | right.flags(at)) & untrusted) === 0 &&',
    replacement: '',
    tests: [{ file: copies, only: 'reads a file of which the stamps could not be trusted' }],
  },
  {
    name: 'a copy takes from the target what is lost there',
    class: 'damage',
    file: 'src/operations/copy/copy-snapshots.ts',
    text: 'trustsParent ? counterpart : null',
    replacement: 'counterpart',
    tests: [{ file: damage, only: 'stores again what the target has lost' }],
  },
  {
    name: 'what an intact snapshot has lost counts as intact',
    class: 'damage',
    file: 'src/operations/repair/intact-entries.ts',
    text: '!this.#lost.filesIn.get(this.#key)?.has(name) || ',
    replacement: '!this.#lost.filesIn.get(name)?.has(name) || ',
    tests: [{ file: refills, only: 'brings back what bit flips destroyed anywhere' }],
  },
  {
    name: 'damage counts as over although a snapshot misses something',
    class: 'damage',
    file: 'src/operations/repair/repair-packs.ts',
    text: 'this.#options.from !== undefined && refills.every(isWhole)',
    replacement: 'this.#options.from !== undefined',
    tests: [{ file: refills, only: 'tells exactly what stays lost, and brings the rest back' }],
  },
  {
    name: 'copies push out what was made here',
    class: 'retention',
    file: 'src/operations/retention/group-snapshots.ts',
    text: 'shared.tags, way])',
    replacement: 'shared.tags])',
    tests: [
      {
        file: 'test/unit/operations/retention/apply-retention.test.ts',
        only: 'never puts copies of another repository into a group with others',
      },
    ],
  },
  {
    name: 'a copy that is not in order of time is believed',
    class: 'clock',
    file: 'src/operations/retention/suspicious-times.ts',
    text: ': deliveryMsMax\n    if',
    replacement: ': Infinity\n    if',
    tests: [
      {
        file: 'test/unit/operations/retention/suspicious-times.test.ts',
        only: 'leaves a day of room between those of several hosts, and no more',
      },
    ],
  },
]
