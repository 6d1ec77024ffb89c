/**
 * Waits for all of them, and then throws what the first of them in order was rejected with. `Promise.all` leaves the others running: a command
 * that has failed would end in the middle of what they write.
 */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(promises)
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}
