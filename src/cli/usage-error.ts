import { HoldfastError } from '../foundation/errors.ts'

/** A fault in what was typed. `try` is the imperative next step. */
export function usageError(message: string, remedy: string): HoldfastError {
  return new HoldfastError('USAGE', message, { remedy })
}
