import { createKeySlot, openKeySlot, type KeySlot } from '../format/encryption/key-slot.ts'
import { decodeKeySlot, encodeKeySlot } from '../format/text-object/key-slot-text.ts'
import { textObjectBytesMax } from '../format/text-object/text-object.ts'
import { DamageError, HoldfastError, RepositoryError } from '../foundation/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { isFinding } from './loss.ts'
import { readProved } from './read-proved.ts'

export interface UnlockedSecret {
  readonly masterSecret: Buffer
  /** The slot that the passphrase opened. */
  readonly slotId: string
}

/** The slots that can be read. A damaged one, or one of a newer version, is named by `check` and must not keep anybody from the others. */
export async function readKeySlots(storage: Storage, repositoryId: string): Promise<KeySlot[]> {
  const slots: KeySlot[] = []
  for (const name of await storage.listNames('keys')) {
    try {
      slots.push(await readKeySlot(storage, name, repositoryId))
    } catch (error) {
      if (!isFinding(error)) throw error
    }
  }
  return slots
}

/** A slot as the storage has it, on its way. */
export interface StoredSlot {
  readonly name: string
  readonly bytes: Promise<Buffer>
}

export interface UnlockingOptions {
  /** Called for each slot once other threads are at work on it. */
  readonly onDeriving?: (() => void) | undefined
  /** What is there, where that was asked for before. */
  readonly stored?: Promise<readonly StoredSlot[]> | undefined
}

/** Asks for all slots at once; one that cannot be had is for whoever awaits it. */
export async function readStoredSlots(storage: Storage): Promise<StoredSlot[]> {
  const names = await storage.listNames('keys')
  return names.map((name) => {
    const bytes = storage.get(name, textObjectBytesMax)
    bytes.catch(() => undefined)
    return { name, bytes }
  })
}

async function readKeySlot(
  storage: Storage,
  name: string,
  repositoryId: string,
  readAlready?: Promise<Buffer>,
): Promise<KeySlot> {
  let first = readAlready
  return await readProved(storage, name, async () => {
    const reading = first ?? storage.get(name, textObjectBytesMax)
    first = undefined
    const bytes = await reading
    return decodeKeySlot(bytes, { slotId: name.slice('keys/'.length), repositoryId })
  })
}

/**
 * Tries the passphrase on each slot. A damaged slot does not keep the others from opening.
 *
 * @throws {RepositoryError} `PASSPHRASE_WRONG` when it opens none
 */
export async function unlockWithPassphrase(
  storage: Storage,
  repositoryId: string,
  passphrase: string,
  { onDeriving, stored = readStoredSlots(storage) }: UnlockingOptions = {},
): Promise<UnlockedSecret> {
  let damage: unknown
  const objects = await stored
  const slots: KeySlot[] = []
  for (const { name, bytes } of objects) {
    try {
      slots.push(await readKeySlot(storage, name, repositoryId, bytes))
    } catch (error) {
      damage ??= error
    }
  }
  // The cheapest first: dear ones that somebody has planted keep nobody waiting who has the passphrase.
  for (const slot of slots.toSorted((left, right) => costOf(left) - costOf(right))) {
    try {
      const masterSecret = await openKeySlot(slot, passphrase, onDeriving)
      if (masterSecret) return { masterSecret, slotId: slot.slotId }
    } catch (error) {
      damage ??= error
    }
  }
  if (damage !== undefined) throw damage
  if (objects.length === 0) {
    throw new DamageError(`Cannot open repository "${storage.location}": its keys are gone`, {
      remedy: 'Bring its folder keys/ back from a copy; without a key nobody can read it',
    })
  }
  throw new RepositoryError(
    'PASSPHRASE_WRONG',
    `Cannot open repository "${storage.location}": the passphrase opens none of its keys`,
    {
      remedy:
        'Check the passphrase and where it comes from (--passphrase-file, --passphrase-command, HOLDFAST_PASSPHRASE)',
    },
  )
}

function costOf({ memoryKiB, passes }: KeySlot): number {
  return memoryKiB * passes
}

/** Stores a new slot for the secret; durable when it resolves. */
export async function addKeySlot(
  storage: Storage,
  source: { passphrase: string; masterSecret: Uint8Array; repositoryId: string; label: string },
): Promise<KeySlot> {
  const slot = await createKeySlot({ ...source, createdAtMs: Date.now() })
  await storage.put(`keys/${slot.slotId}`, encodeKeySlot(slot))
  return slot
}

/**
 * @param idPrefix enough of the slot's id to name one
 * @throws {HoldfastError} `KEY_REFUSED` when there is no such slot, several, or it is the last one
 */
export async function removeKeySlot(
  storage: Storage,
  repositoryId: string,
  idPrefix: string,
): Promise<KeySlot> {
  const slots = await readKeySlots(storage, repositoryId)
  const matching = slots.filter((slot) => slot.slotId.startsWith(idPrefix))
  const [slot] = matching
  if (!slot || matching.length > 1 || idPrefix === '') {
    throw new HoldfastError(
      'KEY_REFUSED',
      `Cannot remove key "${idPrefix}": ${matching.length} keys begin with it`,
      { remedy: 'Run `holdfast key list` and name one of its ids' },
    )
  }
  if (slots.length === 1) throw lastKeyError(slot)
  await storage.delete(`keys/${slot.slotId}`)
  if ((await readKeySlots(storage, repositoryId)).length === 0) {
    // Somebody has removed the other one at the same moment.
    await storage.put(`keys/${slot.slotId}`, encodeKeySlot(slot))
    throw lastKeyError(slot)
  }
  await storage.sync('keys')
  return slot
}

function lastKeyError(slot: KeySlot): HoldfastError {
  return new HoldfastError(
    'KEY_REFUSED',
    `Cannot remove key "${slot.slotId}": it is the last one, and nobody could open the repository any more`,
    { remedy: 'Add another key first: `holdfast key add`' },
  )
}
