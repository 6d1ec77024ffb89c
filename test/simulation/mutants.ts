/** A rule taken out of the code. */
export interface Mutant {
  readonly name: string
  /** Below `src/`. */
  readonly file: string
  /** Occurs once in the file. */
  readonly find: string
  readonly replace: string
  /** Another rule covers for it; not expected to be found. */
  readonly isRedundant?: true
  /** Another place of the same file. */
  readonly also?: { readonly find: string; readonly replace: string }
}

/** Every rule that keeps concurrent runs from losing data; the model check has to notice when one is missing. */
export const mutants: readonly Mutant[] = [
  {
    name: 'no check of the lease after a snapshot was put',
    file: 'repository/commit-snapshot.ts',
    find: '  await assertCommitted(repository, id, lock)\n',
    replace: '',
  },
  {
    name: 'no check of the lease at all when a snapshot is put',
    file: 'repository/locks.ts',
    find: '    await this.#refreshing\n    this.#assertFresh()\n    if (this.#name === null) return\n',
    replace: '    if (Date.now() > 0) return\n    if (this.#name === null) return\n',
  },
  {
    name: 'a removed lock is not noticed',
    file: 'repository/locks.ts',
    find: "      throw lostError('somebody removed the lock of this run', undefined)\n    }\n    // The answer",
    replace: '    }\n    // The answer',
  },
  {
    name: 'a stopped process revives its lock',
    file: 'repository/locks.ts',
    find: '    if (!(await isThere(this.#storage, old))) {\n      await',
    replace: '    if (Date.now() < 0) {\n      await',
  },
  {
    name: 'leases are told by the clock of the client',
    file: 'repository/locks.ts',
    find: '    return this.#storageAtMs + this.#elapsedMs()',
    replace: '    return this.#clock.nowMs()',
  },
  {
    name: 'locks are listed once',
    file: 'repository/standing-locks.ts',
    find: "    for (const name of await listing.storage.listNames('locks')) names.add(name)\n",
    replace: '',
  },
  {
    name: 'a lock that is gone when it is to be read is not looked for under another name',
    file: 'repository/standing-locks.ts',
    find: "if (lock === 'removed' || lock === 'gone') vanished += 1",
    replace: "if (lock === 'gone') continue\n      if (lock === 'removed') vanished += 1",
  },
  {
    name: 'a stale lease is broken without a record',
    file: 'repository/standing-locks.ts',
    find: "    if (stale !== undefined && stale !== 'unreadable') await revoke(stale, storageNowMs)\n",
    replace: '',
  },
  {
    name: 'nobody looks for dead locks',
    file: 'repository/standing-locks.ts',
    find: 'listing.storageNowMs - modifiedAtMs',
    replace: '-1 - Math.abs(listing.storageNowMs - modifiedAtMs)',
  },
  {
    name: 'the sweep does not wait for runs that began before',
    file: 'operations/prune/condemn.ts',
    find: "record === 'unreadable' || !record.knows.includes(id)",
    replace: "record === 'unreadable'",
  },
  {
    name: 'what is condemned is not looked for when a run begins',
    file: 'repository/lock-repository.ts',
    find: 'await readCondemnedPacks(repository)',
    replace:
      '{ ...(await readCondemnedPacks(repository)), packIds: new Set(), isSettled: () => true } as never',
  },
  {
    name: 'a run that begins says that it knows what it never read',
    file: 'repository/condemned-packs.ts',
    find: '    for (const { packs } of standing) for (const pack of packs) this.#packs.add(pack)\n',
    replace: '',
  },
  {
    name: 'the catalogue catches up before the lock is taken, not after',
    file: 'repository/lock-repository.ts',
    find: '    repository.noteUnusable(await look.catchUp(asBegun))\n',
    replace: '',
  },
  {
    name: 'the parent is always trusted',
    file: 'repository/condemned-packs.ts',
    find: 'return this.#marked.every((marked) => marked.has(snapshotId))',
    replace: 'return snapshotId !== ""',
  },
  {
    name: 'condemned packs are adopted',
    file: 'repository/adopt-packs.ts',
    find: 'if (known.delete(packId) || condemned.packIds.has(packId)) continue',
    replace: 'if (known.delete(packId)) continue',
  },
  {
    name: 'blobs in condemned packs count as stored',
    file: 'repository/condemned-packs.ts',
    find: '    if (pack) rows.push(pack.row)\n',
    replace: '    if (pack && pack.row < 0) rows.push(pack.row)\n',
  },
  {
    name: 'the sweep does not look at what was committed since',
    file: 'operations/prune/prune.ts',
    find: 'if (isMarked || recent.inPack(row)) needed.add(id)',
    replace: 'if (isMarked) needed.add(id)',
  },
  {
    name: 'the sweep does not look at what older marks need',
    file: 'operations/prune/prune.ts',
    find: 'if (isMarked || recent.inPack(row)) needed.add(id)',
    replace: 'if (recent.inPack(row)) needed.add(id)',
  },
  {
    name: 'the sweep lists snapshots before it lists locks',
    file: 'operations/prune/prune.ts',
    find: '    const others = await lock.others()\n    const witnesses',
    replace:
      '    globalThis.early = await this.#listSnapshots()\n    const others = await lock.others()\n    const witnesses',
    also: {
      find: '    const { snapshots, forgotten } = await this.#listSnapshots()\n    const isNew',
      replace: '    const { snapshots, forgotten } = globalThis.early\n    const isNew',
    },
  },
  {
    name: 'the index objects of what was committed meanwhile are not taken in',
    file: 'operations/prune/prune.ts',
    find: '    this.#repository.noteUnusable(await catchUp(this.#repository, listings))\n',
    replace: '',
  },
  {
    name: 'forgotten snapshots are not marked',
    file: 'operations/prune/mark-snapshots.ts',
    find: '    if (snapshot) live.markRest(snapshot)\n',
    replace: '',
  },
  {
    name: 'the grace is told by the clock of the client',
    file: 'operations/prune/drop-expired.ts',
    find: 'lock.storageNowMs() - forgottenAtMs < graceMs',
    replace: 'Date.now() - forgottenAtMs < graceMs',
  },
  {
    name: 'the grace is not waited for',
    file: 'operations/prune/drop-expired.ts',
    find: 'isOlderThan(graceMs, forgottenAtMs)',
    replace: 'isOlderThan(0, forgottenAtMs)',
  },
  {
    name: 'the grace counts from the first time that a snapshot was forgotten',
    file: 'repository/move-to-forgotten.ts',
    find: '  await storage.replace(name, bytes)\n',
    replace: '  await storage.put(name, bytes)\n',
  },
  {
    name: 'a snapshot is removed before it is among the forgotten',
    file: 'repository/move-to-forgotten.ts',
    find: '  await readAhead(\n    storage,\n    found,\n    ({ id, bytes }) => storage.replace(`forgotten/${id}`, bytes),\n    (_found, replaced) => replaced,\n  )\n',
    replace: '',
  },
  {
    name: 'a forget does not look at its lease again',
    file: 'repository/move-to-forgotten.ts',
    find: '  await lock.assertHeld()\n  await deleteObjects(',
    replace: '  await deleteObjects(',
  },
  {
    name: 'an undelete leaves nothing for a forget that was stopped',
    file: 'operations/retention/undelete-snapshots.ts',
    find: '      await assertBack(repository, id, lock)\n',
    replace:
      '      await assertBack(repository, id, lock)\n      await repository.storage.delete(`forgotten/${id}`)\n',
  },
  {
    name: 'a prune drops what was deleted late',
    file: 'operations/prune/drop-expired.ts',
    find: '(backTimes.get(id) ?? -Infinity) > forgottenAtMs',
    replace: '(backTimes.get(id) ?? -Infinity) > Infinity',
  },
  {
    name: 'a prune drops what is forgotten and stands',
    file: 'operations/prune/drop-expired.ts',
    find: 'if (!snapshots.has(id)) {',
    replace: 'if (snapshots.size >= 0) {',
  },
  {
    name: 'the deletion of a snapshot is not durable when its data is swept',
    file: 'operations/prune/drop-expired.ts',
    find: "  await storage.sync('snapshots')\n",
    replace: '',
  },
  {
    name: 'the clock of the storage is told by the clock of the client that is ahead',
    file: 'repository/locks.ts',
    find: 'Math.max(Math.min(wallMs, monotonicMs), 0)',
    replace: 'Math.max(wallMs, monotonicMs, 0)',
  },
  {
    name: 'index objects name packs that are not durable',
    file: 'repository/index-writer.ts',
    find: "  await repository.storage.sync('packs')\n",
    replace: '',
  },
  {
    name: 'a snapshot refers to index objects of others that are not durable',
    file: 'repository/commit-snapshot.ts',
    find: "  await repository.storage.sync('index')\n",
    replace: '',
  },
  {
    name: 'the snapshot is put before its index objects',
    file: 'repository/index-writer.ts',
    find: '    await this.#write()\n  }',
    replace: '    void this.#write()\n  }',
  },
  {
    name: 'packs go before the index objects that name them',
    file: 'repository/index-replacement.ts',
    find: "  await storage.sync('index')\n",
    replace: '',
  },
  {
    name: 'old index objects go before the new ones are there',
    file: 'repository/index-replacement.ts',
    find: '  await writeIndexObjects(repository, staying)\n',
    replace: '',
  },
  {
    name: 'a prune does not look at its lease before it deletes',
    file: 'repository/index-replacement.ts',
    find: '    await lock.assertHeld()\n    await deleteObjects(',
    replace: '    await deleteObjects(',
  },
  {
    name: 'a prune goes beside a prune',
    file: 'repository/locks.ts',
    find: "  return one === 'shared' || other === 'shared'",
    replace: "  return one !== 'exclusive' && other !== 'exclusive'",
  },
  {
    name: 'copied packs go before the copies are named',
    file: 'operations/prune/repack.ts',
    find: '  await index.flush()\n',
    replace: '  void index.flush()\n',
  },
  {
    name: 'unnamed packs of running backups are leftovers',
    file: 'operations/prune/prune.ts',
    find: 'others.length === 0 ? stored.unnamed : []',
    replace: 'stored.unnamed',
  },
  {
    name: 'lost packs count as stored',
    file: 'repository/adopt-packs.ts',
    find: '    missing.push(id)\n',
    replace: '',
  },
  {
    name: 'a catalogue that lists index objects before snapshots',
    file: 'repository/catch-up.ts',
    find: "  const snapshotNames = await storage.listNames('snapshots')\n  const indexNames = await storage.listNames('index')\n",
    replace:
      "  const indexNames = await storage.listNames('index')\n  const snapshotNames = await storage.listNames('snapshots')\n",
  },
  {
    name: 'index objects are listed before the condemned ones',
    file: 'repository/object-listings.ts',
    find: "before.then(() => storage.listNames('index'))",
    replace: "before.catch(() => []) && storage.listNames('index')",
  },
  {
    name: 'what a run looks at is listed before its lock stands',
    file: 'repository/lock-repository.ts',
    find: '  const looks: Look[] = []\n',
    replace:
      '  const looks: Look[] = []\n  const early = beginLook(repository, { needsOnlyIndex, listsPacks })\n',
    also: {
      find: '    const look = looks[looks.length - 1]\n',
      replace: '    const look = early\n',
    },
  },
  {
    name: 'snapshots and forgotten ones are listed together, and once',
    file: 'repository/snapshot-objects.ts',
    find: 'if (listing > 0 && ',
    replace: 'if (listing >= 0 || ',
  },
  {
    name: 'no check of the lease before a snapshot is put',
    file: 'repository/commit-snapshot.ts',
    find: '  await lock.assertHeldLately()\n  const plaintext',
    replace: '  const plaintext',
    // The check after the put sees the same, and whoever lists the snapshot before finds the revocation.
    isRedundant: true,
  },
]
