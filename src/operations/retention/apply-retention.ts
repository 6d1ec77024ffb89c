import {
  hasLength,
  isEmptyPolicy,
  retentionPeriods,
  type KeepPolicy,
  type LimitPolicy,
  type RetentionPolicy,
} from '../../model/retention-policy.ts'
import { periodOf, spanText, subtractSpan } from './calendar.ts'
import { clockAheadMs, retentionTimeMs, type RetentionSnapshot } from './retention-snapshot.ts'

/** What becomes of one snapshot. */
export interface RetentionDecision<S extends RetentionSnapshot = RetentionSnapshot> {
  readonly snapshot: S
  /** What the policy counted with (docs/COMMANDS.md, "Retention"). */
  readonly timeMs: number
  readonly isKept: boolean
  /** Why it is kept, in restic's words, or why no rule keeps it; never empty. */
  readonly reasons: readonly string[]
  /** What is wrong with its time; it is kept then and counts for no rule. */
  readonly suspicion?: string | undefined
  /** How wrong the client's clock was, see `clockAheadMs`; the snapshot counts like any other. */
  readonly clockAheadMs?: number | undefined
}

export interface RetentionCircumstances {
  readonly nowMs: number
  /** Ids of snapshots whose times cannot be right, with what is wrong. */
  readonly suspicious: ReadonlyMap<string, string>
}

/** The reason of the last verified full backup. */
export const lastVerifiedFull = 'last verified full backup'

/**
 * Decides for each snapshot of a group whether a policy keeps it.
 *
 * Beyond the policy are kept: snapshots with suspicious times, which count for no rule and so push no other out, and the last full backup
 * whose last verification found it intact, or, without any, the last that was verified before it was imported. A policy without rules keeps everything.
 * @param group in any order
 * @returns newest first
 */
export function applyRetention<S extends RetentionSnapshot>(
  group: readonly S[],
  policy: RetentionPolicy,
  { nowMs, suspicious }: RetentionCircumstances,
): RetentionDecision<S>[] {
  const timed = group
    .map((snapshot) => ({ snapshot, timeMs: retentionTimeMs(snapshot) }))
    .toSorted(newestFirst)
  const counted = timed.filter(({ snapshot }) => !suspicious.has(snapshot.id))
  const verdictOf =
    policy.kind === 'keep' ? keepRules(counted, policy, nowMs) : limits(policy, nowMs)
  const verdicts = new Map(
    counted.map((candidate, index) => [candidate.snapshot.id, verdictOf(candidate, index)]),
  )
  // Only where nothing was proved here does the word of others count: it must not push out what was.
  const isProtected =
    counted.find(({ snapshot }) => isVerifiedFull(snapshot)) ??
    counted.find(({ snapshot }) => snapshot.type === 'full' && snapshot.wasImportedVerified)
  const protectedId = isProtected?.snapshot.id
  const decisions = timed.map(({ snapshot, timeMs }): RetentionDecision<S> => {
    const suspicion = suspicious.get(snapshot.id)
    const verdict = verdicts.get(snapshot.id)
    const common = { snapshot, timeMs, clockAheadMs: clockAheadMs(snapshot) }
    if (verdict === undefined || suspicion !== undefined) {
      return { ...common, isKept: true, reasons: [`suspicious: ${suspicion}`], suspicion }
    }
    const matches = snapshot.id === protectedId ? [lastVerifiedFull] : []
    const kept = [...verdict.matches, ...matches]
    const isKept = kept.length > 0
    return { ...common, isKept, reasons: isKept ? kept : verdict.misses }
  })
  return policy.kind === 'limit' ? keepingOne(decisions) : decisions
}

/**
 * True when a policy removes something and keeps nothing by its own rules: what is left is suspicious, or there against its will. A slip in
 * the options looks like that.
 */
export function removesAll(decisions: readonly RetentionDecision[]): boolean {
  const isByRule = ({ isKept, suspicion, reasons }: RetentionDecision): boolean =>
    isKept && suspicion === undefined && reasons.some((reason) => reason !== lastVerifiedFull)
  return decisions.some(({ isKept }) => !isKept) && !decisions.some(isByRule)
}

/**
 * Where backups have stopped, all of them are too old some day. A cleanup that nobody watches then leaves the newest: by a refusal it would
 * stop for all other groups as well.
 */
function keepingOne<S extends RetentionSnapshot>(
  decisions: readonly RetentionDecision<S>[],
): RetentionDecision<S>[] {
  const counted = decisions.filter(({ suspicion }) => suspicion === undefined)
  if (counted.some(({ isKept }) => isKept)) return [...decisions]
  const [newest] = counted
  const reasons = ['newest of its group, nothing else would be left']
  return decisions.map((decision) =>
    decision === newest ? { ...decision, isKept: true, reasons } : decision,
  )
}

interface Candidate {
  readonly snapshot: RetentionSnapshot
  readonly timeMs: number
}

/** The rules that keep a snapshot, or, where there is none, why each does not. */
interface Verdict {
  readonly matches: readonly string[]
  readonly misses: readonly string[]
}

/** Asked for each snapshot in turn, newest first. */
type VerdictOf = (candidate: Candidate, index: number) => Verdict

/** One rule of a policy, with what it has counted so far; gives the words for what it decided. */
type Rule = (candidate: Candidate, index: number) => { readonly isMatch: boolean; text: string }

