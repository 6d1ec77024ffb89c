import {
  callKinds,
  type CallKind,
  type ErrnoName,
  type FaultMode,
} from '../fault-shim/fault-control.ts'
import type { SweepPlan } from './run-sweep.ts'
import type { ScenarioName } from './scenarios.ts'
import type { SweepRoot } from './sweep-job.ts'

/** An unlock that fails leaves SQLite waiting for itself, half a minute each time; `--locks` adds them. */
export const usualKinds: readonly CallKind[] = callKinds.filter((kind) => kind !== 'lock')
const writingKinds: readonly CallKind[] = [
  'create',
  'write',
  'sync',
  'rename',
  'link',
  'unlink',
  'make',
  'truncate',
  'set attribute',
  'metadata',
]

interface Surface {
  readonly scenario: ScenarioName
  readonly root: SweepRoot
  readonly isEncrypted?: boolean
}

/** The last three derive a key with the real parameters each time, which takes most of a second. */
const surfaces: readonly Surface[] = [
  { scenario: 'first snapshot', root: 'repository' },
  { scenario: 'first snapshot', root: 'source' },
  { scenario: 'snapshot', root: 'repository' },
  { scenario: 'prune', root: 'repository' },
  { scenario: 'restore', root: 'target' },
  { scenario: 'snapshot', root: 'source' },
  { scenario: 'restore', root: 'repository' },
  { scenario: 'check', root: 'repository' },
  { scenario: 'verify', root: 'repository' },
  { scenario: 'delete', root: 'repository' },
  { scenario: 'repair catalogue', root: 'repository' },
  { scenario: 'init', root: 'repository' },
  { scenario: 'list', root: 'repository' },
  { scenario: 'snapshot', root: 'repository', isEncrypted: true },
  { scenario: 'status', root: 'repository', isEncrypted: true },
  { scenario: 'init', root: 'repository', isEncrypted: true },
  { scenario: 'key add', root: 'repository', isEncrypted: true },
  { scenario: 'key change', root: 'repository', isEncrypted: true },
]
const slowSurfaces = 3

interface Manner {
  readonly error: ErrnoName
  readonly mode: FaultMode
  readonly kinds: readonly CallKind[]
}

/** What each surface meets, most important first. */
const manners: readonly Manner[] = [
  { error: 'EIO', mode: 'once', kinds: usualKinds },
  { error: 'ENOSPC', mode: 'once', kinds: writingKinds },
  { error: 'EIO', mode: 'from', kinds: usualKinds },
  { error: 'ENOSPC', mode: 'from', kinds: writingKinds },
  { error: 'EIO', mode: 'short once', kinds: ['read', 'write'] },
  { error: 'EIO', mode: 'short always', kinds: ['read', 'write'] },
  { error: 'EINTR', mode: 'once', kinds: ['open', 'create', 'read', 'write', 'sync'] },
  { error: 'EACCES', mode: 'once', kinds: ['open', 'create', 'link', 'unlink', 'make', 'list'] },
  { error: 'EDQUOT', mode: 'once', kinds: writingKinds },
  { error: 'EROFS', mode: 'from', kinds: writingKinds },
  { error: 'EMFILE', mode: 'once', kinds: ['open', 'create', 'list'] },
  { error: 'ESTALE', mode: 'once', kinds: ['open', 'read', 'status', 'list'] },
]

/** Every sweep of the long form: each surface with each manner. Counts that do not come to an end (a source that is only read) are short. */
export function allPlans(threads: number): SweepPlan[] {
  const quick = surfaces.slice(0, -slowSurfaces)
  const slow = surfaces.slice(-slowSurfaces)
  return [quick, slow].flatMap((some) =>
    manners.flatMap((manner) =>
      some.map(({ scenario, root, isEncrypted = false }) => ({
        scenario,
        root,
        isEncrypted,
        ...manner,
        threads,
        first: 1,
        last: 1_000_000,
        stride: 1,
      })),
    ),
  )
}

export function describePlan({
  scenario,
  root,
  isEncrypted,
  error,
  mode,
  threads,
}: SweepPlan): string {
  const where = isEncrypted ? `encrypted ${root}` : root
  return `${scenario}, ${error} ${mode} on the ${where}, ${threads} threads`
}
