import { commitMutants } from './list/commit.ts'
import { formatMutants } from './list/format.ts'
import { parityMutants } from './list/parity.ts'
import { pruneMutants } from './list/prune.ts'
import { restoreMutants } from './list/restore.ts'
import { retentionMutants } from './list/retention.ts'
import { storageMutants } from './list/storage.ts'
import type { Mutant } from './mutant.ts'

/** Every guard against loss, wrong data and attack that is taken out, one at a time, by `npm run soak -- mutations`. */
export const mutants: readonly Mutant[] = [
  ...storageMutants,
  ...commitMutants,
  ...formatMutants,
  ...pruneMutants,
  ...restoreMutants,
  ...retentionMutants,
  ...parityMutants,
]
