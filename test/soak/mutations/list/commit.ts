import type { Mutant } from '../mutant.ts'

const order = 'test/integration/storage-order.test.ts'
const indexWriter = 'src/repository/index-writer.ts'
const commit = 'src/repository/commit-snapshot.ts'
const packWriter = 'src/repository/pack-writer.ts'
const snapshot = 'src/repository/store-snapshot.ts'

/** The order of the commit, and what is proved before it. */
export const commitMutants: readonly Mutant[] = [
  {
    name: 'index objects name packs whose names are not durable',
    class: 'order',
    file: indexWriter,
    text: "await repository.storage.sync('packs')",
    replacement: '',
    tests: [{ file: order, only: 'of a snapshot' }],
  },
  {
    name: 'packs are synced after the index object that names them',
    class: 'order',
    file: indexWriter,
    text: "await repository.storage.sync('packs')\n  for (const group of groupEntries(entries)) {\n    const { id, bytes } = repository.seal('index', encodeIndexObject(group))\n    await repository.storage.put(`index/${id}`, bytes)",
    replacement:
      "for (const group of groupEntries(entries)) {\n    const { id, bytes } = repository.seal('index', encodeIndexObject(group))\n    await repository.storage.put(`index/${id}`, bytes)\n    await repository.storage.sync('packs')",
    tests: [{ file: order, only: 'of a snapshot' }],
  },
  {
    name: 'a snapshot is committed before its index objects',
    class: 'order',
    file: snapshot,
    text: 'await index.flush()\n',
    replacement: '\n',
    tests: [{ file: order, only: 'of a snapshot' }],
  },
  {
    name: 'a snapshot is committed while workers still write',
    class: 'order',
    file: snapshot,
    text: 'const [counts] = await Promise.all([pool.finish(), session.packs.finish()])',
    replacement: 'const counts = await pool.finish()',
    tests: [{ file: order, only: 'of a snapshot' }],
  },
  {
    name: 'the lease is not looked at after the commit',
    class: 'lease',
    file: commit,
    text: 'await assertCommitted(repository, id, lock)',
    replacement: '',
    tests: [{ file: order, only: 'of a snapshot whose lock is taken away' }],
  },
  {
    name: 'a snapshot whose lease was lost stays',
    class: 'lease',
    file: 'src/repository/withdraw-snapshot.ts',
    text: 'await storage.delete(`snapshots/${id}`).catch(() => undefined)',
    replacement: '',
    tests: [{ file: order, only: 'of a snapshot whose lock is taken away' }],
  },
  {
    name: 'the withdrawal of a snapshot is not durable',
    class: 'fsync',
    file: 'src/repository/withdraw-snapshot.ts',
    text: "await storage.sync('snapshots').catch(() => undefined)",
    replacement: '',
    tests: [{ file: order, only: 'of a snapshot whose lock is taken away' }],
  },
  {
    name: 'the first of two snapshots with one backup id goes before the second is there',
    class: 'order',
    file: commit,
    text: 'committed = await put(repository, { ...manifest, backupId: `backup_${seconds}` }, lock)\n      await repository.storage.delete(`snapshots/${first.id}`)',
    replacement:
      'await repository.storage.delete(`snapshots/${first.id}`)\n      committed = await put(repository, { ...manifest, backupId: `backup_${seconds}` }, lock)',
    tests: [{ file: order, only: 'of giving a snapshot another backup id' }],
  },
  {
    name: 'two snapshots keep one backup id',
    class: 'order',
    file: commit,
    text: 'tries < triesMax && (await hasTwin(repository, committed))',
    replacement: 'tries < triesMax && (await hasTwin(repository, committed)) && tries < 0',
    tests: [{ file: order, only: 'of giving a snapshot another backup id' }],
  },
  {
    name: 'a segment is not proved before it is written',
    class: 'verify-before-publish',
    file: packWriter,
    text: 'this.#prove(segment, pack, descriptor, sealed)\n',
    replacement: '\n',
    tests: [
      {
        file: 'test/unit/repository/pack-writer.test.ts',
        only: 'refuses to publish a segment that does not read back as what went in',
      },
    ],
  },
  {
    name: 'the proof of a segment compares no hashes',
    class: 'verify-before-publish',
    file: packWriter,
    text: 'if (id.compare(ids, blob * idBytes, (blob + 1) * idBytes) !== 0) {',
    replacement: 'if (id.length !== idBytes) {',
    tests: [
      {
        file: 'test/unit/repository/pack-writer.test.ts',
        only: 'refuses to publish a segment that does not read back as what went in',
      },
    ],
  },
  {
    name: 'a pack goes on behind a failed write, under a nonce that was used',
    class: 'tag',
    file: packWriter,
    text: '      this.#failure ??= error\n      throw error',
    replacement: '      throw error',
    tests: [
      {
        file: 'test/unit/repository/pack-writer.test.ts',
        only: 'goes on refusing after a failed write, so that no nonce is used twice',
      },
    ],
  },
  {
    name: 'a pack that could not be published is forgotten',
    class: 'order',
    file: packWriter,
    text: 'await Promise.all(this.#publishing)\n    this.#throwFailure()',
    replacement: 'await Promise.all(this.#publishing)',
    tests: [
      {
        file: 'test/unit/repository/pack-writer.test.ts',
        only: 'says so when a pack could not get its name',
      },
    ],
  },
  {
    name: 'every pack has the same salt',
    class: 'tag',
    file: 'src/repository/pack-file.ts',
    text: 'this.salt = randomBytes(32)',
    replacement: 'this.salt = randomBytes(32).fill(7)',
    tests: [
      {
        file: 'test/unit/repository/pack-writer.test.ts',
        only: 'seals equal blobs differently in each pack',
      },
    ],
  },
  {
    name: 'a pack is adopted unproved',
    class: 'hash',
    file: 'src/repository/read-index-entry.ts',
    text: 'decodePack(bytes, access, packId)',
    replacement: 'decodePack(bytes, access)',
    tests: [
      {
        file: 'test/integration/condemned-packs.test.ts',
        only: 'a pack that was left and is not what its name says is not adopted',
      },
    ],
  },
  {
    name: 'a condemned pack is adopted',
    class: 'order',
    file: 'src/repository/adopt-packs.ts',
    text: 'added.filter((name) => !condemned.packIds.has(packIdOf(name)))',
    replacement: 'added',
    tests: [{ file: 'test/integration/condemned-packs.test.ts', only: 'are not adopted' }],
  },
]
