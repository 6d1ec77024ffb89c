import type { Mutant } from '../mutant.ts'

const lying = 'test/integration/lying-storage.test.ts'
const proving = 'test/unit/repository/read-proved.test.ts'

/** What keeps wrong answers and incomplete listings of a store from being believed. */
export const lieMutants: readonly Mutant[] = [
  {
    name: 'what was kept near or fetched ahead serves again after it was wrong',
    class: 'damage',
    file: 'src/repository/read-proved.ts',
    text: '    storage.distrustSync(range)\n',
    replacement: '',
    tests: [{ file: proving, only: 'after what was kept of it is gone' }],
  },
  {
    name: 'an object whose bytes were wrong once is damaged',
    class: 'damage',
    file: 'src/repository/read-proved.ts',
    text: '  return await read()\n}',
    replacement: "  throw new Error('no second reading')\n}",
    tests: [{ file: proving, only: 'reads what is wrong once more' }],
  },
  {
    name: 'a snapshot that was read wrongly takes the place of the right one',
    class: 'damage',
    file: 'src/repository/read-sealed-snapshot.ts',
    text: 'if (isProved(repository, name, first)) return first',
    replacement: 'if (first.length >= 0) return first',
    tests: [
      { file: lying, only: 'does not take the place of a snapshot that is forgotten' },
      { file: lying, only: 'differently each time moves nothing' },
    ],
  },
  {
    name: 'what a listing leaves out is gone from the catalogue',
    class: 'damage',
    file: 'src/repository/catch-up.ts',
    text: 'const unlisted = await unlistedObjects(storage, gone)',
    replacement: 'const unlisted = new Map<string, number>()',
    tests: [{ file: lying, only: 'costs no snapshot its data' }],
  },
  {
    name: 'a prune marks only the snapshots that are listed',
    class: 'damage',
    file: 'src/operations/prune/prune.ts',
    text: 'snapshots: new Set([...objects.snapshots, ...known])',
    replacement: 'snapshots: objects.snapshots',
    tests: [{ file: lying, only: 'costs no snapshot its data' }],
  },
  {
    name: 'a snapshot that was brought back and is not listed is dropped',
    class: 'retention',
    file: 'src/operations/prune/drop-expired.ts',
    text: 'const stands = snapshots.has(id) ||',
    replacement: 'const stands = snapshots.has(id) || id.length > 1e9 &&',
    tests: [{ file: lying, only: 'does not end the grace of its data' }],
  },
]
