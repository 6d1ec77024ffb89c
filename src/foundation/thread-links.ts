import { isMainThread, workerData, type MessagePort } from 'node:worker_threads'

/** Makes one more port to a thread that is there already. */
export type Connect = () => MessagePort

const offers = new Map<string, Connect>()
const taken = new Map<string, MessagePort>()

/** Ports for a thread that is about to start, by name; they have to be transferred. */
export interface ThreadLinks {
  readonly [name: string]: MessagePort
}

/**
 * Threads share nothing, but some talk to one that serves all of them, such as the one that does the requests of a storage. Whoever
 * starts such a thread offers it here, on the main thread; each thread that starts later gets a port to it.
 *
 * @param connect Null withdraws the offer.
 */
export function offerLink(name: string, connect: Connect | null): void {
  if (connect) offers.set(name, connect)
  else offers.delete(name)
}

/** Makes a port to everything that is offered. */
export function linksForThread(): ThreadLinks {
  return Object.fromEntries([...offers].map(([name, connect]) => [name, connect()]))
}

/**
 * The port that this thread got when it was started, always the same one; on the main thread a new one.
 *
 * @returns undefined when nothing was offered under this name
 */
export function takeLink(name: string): MessagePort | undefined {
  if (isMainThread) return offers.get(name)?.()
  const known = taken.get(name)
  if (known) return known
  const port = (workerData as { links?: ThreadLinks } | null)?.links?.[name]
  if (port) taken.set(name, port)
  return port
}
