import type { KeySlot } from '../format/encryption/key-slot.ts'
import { HoldfastError } from '../foundation/errors.ts'
import { addKeySlot, readKeySlots, removeKeySlot } from './key-slots.ts'
import type { Repository } from './repository.ts'

/** What may be told of a slot. */
export interface KeyDescription {
  readonly slotId: string
  readonly label: string
  readonly createdAtMs: number
  /** True for the slot that opened the repository just now. */
  readonly isCurrent: boolean
}

export async function listKeys(repository: Repository): Promise<KeyDescription[]> {
  requireEncryption(repository)
  const slots = await readKeySlots(repository.storage, repository.repositoryId)
  return slots.map((slot) => describe(repository, slot))
}

/** @throws {HoldfastError} `KEY_REFUSED` for an empty passphrase or a repository without encryption */
export async function addKey(
  repository: Repository,
  options: { readonly passphrase: string; readonly label: string },
): Promise<KeyDescription> {
  requireEncryption(repository)
  const slot = await addKeySlot(repository.storage, {
    passphrase: options.passphrase,
    label: options.label,
    masterSecret: repository.masterSecret,
    repositoryId: repository.repositoryId,
  })
  return describe(repository, slot)
}

/** @param idPrefix a slot's id or enough of it to name one */
export async function removeKey(repository: Repository, idPrefix: string): Promise<KeyDescription> {
  requireEncryption(repository)
  const slot = await removeKeySlot(repository.storage, repository.repositoryId, idPrefix)
  return describe(repository, slot)
}

/** Adds a slot for the new passphrase, then removes the one that opened the repository: at no moment is there none. */
export async function changeKey(
  repository: Repository,
  options: { readonly passphrase: string; readonly label: string | undefined },
): Promise<KeyDescription> {
  requireEncryption(repository)
  const slots = await readKeySlots(repository.storage, repository.repositoryId)
  const current = slots.find((slot) => slot.slotId === repository.slotId)
  const label = options.label ?? current?.label ?? 'changed key'
  const added = await addKey(repository, { passphrase: options.passphrase, label })
  if (current) await removeKeySlot(repository.storage, repository.repositoryId, current.slotId)
  return added
}

function describe(repository: Repository, slot: KeySlot): KeyDescription {
  const { slotId, label, createdAtMs } = slot
  return { slotId, label, createdAtMs, isCurrent: slotId === repository.slotId }
}

function requireEncryption(repository: Repository): void {
  if (repository.isEncrypted) return
  throw new HoldfastError(
    'KEY_REFUSED',
    `Cannot work on keys of "${repository.location}": the repository is not encrypted`,
    {
      remedy: 'Make an encrypted one: `holdfast init --passphrase-file FILE --repo OTHER`',
    },
  )
}
