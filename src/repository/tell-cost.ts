import { counted, humanBytes } from '../foundation/human.ts'
import type { OnEvent } from '../foundation/progress-event.ts'
import { requestCountOf, type StorageCost } from '../foundation/storage-cost.ts'
import type { Repository } from './repository.ts'

/** Two figures are all that an estimate is good for. */
const figures = 2

/**
 * Tells what is going to be asked of a storage that is far away. A near one costs nothing; there it is told only for a dry run, which is all
 * about that, and without the requests.
 */
export function tellCost(
  { storage }: Pick<Repository, 'storage'>,
  cost: StorageCost,
  { onEvent, dryRun = false }: { onEvent?: OnEvent | undefined; dryRun?: boolean | undefined },
): void {
  const { isRemote } = storage.capabilities
  if ((!isRemote && !dryRun) || requestCountOf(cost) === 0) return
  onEvent?.({ type: 'cost', message: costText(cost, { isRemote, dryRun }), cost })
}

/** `this reads 12.3 GiB from the store in about 1,600 requests` */
export function costText(
  cost: StorageCost,
  { isRemote, dryRun }: { readonly isRemote: boolean; readonly dryRun: boolean },
): string {
  const place = isRemote ? 'store' : 'repository'
  const parts = [
    ...(cost.downloadBytes === 0 && cost.uploadBytes + cost.deletes > 0
      ? []
      : [`${dryRun ? 'read' : 'reads'} ${humanBytes(cost.downloadBytes)} from the ${place}`]),
    ...(cost.uploadBytes > 0
      ? [`${dryRun ? 'write' : 'writes'} ${humanBytes(cost.uploadBytes)} to the ${place}`]
      : []),
    ...(cost.deletes > 0
      ? [`${dryRun ? 'delete' : 'deletes'} ${counted(cost.deletes, 'object')}`]
      : []),
  ]
  const requests = counted(roughly(requestCountOf(cost)), 'request')
  const end = isRemote ? ` in about ${requests}` : ''
  return `this ${dryRun ? 'would ' : ''}${listed(parts)}${end}`
}

/** `a`, `a and b`, `a, b and c` */
function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? ''
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`
}

/** Small numbers are as they are. */
function roughly(count: number): number {
  if (count < 100) return count
  const unit = 10 ** (Math.floor(Math.log10(count)) + 1 - figures)
  return Math.round(count / unit) * unit
}
