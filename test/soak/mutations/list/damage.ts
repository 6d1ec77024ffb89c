import type { Mutant } from '../mutant.ts'

const snapshot = 'src/repository/store-snapshot.ts'

/** What is lost, damaged or condemned counts neither as stored nor as a parent, and only that is called damage. */
export const damageMutants: readonly Mutant[] = [
  {
    name: 'a page of the catalogue is believed without its hash',
    class: 'damage',
    file: 'src/repository/near-pages.ts',
    text: ' && this.#hasher.hash(page).equals(id) ? page',
    replacement: ' ? page',
    tests: [{ file: 'test/unit/repository/near-pages.test.ts' }],
  },
  {
    name: 'what lay in a lost pack counts as stored',
    class: 'damage',
    file: snapshot,
    text: 'avoidedPacks: [...losses.packs, ',
    replacement: 'avoidedPacks: [',
    tests: [{ file: 'test/integration/lost-pack.test.ts' }],
  },
  {
    name: 'what lay in a damaged segment counts as stored',
    class: 'damage',
    file: snapshot,
    text: 'avoidedSegments: losses.segments',
    replacement: 'avoidedSegments: []',
    tests: [
      { file: 'test/integration/healing.test.ts', only: 'makes the old one whole again after' },
    ],
  },
  {
    name: 'damage that a snapshot has healed is not on its record',
    class: 'damage',
    file: snapshot,
    text: 'knownDamage: losses.recordIds',
    replacement: 'knownDamage: []',
    tests: [
      { file: 'test/integration/healing.test.ts', only: 'makes the old one whole again after' },
    ],
  },
  {
    name: 'what lies in a condemned pack counts as stored',
    class: 'order',
    file: snapshot,
    text: ', ...condemnedRows(repository, condemned)]',
    replacement: ', ...condemnedRows(repository, condemned).slice(0, 0)]',
    tests: [
      {
        file: 'test/integration/prune-beside.test.ts',
        only: 'is kept away from by runs that begin while its condemned packs wait',
      },
    ],
  },
  {
    name: 'the look-up forgets which packs to avoid',
    class: 'damage',
    file: 'src/catalogue/blob-lookup.ts',
    text: 'return packs.has(pack) || segments',
    replacement: 'return segments',
    tests: [
      {
        file: 'test/unit/repository/blob-session.test.ts',
        only: 'stores again what lies only in packs that are lost',
      },
    ],
  },
  {
    name: 'what lies in a damaged segment counts as stored',
    class: 'damage',
    file: 'src/catalogue/blob-lookup.ts',
    text: ' || segments.has(segmentKey(pack, segment))',
    replacement: '',
    tests: [{ file: 'test/integration/healing.test.ts', only: 'a damaged segment' }],
  },
  {
    name: 'a parent is trusted although something is lost',
    class: 'damage',
    file: 'src/repository/may-trust-parent.ts',
    text: ' && knowsLosses(parent, losses)',
    replacement: '',
    tests: [
      { file: 'test/integration/healing.test.ts', only: 'makes the old one whole again after' },
    ],
  },
  {
    name: 'a parent is trusted that a standing condemnation has not marked',
    class: 'order',
    file: 'src/repository/may-trust-parent.ts',
    text: 'condemned.isSettled(parent.id) && ',
    replacement: '',
    tests: [{ file: 'test/integration/condemned-packs.test.ts', only: 'trust no parent' }],
  },
  {
    name: 'a loss is over when its pack is not named any more',
    class: 'damage',
    file: 'src/repository/audit/find-losses.ts',
    text: 'recordIds: lossRecords(repository)',
    replacement:
      'recordIds: lossRecords(repository).filter((id) => standingDamage(repository).some(({ recordIds }) => recordIds.includes(id)))',
    tests: [{ file: 'test/integration/healing.test.ts', only: 'when a repair came first' }],
  },
  {
    name: 'index objects stop naming a damaged pack before its copies are named',
    class: 'order',
    file: 'src/operations/repair/repair-packs.ts',
    text: '    await this.#salvage(rest)\n',
    replacement: '',
    tests: [{ file: 'test/integration/repair-packs.test.ts', only: 'copies what verifies' }],
  },
  {
    name: 'a pack is called damaged after one bad reading',
    class: 'damage',
    file: 'src/repository/audit/pack-verifier.ts',
    text: 'const second = await this.#attempt({ ...request, wanted: null })',
    replacement: 'const second = first',
    tests: [{ file: 'test/integration/check.test.ts', only: 'reads again before' }],
  },
  {
    name: 'a storage that fails is taken for damage',
    class: 'damage',
    file: 'src/repository/loss.ts',
    text: "return isLoss(error) || (error instanceof RepositoryError && error.code === 'FORMAT_UNSUPPORTED')",
    replacement: 'return error instanceof RepositoryError',
    tests: [{ file: 'test/integration/check.test.ts', only: 'storage fails to give' }],
  },
  {
    name: 'one condemnation that has marked the parent is enough',
    class: 'order',
    file: 'src/repository/condemned-packs.ts',
    text: 'return this.#marked.every((marked)',
    replacement: 'return this.#marked.some((marked)',
    tests: [{ file: 'test/unit/repository/condemned-packs.test.ts' }],
  },
  {
    name: 'a fault of the catalogue on a thread is no fault of the repository on another',
    class: 'damage',
    file: 'src/foundation/error-transfer.ts',
    text: 'const classes = { DamageError, RepositoryError, SourceError',
    replacement: 'const classes = { DamageError, SourceError',
    tests: [
      {
        file: 'test/unit/foundation/error-transfer.test.ts',
        only: 'is a fault of the repository when',
      },
    ],
  },
]
