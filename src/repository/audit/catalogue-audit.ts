import { decodeSnapshotManifest } from '../../format/manifest/snapshot-manifest.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import type { SnapshotId } from '../../model/ids.ts'
import type { Repository } from '../repository.ts'

/**
 * Holds the catalogue's file and its snapshots against the objects; what it says of packs and blobs is part of the survey of the index.
 *
 * @returns what is wrong; `repair catalogue` puts all of it right
 */
export async function auditCatalogue(repository: Repository): Promise<string[]> {
  const { catalogue, storage } = repository
  const findings = catalogue.check()
  for (const name of await storage.listNames('snapshots')) {
    const known = catalogue.snapshots.get(name.slice('snapshots/'.length) as SnapshotId)
    // Made since the last catching up.
    if (!known) continue
    try {
      const stored = decodeSnapshotManifest(await repository.readSmallObject('snapshot', name))
      if (JSON.stringify(stored) !== normalized(known)) {
        findings.push(`snapshot ${known.id}: its manifest is another one`)
      }
    } catch (error) {
      // A damaged object is told of elsewhere, and so is a storage that fails.
      if (!(error instanceof RepositoryError)) throw error
    }
  }
  return findings
}

/** As this version reads it: an older one that took it in left out the fields that it did not know. */
function normalized(manifest: object): string {
  return JSON.stringify(decodeSnapshotManifest(Buffer.from(JSON.stringify(manifest))))
}
