/** Objects of a storage that is far away that are asked for at once; each request waits for most of its time. */
const requestsAtOnce = 16

/**
 * Does something with one object after the other, in a storage that is far away with some of them ahead, and hands on what came of it in their
 * order.
 *
 * @param storage where they are
 * @param names of objects, or what stands for them, in the order in which they are wanted
 * @param read what is done with each name; may run for several at once
 * @param take what is done with each result, one at a time; gets a promise, for a read that fails is a matter of its own object
 */
export async function readAhead<Name, Result>(
  storage: { readonly capabilities: { readonly isRemote: boolean } },
  names: readonly Name[],
  read: (name: Name) => Promise<Result>,
  take: (name: Name, result: Promise<Result>) => Promise<void>,
): Promise<void> {
  const ahead = storage.capabilities.isRemote ? requestsAtOnce : 1
  /** In the order of their names; what was taken is out of it, and its memory is its taker's. */
  const begun: Promise<Result>[] = []
  let next = 0
  try {
    for (const name of names) {
      for (; begun.length < ahead && next < names.length; next++) {
        const result = read(names[next])
        // It is looked at in its turn; until then a failure is nobody's fault.
        result.catch(() => undefined)
        begun.push(result)
      }
      const [result] = begun.splice(0, 1)
      await take(name, result)
    }
  } finally {
    await Promise.allSettled(begun)
  }
}
