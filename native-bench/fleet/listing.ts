const keysPerPage = 1000
const digits = 16

/**
 * Requests that one listing of a folder takes, by the rule of `storage/s3/list-keys.ts`: a page first, and where it is not all, what is left by
 * first digits, each a chain of pages. Names are hashes, so each digit has as many.
 */
export function listingRequests(names: number): number {
  if (names <= keysPerPage) return 1
  const perDigit = names / digits
  const begun = Math.ceil(keysPerPage / perDigit) - 1
  const restOfBegun = Math.max(0, perDigit * (begun + 1) - keysPerPage)
  const later = digits - 1 - begun
  return 1 + pages(restOfBegun) + later * pages(perDigit)
}

function pages(names: number): number {
  return Math.max(1, Math.ceil(names / keysPerPage))
}
