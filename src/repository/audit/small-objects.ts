import { decodeIndexObject } from '../../format/index-object/index-object.ts'
import { decodeJournalRecord } from '../../format/manifest/journal-record.ts'
import { decodeSnapshotManifest } from '../../format/manifest/snapshot-manifest.ts'
import { decodeKeySlot } from '../../format/text-object/key-slot-text.ts'
import {
  checkRepositoryConfigMac,
  decodeRepositoryConfig,
} from '../../format/text-object/repository-config.ts'
import { textObjectBytesMax } from '../../format/text-object/text-object.ts'
import type { RepositoryError } from '../../foundation/errors.ts'
import { isFinding } from '../loss.ts'
import type { Repository } from '../repository.ts'
import type { Damage } from './damage.ts'

/** Throws when the object is not what was written. */
type Check = (repository: Repository, name: string) => Promise<void>

const checks: Readonly<Record<string, Check>> = {
  index: async (repository, name) => {
    decodeIndexObject(await repository.readSmallObject('index', name))
  },
  snapshots: async (repository, name) => {
    decodeSnapshotManifest(await repository.readSmallObject('snapshot', name))
  },
  forgotten: async (repository, name) => {
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

const listedFolders = ['keys', 'index', 'snapshots', 'forgotten', 'journal'] as const
type ListedFolder = (typeof listedFolders)[number]

export interface SmallObjectAudit {
  /** Without them, every one that is listed. */
  readonly names?: readonly string[]
  /** A folder whose objects are read elsewhere. */
  readonly except?: ListedFolder
  /** Told of an object that the storage failed to give; without it, or when it throws, the audit ends. */
  readonly onFault?: (name: string, error: unknown) => Promise<void>
}

/**
 * Reads, opens and decodes objects that are not packs; each once more when anything is wrong, so that a flipped bit on the way is not taken
 * for one in the storage.
 *
 * @returns what is wrong
 */
export async function verifySmallObjects(
  repository: Repository,
  { names, except, onFault }: SmallObjectAudit,
): Promise<Damage[]> {
  const damages: Damage[] = []
  for (const name of names ?? (await listSmallObjects(repository, except))) {
    try {
      const finding = (await findingOf(repository, name)) && (await findingOf(repository, name))
      if (!finding) continue
      // Only what was asked for by name has to be there.
      if (!names && (await hasVanished(repository, name))) continue
      damages.push({ message: `${name}: ${finding.message}`, objectId: name })
    } catch (error) {
      if (!onFault) throw error
      await onFault(name, error)
    }
  }
  return damages
}

async function listSmallObjects(
  { storage }: Repository,
  except: ListedFolder | undefined,
): Promise<string[]> {
  const names = ['config']
  for (const folder of listedFolders) {
    if (folder !== except) names.push(...(await storage.listNames(folder)))
  }
  return names
}

/** What was listed and is gone now was taken away by another run, which has the right to. */
async function hasVanished({ storage }: Repository, name: string): Promise<boolean> {
  const folder = listedFolders.find((known) => name.startsWith(`${known}/`))
  return folder !== undefined && !(await storage.listNames(folder)).includes(name)
}

async function findingOf(
  repository: Repository,
  name: string,
): Promise<RepositoryError | undefined> {
  const [folder] = name.split('/', 1)
  try {
    await checks[folder](repository, name)
    return undefined
  } catch (error) {
    if (!isFinding(error)) throw error
    return error
  }
}
