import { requestJson } from '../../api/request.ts'
import type { Snapshot, SpaceStatistics } from '../../../api/answers.ts'
import { useResource } from '../../state/resource.ts'

/**
 * What is in no other snapshot. The server has to look at all of them for that, so lists come without it and it is read besides.
 */
export function useExclusiveBytes(): (snapshot: Snapshot) => number | null | undefined {
  const { data } = useResource('exclusive bytes', async (signal) => {
    const { by_snapshot: bySnapshot } = await requestJson<SpaceStatistics>('stats', { signal })
    return new Map(bySnapshot.map((each) => [each.id, each.exclusive_bytes]))
  })
  return (snapshot) => snapshot.exclusive_bytes ?? data?.get(snapshot.id ?? '')
}
