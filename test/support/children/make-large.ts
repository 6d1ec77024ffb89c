/*
 * `make-large.js REPOSITORY SNAPSHOTS FILES`: so many snapshots, two a day up to now, the newest of a folder of so many files.
 * They go the way of every backup from the lease to the commit; only the files are thought, because making a million of them takes minutes.
 */
import { DirectoryWriter, type StoredDirectory } from '../../../src/format/tree/directory-writer.ts'
import { EntryDraft } from '../../../src/format/tree/entry-draft.ts'
import { openRepository } from '../../../src/index.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { saveSnapshot } from '../../../src/operations/snapshot/save-snapshot.ts'
import type { StoredSource } from '../../../src/repository/store-snapshot.ts'
import { commitSnapshot, type RecordedSnapshot } from '../../../src/repository/commit-snapshot.ts'
import type { Lease } from '../../../src/repository/lock-repository.ts'
import { underLease } from '../../../src/repository/under-lease.ts'

const halfDayMs = 43_200_000
const fileMode = 0o100644
const directoryMode = 0o040755

const [location = '', ...counts] = process.argv.slice(2)
const [snapshotCount = 0, fileCount = 0] = counts.map(Number)

type StoreTree = ConstructorParameters<typeof DirectoryWriter>[0]

function storeFolder(storeTree: StoreTree, names: readonly string[]): StoredDirectory {
  const writer = new DirectoryWriter(storeTree)
  const draft = new EntryDraft()
  const nowSeconds = Math.floor(Date.now() / 1000)
  for (const name of names) {
    draft.clear()
    draft.setName(Buffer.from(name))
    draft.mode = fileMode
    draft.mtimeLow = nowSeconds
    writer.append(draft)
  }
  const folder = writer.finish()
  draft.clear()
  draft.setName(Buffer.from('million'))
  draft.mode = directoryMode
  draft.mtimeLow = nowSeconds
  draft.setContent(folder.id, Float64Array.of(folder.bytes))
  writer.append(draft)
  return writer.finish()
}

interface Thought {
  readonly atMs: number
  readonly files: number
  readonly description: string
}

function manifestOf(
  { root, blobCounts, packBytes }: StoredSource,
  { atMs, files, description }: Thought,
): RecordedSnapshot {
  return {
    version: 1,
    type: 'incremental',
    startedAtMs: atMs,
    endedAtMs: atMs + 4000,
    hostname: 'large',
    username: 'root',
    base: '/',
    paths: ['/million'],
    tree: { id: Buffer.from(root.id).toString('hex'), bytes: root.bytes },
    parentId: null,
    description,
    tags: [],
    excludes: [],
    statistics: {
      files,
      directories: 1,
      others: 0,
      bytes: 0,
      newFiles: files,
      changedFiles: 0,
      unchangedFiles: 0,
      ...blobCounts,
      storedBytesAdded: packBytes,
      unreadable: 0,
    },
    unreadable: [],
    program: 'a test',
    knownDamage: [],
  }
}

async function save(
  repository: Repository,
  lease: Lease,
  names: readonly string[],
  { atMs, description }: Pick<Thought, 'atMs' | 'description'>,
): Promise<RecordedSnapshot> {
  const manifests: RecordedSnapshot[] = []
  await saveSnapshot(repository, lease, {
    signal: undefined,
    onEvent: undefined,
    chooseParent: () => null,
    store: async ({ session }) => storeFolder((bytes) => session.store.storeTree(bytes), names),
    manifest(stored) {
      const manifest = manifestOf(stored, { atMs, files: names.length, description })
      manifests.push(manifest)
      return manifest
    },
  })
  return manifests[0]
}

const repository = await openRepository({ location })
try {
  await underLease(repository, 'shared', 'snapshot', async (lease) => {
    const timeOf = (index: number): number => Date.now() - (snapshotCount - index) * halfDayMs
    const first = await save(repository, lease, ['one.json'], {
      atMs: timeOf(0),
      description: 'round 0',
    })
    for (let index = 1; index < snapshotCount - 1; index++) {
      const atMs = timeOf(index)
      const description = index % 10 === 0 ? `round ${index}` : ''
      const times = { startedAtMs: atMs, endedAtMs: atMs + 4000 }
      await commitSnapshot(repository, { ...first, ...times, description }, lease.lock)
    }
    const names = Array.from(
      { length: fileCount },
      (_, file) => `file-${String(file).padStart(7, '0')}.json`,
    )
    await save(repository, lease, names, {
      atMs: timeOf(snapshotCount - 1),
      description: 'the large one',
    })
  })
} finally {
  await repository.close()
}
