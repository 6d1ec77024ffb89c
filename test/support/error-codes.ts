import { HoldfastError } from '../../src/foundation/errors.ts'

/** The code of the typed error that the promise rejects with, `no error`, or another error as text. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    return error instanceof HoldfastError ? error.code : String(error)
  }
}

/** The same for a call that throws. */
export function codeOfSync(work: () => unknown): string {
  try {
    work()
    return 'no error'
  } catch (error) {
    return error instanceof HoldfastError ? error.code : String(error)
  }
}
