import { DamageError } from '../../foundation/errors.ts'

/** Ends the reading of a tree page; the caller who knows the blob's id and the path adds them as it passes by. */
export function refusePage(state: string): never {
  throw new DamageError(`Cannot read a tree page: ${state}`)
}

/** Like {@link refusePage}, for one entry of the page. */
export function refuseEntry(index: number, state: string): never {
  throw new DamageError(`Cannot read a tree page: entry ${index} ${state}`, {
    facts: { entryIndex: index },
  })
}

export function refuseContent(state: string): never {
  throw new DamageError(`Cannot read the content of a file: ${state}`)
}
