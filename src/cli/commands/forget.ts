import type { Command } from 'commander'

import type { HoldfastError } from '../../foundation/errors.ts'
import { groupings, isEmptyPolicy, type Grouping } from '../../model/retention-policy.ts'
import type { BackupType } from '../../model/snapshot.ts'
import { resolveBytes } from '../../foundation/byte-path.ts'
import { deleteBackup } from '../../service/delete-backup.ts'
import { configPolicy } from '../../service/config-policy.ts'
import {
  forgetByPolicy,
  type Forgotten,
  type PolicyChoice,
} from '../../service/forget-by-policy.ts'
import { runPrune } from '../../service/run-prune.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { collect, parseBackupType, parseDuration, splitTags } from '../option-values.ts'
import { counted } from '../../foundation/human.ts'
import { writeJsonLine } from '../output/json.ts'
import { reportPrune } from '../output/prune-report.ts'
import { retentionJson, retentionText, tellSuspicious } from '../output/retention-report.ts'
import { shortId } from '../output/snapshot-json.ts'
import { undeleteHint } from '../output/undelete-hint.ts'
import { resolveSnapshots } from '../resolve-snapshots.ts'
import { addPolicyOptions, policyOf, type PolicyFlags } from '../retention-options.ts'
import { matchesFilters } from '../select-snapshots.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface ForgetFlags extends PolicyFlags {
  readonly configPolicy?: true
  readonly groupBy?: ReadonlySet<Grouping>
  readonly host?: readonly string[]
  readonly tag?: readonly string[]
  readonly path?: readonly string[]
  readonly type?: BackupType
  readonly trustTimes?: true
  readonly unsafeAllowRemoveAll?: true
  readonly prune?: true
  readonly grace?: number
  readonly dryRun?: true
}

export function defineForget(command: Command, run: RunAction): void {
  command.argument('[snapshots...]', 'these snapshots, instead of what a policy says')
  addPolicyOptions(command)
  command
    .option('--config-policy', 'apply retention_days and max_backups of config.yml')
    .option(
      '-g, --group-by <what>',
      'apply the policy to each group of the same host, paths and/or tags (default: host,paths)',
      parseGroupBy,
    )
    .option('--host <name>', 'only snapshots of this host; repeat for "or"', collect)
    .option('--tag <tags>', 'only snapshots with all of these tags (a,b); repeat for "or"', collect)
    .option('--path <path>', 'only snapshots of this path; repeat for "and"', collect)
    .option(
      '--type <type>',
      'only snapshots of this type: full, incremental, index, cache, config',
      parseBackupType,
    )
    .option('--trust-times', 'count also snapshots whose times cannot be right')
    .option('--unsafe-allow-remove-all', 'allow a policy that keeps nothing of a group')
    .option('--prune', 'run prune afterwards')
    .option(
      '--grace <time>',
      'with --prune, how long what was forgotten can be brought back: 0, 36h, 7d, 2w (default: 7d)',
      parseDuration,
    )
    .option('-n, --dry-run', 'show what would be removed, with the reasons, and change nothing')
    .addHelpText(
      'after',
      '\nA snapshot is kept when one rule or more keeps it. `holdfast undelete` brings back what was' +
        '\nforgotten, until a prune removes it after its time of grace.',
    )
  addExamples(command, [
    ['holdfast forget --keep-daily 7 --keep-weekly 5 -n', 'show what that keeps, and why'],
    ['holdfast forget --keep-within 30d --keep-monthly 12 --prune', 'thin out and free the space'],
    ['holdfast forget 1a2b3c4d latest~3', 'forget two snapshots'],
    ['holdfast forget 1a2b3c4d --prune --grace 0', 'forget one for good and free its space'],
  ])
  command.action((names: string[], flags: ForgetFlags) =>
    run(command, (session) => forget(session, names, flags)),
  )
}

async function forget(
  session: Session,
  names: readonly string[],
  flags: ForgetFlags,
): Promise<ExitStatus> {
  if (flags.grace !== undefined && flags.prune !== true) {
    throw usageError(
      'Cannot use --grace without --prune: only a prune ends a grace',
      'Add --prune, or give --grace to `holdfast prune`',
    )
  }
  return names.length > 0
    ? await forgetNamed(session, names, flags)
    : await forgetByFlags(session, flags)
}

/** `host,paths`; empty text makes one group of everything. */
function parseGroupBy(text: string): ReadonlySet<Grouping> {
  // restic takes the singular and the plural of both.
  const plural: Readonly<Record<string, string>> = { hosts: 'host', path: 'paths', tag: 'tags' }
  const words = splitTags(text).map((word) => plural[word] ?? word)
  for (const word of words) {
    if (!(groupings as readonly string[]).includes(word)) {
      throw usageError(
        `Cannot group by "${word}": allowed are ${groupings.join(', ')}`,
        'Give some of them, separated by commas, or "" for one group',
      )
    }
  }
  return new Set(words as Grouping[])
}

