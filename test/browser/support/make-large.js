/*
 * `node make-large.js REPOSITORY SNAPSHOTS FILES`: so many snapshots, two a day up to now, the newest of a folder of so many files.
 * They go the way of every backup from the lease to the commit; only the files are thought, because making a million of them takes minutes.
 */
import { openRepository } from '../../../dist/index.js'
import { DirectoryWriter } from '../../../dist/format/tree/directory-writer.js'
import { EntryDraft } from '../../../dist/format/tree/entry-draft.js'
import { saveSnapshot } from '../../../dist/operations/snapshot/save-snapshot.js'
import { commitSnapshot } from '../../../dist/repository/commit-snapshot.js'
import { underLease } from '../../../dist/repository/under-lease.js'

const halfDayMs = 43_200_000
const fileMode = 0o100644
const directoryMode = 0o040755

const [location = '', ...counts] = process.argv.slice(2)
const [snapshotCount = 0, fileCount = 0] = counts.map(Number)

/** @param {(bytes: Buffer) => Uint8Array} storeTree @param {readonly string[]} names */
function storeFolder(storeTree, names) {
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

function manifestOf({ atMs, root, files, description }) {
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
      blobs: 0,
      newBlobs: 0,
      newBlobBytes: 0,
      storedBytesAdded: 0,
      unreadable: 0,
    },
    unreadable: [],
    program: 'a test',
    knownDamage: [],
  }
}

/** @param {readonly string[]} names */
async function save(repository, lease, names, atMs, description) {
  let manifest
  await saveSnapshot(repository, lease, {
    signal: undefined,
    onEvent: undefined,
    chooseParent: () => null,
    store: async ({ session }) => storeFolder((bytes) => session.store.storeTree(bytes), names),
    manifest({ root, blobCounts, packBytes }) {
      manifest = manifestOf({ atMs, root, files: names.length, description })
      Object.assign(manifest.statistics, blobCounts, { storedBytesAdded: packBytes })
      return manifest
    },
  })
  return manifest
}

const repository = await openRepository({ location })
try {
  await underLease(repository, 'shared', 'snapshot', async (lease) => {
    const timeOf = (index) => Date.now() - (snapshotCount - index) * halfDayMs
    const first = await save(repository, lease, ['one.json'], timeOf(0), 'round 0')
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
    await save(repository, lease, names, timeOf(snapshotCount - 1), 'the large one')
  })
} finally {
  await repository.close()
}
