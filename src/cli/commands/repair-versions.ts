import type { Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import type { RepairVersionsResult } from '../library.ts'
import { parseMoment } from '../option-values.ts'
import { counted, humanBytes, humanDuration, humanTime } from '../../foundation/human.ts'
import { writeJsonLine } from '../output/json.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface RepairVersionsFlags {
  readonly at?: number
  readonly apply?: true
}

export function defineRepairVersions(repair: Command, run: RunAction): void {
  const command = repair
    .command('versions')
    .summary('bring back what was deleted or overwritten in a bucket that keeps versions')
    .description(
      'Bring back what somebody has deleted or overwritten in a bucket that keeps versions: every object is again what it was at a time',
    )
    .option(
      '--at <time>',
      'the time, such as 2026-11-01, "2026-11-01 18:30" or 36h ago',
      parseMoment,
    )
    .option('--apply', 'do it; without this option only say what would be done')
    .addHelpText(
      'after',
      '\nNeeds no passphrase, and credentials that may list and read versions. What has come since that\n' +
        'time stays. Run `holdfast check` afterwards; what had been pruned goes with the next prune.\n' +
        'The exit status is 20 when there is something to bring back and --apply is not given.',
    )
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast repair versions --at 36h', 'say what was deleted or overwritten in 36 hours'],
    ['holdfast repair versions --at "2026-11-01 18:30" --apply', 'bring it back'],
  ])
  command.action((flags: RepairVersionsFlags) =>
    run(command, (session) => repairVersions(session, flags)),
  )
}

async function repairVersions(
  session: Session,
  { at, apply }: RepairVersionsFlags,
): Promise<ExitStatus> {
  if (at === undefined) {
    throw usageError('Cannot bring back versions: no time is given', 'Name it with --at')
  }
  const { location, storage, cacheDirectory } = await session.openOptions()
  const result = await session.follow('repair', (options) =>
    session.library.repairVersions({
      ...options,
      location,
      storage,
      cacheDirectory,
      atMs: at,
      apply: apply === true,
    }),
  )
  if (session.isJson) writeJson(session, result)
  else session.say(text(result, at))
  return result.objects.length > 0 && !result.isApplied ? exitStatus.damaged : exitStatus.done
}

function writeJson({ terminal }: Session, result: RepairVersionsResult): void {
  for (const { name, bytes, storedAtMs } of result.objects) {
    writeJsonLine(terminal, {
      message_type: 'version',
      name,
      bytes,
      stored_at: new Date(storedAtMs).toISOString(),
    })
  }
  writeJsonLine(terminal, {
    message_type: 'summary',
    objects: result.objects.length,
    versions: result.versions,
    applied: result.isApplied,
    total_duration: result.durationMs / 1000,
  })
}

function text(
  { objects, versions, isApplied, durationMs }: RepairVersionsResult,
  at: number,
): string {
  const state = `of ${humanTime(at)}, after a look at ${counted(versions, 'version')} in ${humanDuration(durationMs)}`
  if (objects.length === 0) return `Every object is what it was: nothing to bring back ${state}\n`
  const folders = new Map<string, { count: number; bytes: number }>()
  for (const { name, bytes } of objects) {
    const folder = name.includes('/') ? name.slice(0, name.indexOf('/')) : name
    const known = folders.get(folder) ?? { count: 0, bytes: 0 }
    folders.set(folder, { count: known.count + 1, bytes: known.bytes + bytes })
  }
  const lines = [...folders].map(
    ([folder, { count, bytes }]) =>
      `  ${folder.padEnd(10)} ${counted(count, 'object')}, ${humanBytes(bytes)}\n`,
  )
  const verb = isApplied ? 'Brought back' : 'Would bring back'
  const next = isApplied ? 'Run `holdfast check` now\n' : 'Add --apply to do it\n'
  return `${verb} ${counted(objects.length, 'object')} ${state}\n${lines.join('')}${next}`
}
