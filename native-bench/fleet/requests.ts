/** What is asked of a store, by what it is billed as. */
export interface Requests {
  readonly gets: number
  readonly puts: number
  readonly lists: number
  readonly deletes: number
  readonly downBytes: number
  readonly upBytes: number
}

export const noRequests: Requests = {
  gets: 0,
  puts: 0,
  lists: 0,
  deletes: 0,
  downBytes: 0,
  upBytes: 0,
}

export function addRequests(one: Requests, other: Requests): Requests {
  return {
    gets: one.gets + other.gets,
    puts: one.puts + other.puts,
    lists: one.lists + other.lists,
    deletes: one.deletes + other.deletes,
    downBytes: one.downBytes + other.downBytes,
    upBytes: one.upBytes + other.upBytes,
  }
}
