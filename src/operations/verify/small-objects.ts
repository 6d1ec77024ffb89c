import { decodeIndexObject } from '../../format/index-object/index-object.ts'
import { decodeJournalRecord } from '../../format/manifest/journal-record.ts'
import { decodeSnapshotManifest } from '../../format/manifest/snapshot-manifest.ts'
import { decodeKeySlot } from '../../format/text-object/key-slot-text.ts'
import {
  checkRepositoryConfigMac,
  decodeRepositoryConfig,
} from '../../format/text-object/repository-config.ts'
import { textObjectBytesMax } from '../../format/text-object/text-object.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Damage } from './verify.ts'

/** Throws when the object is not what was written. */
type Check = (repository: Repository, name: string) => Promise<void>

const checks: Readonly<Record<string, Check>> = {
  index: async (repository, name) => {
    decodeIndexObject(await repository.readSmallObject('index', name))
  },
  snapshots: async (repository, name) => {
    decodeSnapshotManifest(await repository.readSmallObject('snapshot', name))
  },
  journal: async (repository, name) => {
    decodeJournalRecord(await repository.readSmallObject('journal', name))
  },
  keys: async ({ storage, repositoryId }, name) => {
    const bytes = await storage.get(name, textObjectBytesMax)
    decodeKeySlot(bytes, { slotId: name.slice('keys/'.length), repositoryId })
  },
  config: async ({ storage, context }, name) => {
    const decoded = decodeRepositoryConfig(await storage.get(name, textObjectBytesMax))
    checkRepositoryConfigMac(decoded, context.keys.configKey)
  },
}

/**
 * Reads, opens and decodes objects that are not packs.
 *
 * @param names without them, every one
 * @returns what is wrong
 */
export async function verifySmallObjects(
  repository: Repository,
  names?: readonly string[],
): Promise<Damage[]> {
  const damages: Damage[] = []
  for (const name of names ?? (await everySmallObject(repository))) {
    const [folder] = name.split('/', 1)
    try {
      await checks[folder](repository, name)
    } catch (error) {
      if (!isFinding(error)) throw error
      damages.push({ message: `${name}: ${error.message}`, objectId: name })
    }
  }
  return damages
}

async function everySmallObject({ storage }: Repository): Promise<string[]> {
  const names = ['config']
  for (const folder of ['keys', 'index', 'snapshots', 'journal'] as const) {
    names.push(...(await storage.listNames(folder)))
  }
  return names
}

/** A storage that fails in another way than by loss ends the verification. */
function isFinding(error: unknown): error is HoldfastError {
  return (
    error instanceof HoldfastError &&
    (error.code === 'OBJECT_DAMAGED' ||
      error.code === 'OBJECT_MISSING' ||
      error.code === 'FORMAT_UNSUPPORTED')
  )
}
