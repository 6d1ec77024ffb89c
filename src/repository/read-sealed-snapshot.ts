import { DamageError } from '../foundation/errors.ts'
import type { SnapshotId } from '../model/ids.ts'
import { isDamage } from './loss.ts'
import type { Repository } from './repository.ts'

/**
 * The bytes of a snapshot object that is about to go from one folder to another: what was read wrongly must not take the place of what is
 * right. A damaged object goes as it is, when two readings say the same of it.
 *
 * @throws {RepositoryError} `OBJECT_MISSING`, or `OBJECT_DAMAGED` when it is read differently each time
 */
export async function readSealedSnapshot(
  repository: Repository,
  folder: 'snapshots' | 'forgotten',
  id: SnapshotId,
): Promise<Buffer> {
  const name = `${folder}/${id}`
  const first = await repository.storage.get(name)
  if (isProved(repository, name, first)) return first
  repository.storage.distrustSync({ name, offsetBytes: 0, lengthBytes: first.length })
  const second = await repository.storage.get(name)
  if (isProved(repository, name, second) || second.equals(first)) return second
  throw new DamageError(`Cannot read ${name}: it is read differently each time`, {
    remedy: 'Run the command again; nothing was changed',
  })
}

function isProved(repository: Repository, name: string, bytes: Buffer): boolean {
  try {
    repository.openSmallObject('snapshot', name, bytes)
    return true
  } catch (error) {
    if (!isDamage(error)) throw error
    return false
  }
}
