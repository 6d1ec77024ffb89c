import { RepositoryError } from '../../foundation/errors.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'

/**
 * For work on parity that comes with a command of another purpose, and must not make that fail: a fault of the repository is told, and
 * the next update does what is left.
 *
 * @returns undefined after a fault, or when `signal` stopped the work
 */
export async function tellingParityFaults<T>(
  {
    signal,
    onEvent,
  }: { readonly signal?: AbortSignal | undefined; readonly onEvent?: OnEvent | undefined },
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RepositoryError) && signal?.aborted !== true) throw error
    const reason = error instanceof Error ? error.message : String(error)
    onEvent?.({
      type: 'notice',
      message: `Not all packs have parity; the next backup or \`holdfast parity update\` makes it: ${reason}`,
    })
    return undefined
  }
}
