import type { Mutant } from '../mutant.ts'

const apply = 'src/operations/retention/apply-retention.ts'
const suspicious = 'src/operations/retention/suspicious-times.ts'
const plan = 'src/operations/retention/plan-retention.ts'
const byPolicy = 'src/operations/retention/forget-by-policy.ts'
const snapshotTimes = 'src/operations/retention/retention-snapshot.ts'
const applyTests = 'test/unit/operations/retention/apply-retention.test.ts'
const suspiciousTests = 'test/unit/operations/retention/suspicious-times.test.ts'
const repositoryTests = 'test/integration/retention.test.ts'
const propertyTests = 'test/property/retention.test.ts'

/** What keeps a policy from removing what is needed. */
export const retentionMutants: readonly Mutant[] = [
  {
    name: 'snapshots with suspicious times take the places of others',
    class: 'clock',
    file: apply,
    text: 'timed.filter(({ snapshot }) => !suspicious.has(snapshot.id))',
    replacement: 'timed',
    tests: [{ file: applyTests, only: 'does not take a snapshot with a suspicious time' }],
  },
  {
    name: 'a policy removes the last verified full backup',
    class: 'retention',
    file: apply,
    text: "return type === 'full' && verifiedAtMs !== null",
    replacement: 'return type === null && verifiedAtMs !== null',
    tests: [{ file: applyTests, only: 'keeps the last verified full backup' }],
  },
  {
    name: 'a snapshot that came after its lease was over takes the place of a whole one',
    class: 'retention',
    file: 'src/repository/is-late.ts',
    text: 'return receivedAtMs >= leaseEndedAtMs && verifiedAtMs === null',
    replacement: 'return receivedAtMs < 0 && verifiedAtMs === null',
    tests: [{ file: 'test/integration/late-writer.test.ts', only: 'pushes no other out' }],
  },
  {
    name: 'a late snapshot is the parent of the next backup',
    class: 'lease',
    file: 'src/operations/snapshot/choose-parent.ts',
    text: 'const isSound = (snapshot: SnapshotSummary): boolean => !isLate(snapshot)',
    replacement:
      'const isSound = (snapshot: SnapshotSummary): boolean => !isLate(snapshot) || true',
    tests: [{ file: 'test/integration/late-writer.test.ts', only: 'pushes no other out' }],
  },
  {
    name: 'limits leave nothing',
    class: 'retention',
    file: apply,
    text: 'if (counted.some(({ isKept }) => isKept)) return [...decisions]',
    replacement: 'if (counted.length > 0) return [...decisions]',
    tests: [{ file: applyTests, only: 'leaves the newest when by limits' }],
  },
  {
    name: 'a policy that keeps nothing is carried out',
    class: 'retention',
    file: byPolicy,
    text: 'if (!dryRun && !isRefused)',
    replacement: 'if (!dryRun)',
    tests: [{ file: repositoryTests, only: 'refuses to leave nothing of a group' }],
  },
  {
    name: 'what is against its will counts as kept by a policy',
    class: 'retention',
    file: apply,
    text: 'reasons.some((reason) => reason !== lastVerifiedFull)',
    replacement: 'reasons.length > 0',
    tests: [{ file: applyTests, only: 'knows a policy that keeps nothing' }],
  },
  {
    name: 'two forgets decide at the same time',
    class: 'lock',
    file: byPolicy,
    text: "const kind = dryRun ? 'shared' : 'maintenance'",
    replacement: "const kind = 'shared' as const",
    tests: [{ file: repositoryTests, only: 'also beside a prune' }],
  },
  {
    name: 'a dry run forgets',
    class: 'retention',
    file: byPolicy,
    text: 'if (!dryRun && !isRefused)',
    replacement: 'if (!isRefused)',
    tests: [{ file: repositoryTests, only: 'also beside a prune' }],
  },
  {
    name: 'times in the future are believed',
    class: 'clock',
    file: suspicious,
    text: 'if (ms > nowMs)',
    replacement: 'if (ms > nowMs * 2)',
    tests: [{ file: suspiciousTests, only: 'finds a time in the future' }],
  },
  {
    name: 'times later than the arrival are believed',
    class: 'clock',
    file: suspicious,
    text: 'ms > receivedAtMs',
    replacement: 'ms > receivedAtMs * 2',
    tests: [{ file: suspiciousTests, only: 'finds a time later than the arrival' }],
  },
  {
    name: 'times before the parent are believed',
    class: 'clock',
    file: suspicious,
    text: 'ms + clockToleranceMs < finishedMs(parent)',
    replacement: 'ms < 0',
    tests: [{ file: suspiciousTests, only: 'finds what was finished before its parent' }],
  },
  {
    name: 'backdated times are believed',
    class: 'clock',
    file: suspicious,
    text: 'ms + roomMs < latestBeforeMs',
    replacement: 'ms < 0',
    tests: [{ file: suspiciousTests, only: 'finds a time before that of what arrived earlier' }],
  },
  {
    name: 'a snapshot says how long ago it began',
    class: 'clock',
    file: snapshotTimes,
    text: 'Math.min(runMs, runMsMax)',
    replacement: 'runMs',
    tests: [{ file: propertyTests }],
  },
  {
    name: 'one clock that is years ahead makes everything old',
    class: 'clock',
    file: plan,
    text: 'Math.min(nowMs, clientNowMs)',
    replacement: 'nowMs',
    tests: [{ file: applyTests, only: 'lets one clock alone' }],
  },
]
