/**
 * A reason to stop the bench that its user can act on; printed as its message alone, without a
 * stack.
 */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}
