/**
 * Ids out of a listing as restic and Holdfast write it as JSON.
 * @returns The oldest first.
 */
export function snapshotIds(listing: string): string[] {
  const snapshots = JSON.parse(listing) as { id: string; time: string }[]
  return snapshots
    .toSorted((left, right) => left.time.localeCompare(right.time))
    .map((snapshot) => snapshot.id)
}