function newestFirst(left: Candidate, right: Candidate): number {
  // Equal times would else come in the order of the listing, and the same policy remove now one and now the other.
  return right.timeMs - left.timeMs || (left.snapshot.id < right.snapshot.id ? 1 : -1)
}

function isVerifiedFull({ type, verifiedAtMs }: RetentionSnapshot): boolean {
  return type === 'full' && verifiedAtMs !== null
}

function keepRules(candidates: readonly Candidate[], policy: KeepPolicy, nowMs: number): VerdictOf {
  if (isEmptyPolicy(policy)) return () => ({ matches: ['policy is empty'], misses: [] })
  const rules = [
    ...policy.tags.map(tagRule),
    ...withinRule(policy, newestMs(candidates, nowMs)),
    ...countRules(policy, candidates.length - 1),
    ...withinPeriodRules(policy, newestMs(candidates, nowMs), candidates.length - 1),
  ]
  return (candidate, index) => {
    const answers = rules.map((rule) => rule(candidate, index))
    return {
      matches: answers.filter(({ isMatch }) => isMatch).map(({ text }) => text),
      misses: answers.filter(({ isMatch }) => !isMatch).map(({ text }) => text),
    }
  }
}

/** What spans are measured from. One in the future is left out, which can only be among them when times are trusted. */
function newestMs(candidates: readonly Candidate[], nowMs: number): number {
  return candidates.find(({ timeMs }) => timeMs < nowMs)?.timeMs ?? -Infinity
}

function tagRule(tags: readonly string[]): Rule {
  const isMatch = ({ snapshot }: Candidate): boolean =>
    tags.every((tag) => snapshot.tags.includes(tag))
  return (candidate) =>
    isMatch(candidate)
      ? { isMatch: true, text: `has tags [${tags.join(', ')}]` }
      : { isMatch: false, text: `not all of the tags [${tags.join(', ')}]` }
}

function withinRule({ within }: KeepPolicy, newest: number): Rule[] {
  if (!hasLength(within)) return []
  const sinceMs = subtractSpan(newest, within)
  const text = spanText(within)
  return [
    ({ timeMs }) =>
      timeMs > sinceMs
        ? { isMatch: true, text: `within ${text}` }
        : { isMatch: false, text: `not within ${text}` },
  ]
}

function countRules({ last, counts }: KeepPolicy, lastIndex: number): Rule[] {
  const rules: Rule[] = []
  if (last > 0) {
    rules.push((_, index) =>
      index < last
        ? { isMatch: true, text: 'last snapshot' }
        : { isMatch: false, text: `not among the last ${last}` },
    )
  }
  for (const period of retentionPeriods) {
    let left = counts[period] ?? 0
    if (left === 0) continue
    const none = { isMatch: false, text: `not among the last ${left} ${period}` }
    const decide = newestOfPeriod(period, lastIndex)
    rules.push((candidate, index) => {
      if (left === 0) return none
      const { isMatch, isOldest, newer } = decide(candidate, index)
      if (!isMatch) return { isMatch, text: `${period}: ${newer} is newer` }
      left -= 1
      return { isMatch, text: `${isOldest ? 'oldest ' : ''}${period} snapshot` }
    })
  }
  return rules
}

function withinPeriodRules(
  { withinPeriods }: KeepPolicy,
  newest: number,
  lastIndex: number,
): Rule[] {
  return retentionPeriods.flatMap((period): Rule[] => {
    const span = withinPeriods[period]
    if (!hasLength(span)) return []
    const sinceMs = subtractSpan(newest, span)
    const decide = newestOfPeriod(period, lastIndex)
    const words = `${period} within ${spanText(span)}`
    return [
      (candidate, index) => {
        if (!(candidate.timeMs > sinceMs)) return { isMatch: false, text: `not ${words}` }
        const { isMatch, isOldest, newer } = decide(candidate, index)
        return {
          isMatch,
          text: isMatch ? `${isOldest ? 'oldest ' : ''}${words}` : `${words}: ${newer} is newer`,
        }
      },
    ]
  })
}

interface PeriodAnswer {
  readonly isMatch: boolean
  /** Kept only because there is nothing older, see below. */
  readonly isOldest: boolean
  /** The first digits of the snapshot that stands for the period. */
  readonly newer: string
}

/**
 * Takes the newest of each period, and the oldest snapshot of all as long as the rule has something left to give: it stands for the periods
 * before it of which there is no snapshot.
 */
function newestOfPeriod(
  period: (typeof retentionPeriods)[number],
  lastIndex: number,
): (candidate: Candidate, index: number) => PeriodAnswer {
  let before: number | undefined
  let newer = ''
  return ({ snapshot, timeMs }, index) => {
    const current = periodOf[period](timeMs)
    const isNew = current !== before
    if (isNew) newer = snapshot.id.slice(0, 8)
    before = current
    return { isMatch: isNew || index === lastIndex, isOldest: !isNew, newer }
  }
}

const dayMs = 24 * 60 * 60 * 1000

function limits({ ageDaysMax, countMax }: LimitPolicy, nowMs: number): VerdictOf {
  const matches = [`not older than ${days(ageDaysMax)} and among the newest ${countMax}`]
  return ({ timeMs }, index) => {
    if (nowMs - timeMs > ageDaysMax * dayMs) {
      return { matches: [], misses: [`older than ${days(ageDaysMax)}`] }
    }
    if (index < countMax) return { matches, misses: [] }
    return { matches: [], misses: [`not among the newest ${countMax}`] }
  }
}

function days(count: number): string {
  return `${count} ${count === 1 ? 'day' : 'days'}`
}
