/** What something asks of a storage that is paid by the request and the byte. Known before, as far as it can be. */
export interface StorageCost {
  readonly gets: number
  readonly puts: number
  readonly lists: number
  readonly deletes: number
  readonly downloadBytes: number
  readonly uploadBytes: number
}

export const noCost: StorageCost = {
  gets: 0,
  puts: 0,
  lists: 0,
  deletes: 0,
  downloadBytes: 0,
  uploadBytes: 0,
}

export function sumCosts(...costs: readonly Partial<StorageCost>[]): StorageCost {
  const sum = (part: keyof StorageCost): number =>
    costs.reduce((total, cost) => total + (cost[part] ?? 0), 0)
  return {
    gets: sum('gets'),
    puts: sum('puts'),
    lists: sum('lists'),
    deletes: sum('deletes'),
    downloadBytes: sum('downloadBytes'),
    uploadBytes: sum('uploadBytes'),
  }
}

export function requestCountOf({ gets, puts, lists, deletes }: StorageCost): number {
  return gets + puts + lists + deletes
}
