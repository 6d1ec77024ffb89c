import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { encodeIndexObject } from '../../src/format/index-object/index-object.ts'
import { encodeCondemnation } from '../../src/format/manifest/condemnation.ts'
import { decodePack } from '../../src/format/pack/pack-reader.ts'
import { encodeObjectHeader } from '../../src/format/object/object-header.ts'
import type { PackId } from '../../src/model/ids.ts'
import type { Repository } from '../../src/index.ts'
import { toObjectId } from '../../src/model/ids.ts'
import type * as WriteJournalModule from '../../src/repository/write-journal.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { plainHash } from '../../src/format/hashing/blob-hasher.ts'
import { encodeRawPack } from '../support/forge/raw-pack.ts'
import { codeOf, namesIn, packBytesOf, restoreDifferences, save } from '../support/repositories.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { files, newSource, prune, scene } from './prune-scene.ts'

const { writeJournal } = await engineModule<typeof WriteJournalModule>('repository/write-journal')

/* Somebody who has a key and may add objects, and not delete any, tries to have good copies deleted by the next prune. */

/** A pack that says that it holds everything that the repository has, sealed as it should be; the bytes are others. */
function addPoison(handle: Repository, location: string): void {
  const { context } = handle
  const salt = randomBytesOf('salt', 32)
  const header = encodeObjectHeader({
    type: 'pack',
    sealed: context.sealed,
    repositoryId: Buffer.from(context.repositoryId),
    salt,
  })
  const claimed = [0, 1].map((kind) => ({
    kind,
    blobs: blobsOf(handle, location, kind).map(({ id, length }) => ({
      id,
      bytes: Buffer.alloc(length, 7),
    })),
  }))
  const segments = claimed.filter(({ blobs }) => blobs.length > 0)
  const { bytes, trailer } = encodeRawPack(context.keys.frameRootKey, header, { segments })
  const packId = toObjectId(plainHash(bytes).toString('hex'))
  writeFileSync(join(location, 'packs', packId), bytes)
  const entries = [{ packId, salt, packBytes: bytes.length, trailer }]
  const index = handle.seal('index', encodeIndexObject(entries))
  writeFileSync(join(location, 'index', index.id), index.bytes)
}

function blobsOf(
  { context }: Repository,
  location: string,
  kind: number,
): { id: Buffer; length: number }[] {
  const access = {
    frameRootKey: context.keys.frameRootKey,
    repositoryId: Buffer.from(context.repositoryId),
    sealed: context.sealed,
  }
  return namesIn(location, 'packs').flatMap((name) => {
    const { trailer } = decodePack(
      readFileSync(join(location, 'packs', name)),
      access,
      toObjectId(name),
    )
    const found: { id: Buffer; length: number }[] = []
    for (let segment = 0; segment < trailer.segmentCount; segment++) {
      if (trailer.kinds[segment] !== kind) continue
      const first = trailer.firstBlobs[segment]
      for (let blob = first; blob < first + trailer.blobCounts[segment]; blob++) {
        const id = Buffer.from(trailer.ids.subarray(32 * blob, 32 * blob + 32))
        found.push({ id, length: trailer.blobLengths[blob] })
      }
    }
    return found
  })
}

it.each([false, true])(
  'no good copy goes for one that is not what it is said to be (encrypted: %s)',
  async (isEncrypted) => {
    const { repository, handle } = await scene(isEncrypted)
    const source = newSource(files('x', 6, 30_000))
    const { snapshot } = await save(handle, source)
    const good = namesIn(repository.location, 'packs')
    addPoison(handle, repository.location)
    // The good packs are called condemned, so that a copy outside of them is taken.
    const condemnation = encodeCondemnation({
      version: 1,
      atMs: Date.now(),
      packs: good as PackId[],
      marked: [snapshot.id],
    })
    const { id, bytes } = handle.seal('condemned', condemnation)
    mkdirSync(join(repository.location, 'condemned'), { recursive: true })
    writeFileSync(join(repository.location, 'condemned', id), bytes)
    await handle.close()

    const opened = await repository.open()
    await prune(opened)
    expect(namesIn(repository.location, 'packs')).toEqual(expect.arrayContaining(good))
    expect(await restoreDifferences(opened, snapshot, source)).toEqual([])
    expect(packBytesOf(repository.location)).toBeGreaterThan(180_000)
    await engine.prune(opened, { graceMs: 0 })
    expect(await restoreDifferences(await repository.open(), snapshot, source)).toEqual([])
  },
)

it('a forged record that a lease is over takes nothing from a snapshot that was there before', async () => {
  const { repository, handle } = await scene()
  const { snapshot } = await save(handle, newSource(files('x', 2, 30_000)))
  const path = join(repository.location, 'snapshots', snapshot.id)
  const hourAgo = Date.now() / 1000 - 3600
  utimesSync(path, hourAgo, hourAgo)
  const { leaseId } = snapshot
  await writeJournal(handle, { kind: 'revocation', leaseId, storageAtMs: 1 })
  for (const pack of namesIn(repository.location, 'packs')) {
    rmSync(join(repository.location, 'packs', pack))
  }
  expect(await codeOf(prune(handle))).toBe('OBJECT_MISSING')
  expect(namesIn(repository.location, 'snapshots')).toEqual([snapshot.id])
  expect(namesIn(repository.location, 'forgotten')).toEqual([])
})
