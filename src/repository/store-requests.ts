import { noRequests, type RequestCounts } from '../storage/request-counts.ts'
import type { Repository } from './repository.ts'

/** What was asked of stores, by kind, and the bytes that went there and back. */
export type StoreRequests = RequestCounts

export { noRequests }

/** What the store of a repository was asked for by this process; null where requests cost nothing, or when it does not say. */
export async function storeRequestsOf({ storage }: Repository): Promise<StoreRequests | null> {
  return (await storage?.countRequests()) ?? null
}

/** @param sign 1 adds, -1 takes away */
export function addRequests(one: StoreRequests, other: StoreRequests, sign = 1): StoreRequests {
  return {
    gets: one.gets + sign * other.gets,
    heads: one.heads + sign * other.heads,
    puts: one.puts + sign * other.puts,
    lists: one.lists + sign * other.lists,
    deletes: one.deletes + sign * other.deletes,
    uploadedBytes: one.uploadedBytes + sign * other.uploadedBytes,
    downloadedBytes: one.downloadedBytes + sign * other.downloadedBytes,
    wrongAnswers: one.wrongAnswers + sign * other.wrongAnswers,
  }
}