/** With `--keep-…`, the options that say what to forget, as naming snapshots does. */
const choosing: ReadonlySet<string> = new Set<keyof ForgetFlags>([
  'configPolicy',
  'groupBy',
  'host',
  'tag',
  'path',
  'type',
  'trustTimes',
  'unsafeAllowRemoveAll',
])

async function forgetNamed(
  session: Session,
  names: readonly string[],
  flags: ForgetFlags,
): Promise<ExitStatus> {
  const { dryRun, prune, grace } = flags
  if (Object.keys(flags).some((flag) => flag.startsWith('keep') || choosing.has(flag))) {
    throw usageError(
      'Cannot both forget named snapshots and apply a policy or filters',
      'Name snapshots, or give options of a policy',
    )
  }
  const isDryRun = dryRun === true
  const configuration = await configurationInUse(session)
  await session.freeingSpace(async (library, repository) => {
    const run = { library, repository, configuration }
    const snapshots = await resolveSnapshots(library, repository, names)
    if (!isDryRun) {
      await followService(session, 'forget', run, (context) => deleteBackup(context, snapshots))
    }
    if (session.isJson) {
      writeJsonLine(session.terminal, {
        message_type: 'forgotten',
        dry_run: isDryRun,
        snapshots: snapshots.map(({ id, backupId }) => ({ id, backup_id: backupId })),
      })
    }
    const ids = snapshots.map(({ id }) => shortId(id)).join(' ')
    session.say(isDryRun ? `Would forget ${ids}\n` : `Forgot ${ids}\n`)
    if (!isDryRun && prune !== true) session.say(undeleteHint(snapshots.length))
    if (prune !== true) return
    const pruned = await followService(session, 'prune', run, (context) =>
      runPrune(context, { dryRun: isDryRun, ...(grace !== undefined && { graceMs: grace }) }),
    )
    reportPrune(session, pruned, isDryRun)
  })
  return exitStatus.done
}

async function forgetByFlags(session: Session, flags: ForgetFlags): Promise<ExitStatus> {
  const choice = await choosePolicy(session, flags)
  const configuration = await configurationInUse(session)
  const dryRun = flags.dryRun === true
  await session.freeingSpace(async (library, repository) => {
    const run = { library, repository, configuration }
    const { pruned } = await followService(session, 'forget', run, (context) =>
      forgetByPolicy(context, {
        choice,
        action: 'forget',
        mayRemoveAll: flags.unsafeAllowRemoveAll === true,
        dryRun,
        prunes: flags.prune === true,
        graceMs: flags.grace,
        onForgotten: (forgotten) => report(session, forgotten, flags),
      }),
    )
    if (pruned !== null) reportPrune(session, pruned, dryRun)
  })
  return exitStatus.done
}

function report(
  session: Session,
  { groups, kept, removed, isRefused }: Forgotten,
  { dryRun, prune }: ForgetFlags,
): void {
  session.say(retentionText(session, groups))
  tellSuspicious(session, groups)
  if (isRefused) return
  if (session.isJson) writeJsonLine(session.terminal, retentionJson(groups))
  const left = `${counted(kept.length, 'snapshot')} kept`
  if (dryRun === true) session.say(`Would forget ${counted(removed.length, 'snapshot')}, ${left}\n`)
  else if (removed.length === 0) session.say(`Nothing to forget, ${left}\n`)
  else {
    session.say(`Forgot ${counted(removed.length, 'snapshot')}, ${left}\n`)
    if (prune !== true) session.say(undeleteHint(removed.length))
  }
}

async function choosePolicy(session: Session, flags: ForgetFlags): Promise<PolicyChoice> {
  const keep = policyOf(flags)
  const filters = {
    type: flags.type,
    hosts: flags.host ?? [],
    tags: (flags.tag ?? []).map(splitTags),
    paths: (flags.path ?? []).map((path) =>
      resolveBytes(session.workingFolder, session.rawArgument(path)),
    ),
  }
  const trustTimes = flags.trustTimes === true
  if (flags.configPolicy !== true) {
    if (isEmptyPolicy(keep)) throw noPolicy()
    return {
      policy: keep,
      groupBy: flags.groupBy ?? new Set(['host', 'paths']),
      isSelected: (snapshot) => matchesFilters(snapshot, filters),
      trustTimes,
    }
  }
  if (!isEmptyPolicy(keep)) {
    throw usageError(
      'Cannot use --config-policy together with --keep options',
      'Give one of the two',
    )
  }
  const { policy, groupBy, isSelected } = configPolicy(await session.configuration())
  return {
    policy,
    groupBy: flags.groupBy ?? groupBy,
    isSelected: (snapshot) => isSelected(snapshot) && matchesFilters(snapshot, filters),
    trustTimes,
  }
}

function noPolicy(): HoldfastError {
  return usageError(
    'Cannot forget anything: neither snapshots nor a policy that keeps something are given',
    'Name snapshots, or say what to keep, for example `--keep-daily 7 --keep-weekly 5`',
  )
}
