import type { Mutant } from '../mutant.ts'

/** Order, leases and proofs of prune. */
export const pruneMutants: readonly Mutant[] = [
  {
    name: 'a prune goes on although an object is damaged',
    class: 'damage',
    file: 'src/operations/prune/prune.ts',
    text: 'this.#refuseDamage()\n    // The locks',
    replacement: '// The locks',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'condemns nothing while an object cannot be read',
      },
    ],
  },
  {
    name: 'what was committed meanwhile is not taken in',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'this.#repository.noteUnusable(await catchUp(this.#repository, listings))\n    this.#refuseDamage()',
    replacement: 'this.#refuseDamage()',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'takes in what is committed while it begins',
      },
    ],
  },
  {
    name: 'expired snapshots are marked with the others and then dropped',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'await dropExpired(this.#repository, expired, lock)\n',
    replacement: '',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'a dry run drops expired snapshots',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'if (!dryRun) {\n      await undoLate',
    replacement: '{\n      await undoLate',
    tests: [
      { file: 'test/integration/condemned-packs.test.ts', only: 'drops nothing in a dry run' },
    ],
  },
  {
    name: 'copies are condemned before they are made',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'newBytes = await this.#copy(plan)\n      standing.push(await condemn(this.#repository, gone, [...marked], lock))',
    replacement:
      'standing.push(await condemn(this.#repository, gone, [...marked], lock))\n      newBytes = await this.#copy(plan)',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'copies are not named durably',
    class: 'order',
    file: 'src/repository/write-packs.ts',
    text: 'await index.flush()\n',
    replacement: '\n',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'packs go that were never condemned',
    class: 'order',
    file: 'src/operations/prune/condemn.ts',
    text: 'await repository.storage.put(`condemned/${id}`, bytes)',
    replacement: '',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'the locks are not listed after the packs are condemned',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'const others = standing.length > 0 ? await lock.others() : lock.othersAtStart\n    const witnesses',
    replacement: 'const others: StandingLock[] = []\n    const witnesses',
    tests: [
      {
        file: 'test/integration/prune-beside.test.ts',
        only: 'goes beside running snapshots: what they may use goes with a later prune',
      },
    ],
  },
  {
    name: 'nobody who is at work is waited for',
    class: 'order',
    file: 'src/operations/prune/condemn.ts',
    text: "return others.filter(({ record }) => record === 'unreadable' || !record.knows.includes(id))",
    replacement: "return others.filter(({ record }) => record === 'unreadable')",
    tests: [
      {
        file: 'test/integration/prune-beside.test.ts',
        only: 'goes beside running snapshots: what they may use goes with a later prune',
      },
    ],
  },
  {
    name: 'nobody is waited for whose lock cannot be read',
    class: 'order',
    file: 'src/operations/prune/condemn.ts',
    text: "record === 'unreadable' || !record",
    replacement: "record !== 'unreadable' && !record",
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'waits for whoever has a lock that cannot be read',
      },
    ],
  },
  {
    name: 'what was committed since is not looked at',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'if (isMarked || recent.isNeeded(row)) needed.add(id)',
    replacement: 'if (isMarked) needed.add(id)',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'keeps what a backup has come to need that began and ended while it condemned',
      },
    ],
  },
  {
    name: 'needed packs go',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'if (!needed.has(id) && !waiting.has(id)) gone.add(id)',
    replacement: 'if (!waiting.has(id)) gone.add(id)',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'keeps what a backup has come to need that began and ended while it condemned',
      },
    ],
  },
  {
    name: 'forgotten snapshots keep nothing',
    class: 'order',
    file: 'src/operations/prune/mark-snapshots.ts',
    text: 'if (snapshot) live.markRest(snapshot)',
    replacement: '',
    tests: [
      {
        file: 'test/integration/prune.test.ts',
        only: 'keeps what was forgotten until its grace is over',
      },
    ],
  },
  {
    name: 'the grace is told by the clock of the client',
    class: 'clock',
    file: 'src/operations/prune/drop-expired.ts',
    text: 'lock.storageNowMs() - sinceMs',
    replacement: 'Date.now() - sinceMs',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'tells the grace by the clock of the storage',
      },
    ],
  },
  {
    name: 'the lease is not looked at before expired snapshots go',
    class: 'lease',
    file: 'src/operations/prune/drop-expired.ts',
    text: 'await lock.assertHeld()\n',
    replacement: '\n',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'the going of expired snapshots is not durable before marking',
    class: 'fsync',
    file: 'src/operations/prune/drop-expired.ts',
    text: "await storage.sync('forgotten')",
    replacement: '',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'a power cut brings back what a prune that was killed had dropped',
    class: 'fsync',
    file: 'src/operations/prune/drop-expired.ts',
    text: "await storage.sync('forgotten')",
    replacement: "if (gone.length > 0) await storage.sync('forgotten')",
    tests: [
      {
        file: 'test/integration/storage-order.test.ts',
        only: 'after one that was cut off',
      },
    ],
  },
  {
    name: 'a power cut brings back the index objects that a sweep that was killed had deleted',
    class: 'fsync',
    file: 'src/repository/index-replacement.ts',
    text: "if (steps.length === 0) await storage.sync('index')",
    replacement: '',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'after one that was cut off' }],
  },
  {
    name: 'a power cut brings back a snapshot whose data is swept',
    class: 'fsync',
    file: 'src/operations/prune/drop-expired.ts',
    text: "await storage.sync('snapshots')",
    replacement: '',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'what was deleted late is dropped, though it was brought back',
    class: 'lease',
    file: 'src/operations/prune/drop-expired.ts',
    text: '(backTimes.get(id) ?? -Infinity) > forgottenAtMs',
    replacement: '(backTimes.get(id) ?? -Infinity) > Infinity',
    tests: [
      { file: 'test/integration/late-writer.test.ts', only: 'leaves it among the forgotten' },
    ],
  },
  {
    name: 'a forgotten object goes while its snapshot stands',
    class: 'lease',
    file: 'src/operations/prune/drop-expired.ts',
    text: 'if (!stands) {',
    replacement: 'if (snapshots.size >= 0 || stands) {',
    tests: [
      {
        file: 'test/integration/late-writer.test.ts',
        only: 'keeps its forgotten object also when it was never removed',
      },
    ],
  },
  {
    name: 'packs go before the index objects that name them',
    class: 'order',
    file: 'src/operations/prune/sweep.ts',
    text: "const replaced = await replaceIndexObjects(repository, steps, lock)\n    await deleteObjects(storage, names)\n    await storage.sync('packs')",
    replacement:
      "await deleteObjects(storage, names)\n    await storage.sync('packs')\n    const replaced = await replaceIndexObjects(repository, steps, lock)",
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'the going of packs is not durable before their condemnation goes',
    class: 'fsync',
    file: 'src/operations/prune/sweep.ts',
    text: "await storage.sync('packs')",
    replacement: '',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'the going of a condemnation is not durable',
    class: 'fsync',
    file: 'src/operations/prune/sweep.ts',
    text: "await storage.sync('condemned')",
    replacement: '',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'a condemnation goes before its packs',
    class: 'order',
    file: 'src/operations/prune/sweep.ts',
    text: 'const { storage, catalogue } = repository\n',
    replacement:
      'const { storage, catalogue } = repository\n  for (const { id } of condemnations) await storage.delete(`condemned/${id}`)\n',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'index objects go before what replaces them is there',
    class: 'order',
    file: 'src/repository/index-replacement.ts',
    text: 'await writeIndexObjects(repository, staying)\n    await lock.assertHeld()\n    await deleteObjects(\n      storage,\n      replaced.map((id) => `index/${id}`),\n    )',
    replacement:
      'await lock.assertHeld()\n    await deleteObjects(\n      storage,\n      replaced.map((id) => `index/${id}`),\n    )\n    await writeIndexObjects(repository, staying)',
    tests: [
      {
        file: 'test/integration/storage-order.test.ts',
        only: 'of a prune, when an index object names also what stays',
      },
    ],
  },
  {
    name: 'what stays is not named anew',
    class: 'order',
    file: 'src/repository/index-replacement.ts',
    text: 'await writeIndexObjects(repository, staying)\n',
    replacement: '\n',
    tests: [
      {
        file: 'test/integration/storage-order.test.ts',
        only: 'of a prune, when an index object names also what stays',
      },
    ],
  },
  {
    name: 'the lease is not looked at before index objects go',
    class: 'lease',
    file: 'src/repository/index-replacement.ts',
    text: 'await writeIndexObjects(repository, staying)\n    await lock.assertHeld()',
    replacement: 'await writeIndexObjects(repository, staying)',
    tests: [
      {
        file: 'test/integration/storage-order.test.ts',
        only: 'of a prune, when an index object names also what stays',
      },
    ],
  },
  {
    name: 'the going of index objects is not durable before their packs go',
    class: 'fsync',
    file: 'src/repository/index-replacement.ts',
    text: "    )\n    await storage.sync('index')\n",
    replacement: '    )\n',
    tests: [{ file: 'test/integration/storage-order.test.ts', only: 'of a prune' }],
  },
  {
    name: 'a copy is given up for one that nobody has read',
    class: 'verify-before-publish',
    file: 'src/operations/prune/copy-prover.ts',
    text: 'const wrong = this.#findWrong(copies)',
    replacement: 'const wrong: ClaimedCopy[] = []',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'gives up no copy for a damaged copy',
      },
      { file: 'test/integration/poisoned-copies.test.ts' },
    ],
  },
  {
    name: 'a record that a lease is over takes the snapshots from before',
    class: 'clock',
    file: 'src/operations/prune/mark-snapshots.ts',
    text: 'if (!(await cameAfterRecord(repository, snapshot, revoked))) live.mark(snapshot)',
    replacement: '',
    tests: [
      {
        file: 'test/integration/poisoned-copies.test.ts',
        only: 'a forged record that a lease is over',
      },
    ],
  },
  {
    name: 'what was overwritten is not kept',
    class: 'retention',
    file: 'src/operations/prune/choose-retained.ts',
    text: 'if (!known || isLater(version, known)) contents.set(contentOf(version), version)',
    replacement: "contents.set('', version)",
    tests: [
      {
        file: 'test/unit/operations/prune/choose-retained.test.ts',
        only: 'takes what was overwritten as well, and names it',
      },
    ],
  },
  {
    name: 'a copy in a condemned pack is as good as another one',
    class: 'order',
    file: 'src/operations/prune/choose-copy.ts',
    text: 'if (condemned !== 0) return condemned < 0',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/prune/choose-copy.test.ts',
        only: 'outside of condemned packs, if it can be',
      },
    ],
  },
  {
    name: 'a damaged copy is as good as another one',
    class: 'damage',
    file: 'src/operations/prune/choose-copy.ts',
    text: 'if (damage !== 0) return damage < 0',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/prune/choose-copy.test.ts',
        only: 'where it is not damaged, be it in a condemned pack',
      },
    ],
  },
  {
    name: 'a live blob is told by its place alone',
    class: 'hash',
    file: 'src/operations/prune/live-places.ts',
    text: 'return place % markSpan === markOf(id, idStart)',
    replacement: 'return place >= 0',
    tests: [
      {
        file: 'test/integration/prune.test.ts',
        only: 'refuses when the catalogue says that a live blob lies where a dead one is',
      },
    ],
  },
  {
    name: 'live blobs of a segment are told apart by their offsets only every 512 bytes',
    class: 'hash',
    file: 'src/operations/prune/live-places.ts',
    text: '((offset & offsetBelowMask) << markBits) | markOf(id, 0)',
    replacement: 'markOf(id, 0)',
    tests: [
      { file: 'test/property/prune-plan.test.ts' },
      { file: 'test/integration/prune.test.ts' },
    ],
  },
  {
    name: 'a live blob that was marked twice takes the place of another one',
    class: 'hash',
    file: 'src/operations/prune/live-places.ts',
    text: 'at > 0 && words[at] === words[kept - 2] && words[at + 1] === words[kept - 1]',
    replacement: 'at > 0 && words[at + 1] === words[kept - 1]',
    tests: [{ file: 'test/property/prune-plan.test.ts' }],
  },
  {
    name: 'a loss that a snapshot needs ends no prune',
    class: 'damage',
    file: 'src/operations/prune/live-blobs.ts',
    text: 'if (!this.#toleratesLoss) throw missing(id, state)',
    replacement: '',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'ends when nobody knows where a blob is that a snapshot needs',
      },
    ],
  },
  {
    name: 'a prune beside a prune',
    class: 'lock',
    file: 'src/operations/prune/prune.ts',
    text: "options.dryRun ? 'shared' : 'maintenance'",
    replacement: "'shared'",
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'while somebody takes away, nobody else forgets or prunes',
      },
    ],
  },
  {
    name: 'a snapshot of a revoked lease with missing blobs ends every prune',
    class: 'lease',
    file: 'src/operations/prune/mark-snapshots.ts',
    text: 'revoked.has(snapshot.leaseId)) uncertain.push(snapshot)',
    replacement: "revoked.has('')) uncertain.push(snapshot)",
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'moves a snapshot to the forgotten ones whose lease was revoked',
      },
    ],
  },
  {
    name: 'any snapshot with missing blobs is taken for unacknowledged',
    class: 'lease',
    file: 'src/operations/prune/mark-snapshots.ts',
    text: 'snapshot.leaseId !== null && revoked.has(snapshot.leaseId)',
    replacement: 'snapshot.leaseId !== null',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'ends when data is gone that an acknowledged snapshot needs',
      },
    ],
  },
  {
    name: 'every chunk of a page counts as marked when its first one is',
    class: 'order',
    file: 'src/operations/prune/live-blobs.ts',
    text: 'this.#marked.find(page.words, idsAt + item * idWords, anyLength)',
    replacement: 'this.#marked.find(page.words, idsAt, anyLength)',
    tests: [{ file: 'test/integration/prune.test.ts' }],
  },
  {
    name: 'a chunk that is lost counts as marked for the next snapshot',
    class: 'damage',
    file: 'src/operations/prune/live-blobs.ts',
    text: "else if (this.#states.lost.has(row)) this.#noteLoss(id, 'its pack is not there')",
    replacement:
      "else if (this.#states.lost.has(row)) { this.#noteLoss(id, 'its pack is not there'); this.#marked.add(this.#idWords, item * idWords, { packRow: row, segment: 0, lengthBytes: anyLength }) }",
    tests: [{ file: 'test/integration/live-blobs.test.ts' }],
  },
]
