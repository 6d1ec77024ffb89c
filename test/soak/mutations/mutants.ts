import { changeMutants } from './list/change.ts'
import { commitMutants } from './list/commit.ts'
import { copyMutants } from './list/copy.ts'
import { damageMutants } from './list/damage.ts'
import { forgetMutants } from './list/forget.ts'
import { frameMutants } from './list/frame.ts'
import { lieMutants } from './list/lie.ts'
import { lockMutants } from './list/lock.ts'
import { objectMutants } from './list/object.ts'
import { packMutants } from './list/pack.ts'
import { parityMutants } from './list/parity.ts'
import { posixMutants } from './list/posix.ts'
import { pruneMutants } from './list/prune.ts'
import { retentionMutants } from './list/retention.ts'
import { shortcutMutants } from './list/shortcut.ts'
import { storageMutants } from './list/storage.ts'
import { textObjectMutants } from './list/text-object.ts'
import { treeMutants } from './list/tree.ts'
import { writeMutants } from './list/write.ts'
import type { Mutant } from './mutant.ts'

/** Every guard against loss, wrong data and attack that is taken out, one at a time, by `npm run soak -- mutations`. */
export const mutants: readonly Mutant[] = [
  ...storageMutants,
  ...commitMutants,
  ...lockMutants,
  ...forgetMutants,
  ...damageMutants,
  ...frameMutants,
  ...textObjectMutants,
  ...objectMutants,
  ...packMutants,
  ...treeMutants,
  ...pruneMutants,
  ...posixMutants,
  ...writeMutants,
  ...changeMutants,
  ...retentionMutants,
  ...parityMutants,
  ...shortcutMutants,
  ...copyMutants,
  ...lieMutants,
]
