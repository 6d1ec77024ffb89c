import type { OnEvent } from '../../foundation/progress-event.ts'
import type { ObjectId } from '../../model/ids.ts'
import { isLoss } from '../loss.ts'
import type { Repository } from '../repository.ts'
import { hashObject } from './hash-object.ts'

/** Reads every parity object whole; anyone can do so without a key. @returns those whose hash is not their name */
export async function findDamagedParity(
  { storage }: Repository,
  options: {
    readonly signal?: AbortSignal | undefined
    readonly onEvent?: OnEvent | undefined
  } = {},
): Promise<Set<ObjectId>> {
  const damaged = new Set<ObjectId>()
  for (const name of await storage.listNames('parity')) {
    options.signal?.throwIfAborted()
    const id = name.slice('parity/'.length) as ObjectId
    try {
      if ((await hashObject(storage, name)) === id) continue
    } catch (error) {
      if (!isLoss(error)) throw error
    }
    damaged.add(id)
    options.onEvent?.({ type: 'damage', message: `${name} is damaged and is made again` })
  }
  return damaged
}
