import type { Mutant } from '../mutant.ts'

const order = 'test/integration/storage-order.test.ts'
const forgotten = 'src/repository/move-to-forgotten.ts'
const undelete = 'src/operations/retention/undelete-snapshots.ts'

/** Forgetting and bringing back. */
export const forgetMutants: readonly Mutant[] = [
  {
    name: 'forgetting deletes before it has put',
    class: 'order',
    file: forgotten,
    text: 'await lock.assertHeldLately()\n',
    replacement:
      'await deleteObjects(\n    storage,\n    found.map(({ id }) => `snapshots/${id}`),\n  )\n',
    tests: [{ file: order, only: 'of forgetting and bringing back' }],
  },
  {
    name: 'forgetting does not look at its lease before it deletes',
    class: 'lease',
    file: forgotten,
    text: 'await lock.assertHeld()\n  await deleteObjects',
    replacement: 'await deleteObjects',
    tests: [{ file: order, only: 'of forgetting and bringing back' }],
  },
  {
    name: 'forgetting is not durable',
    class: 'fsync',
    file: forgotten,
    text: "await storage.sync('snapshots')",
    replacement: '',
    tests: [{ file: order, only: 'of forgetting and bringing back' }],
  },
  {
    name: 'a snapshot that was forgotten twice keeps its first time',
    class: 'clock',
    file: forgotten,
    text: 'storage.replace(`forgotten/${id}`, bytes)',
    replacement: 'storage.put(`forgotten/${id}`, bytes)',
    tests: [{ file: order, only: 'of forgetting and bringing back' }],
  },
  {
    name: 'bringing back leaves nothing for a forget that was stopped',
    class: 'order',
    file: undelete,
    text: 'await assertBack(repository, id, lock)',
    replacement:
      'await assertBack(repository, id, lock)\n      await repository.storage.delete(`forgotten/${id}`)',
    tests: [
      { file: 'test/integration/late-writer.test.ts', only: 'leaves it among the forgotten' },
    ],
  },
  {
    name: 'bringing back does not look at its lease before it puts',
    class: 'lease',
    file: undelete,
    text: 'const bytes = await readForgotten(repository, id)\n      await lock.assertHeld()',
    replacement: 'const bytes = await readForgotten(repository, id)',
    tests: [{ file: order, only: 'of forgetting and bringing back' }],
  },
  {
    name: 'what was brought back when it had been dropped stays',
    class: 'lease',
    file: undelete,
    text: 'if (!isLeft) await withdrawSnapshot(repository, id)',
    replacement: '',
    tests: [{ file: 'test/integration/late-writer.test.ts', only: 'takes it away again' }],
  },
  {
    name: 'bringing back goes beside a prune',
    class: 'lock',
    file: undelete,
    text: "'maintenance', 'undelete'",
    replacement: "'shared', 'undelete'",
    tests: [{ file: 'test/integration/condemned-packs.test.ts', only: 'brings nothing back' }],
  },
]
