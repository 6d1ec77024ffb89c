import type { PackAccess } from '../../format/pack/pack-reader.ts'
import type { Repository } from '../../repository/repository.ts'

/** What it takes to open packs of a repository. */
export function packAccessOf({ context }: Repository): PackAccess {
  return {
    frameRootKey: context.keys.frameRootKey,
    repositoryId: Buffer.from(context.repositoryId),
    sealed: context.sealed,
  }
}
