import type { Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { counted, humanBytes, humanDuration } from '../output/human.ts'
import { writeJsonLine } from '../output/json.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface PruneFlags {
  readonly dryRun?: true
}

export function definePrune(command: Command, run: RunAction): void {
  command
    .option('-n, --dry-run', 'show what would be freed and change nothing')
    .addHelpText('after', '\nNo other command can use the repository meanwhile.')
  addExamples(command, [
    ['holdfast prune --dry-run', 'show how much space can be freed'],
    ['holdfast prune', 'free it'],
  ])
  command.action((flags: PruneFlags) => run(command, (session) => prune(session, flags)))
}

async function prune(session: Session, flags: PruneFlags): Promise<ExitStatus> {
  const dryRun = flags.dryRun === true
  const result = await session.withRepository((library, repository) =>
    session.follow('prune', (options) => library.prune(repository, { ...options, dryRun })),
  )
  const { packsDeleted, packsRewritten, bytesFreed, bytesLeft, durationMs } = result
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'summary',
      dry_run: dryRun,
      packs_deleted: packsDeleted,
      packs_rewritten: packsRewritten,
      bytes_freed: bytesFreed,
      bytes_left: bytesLeft,
      total_duration: durationMs / 1000,
    })
  }
  session.say(
    `${dryRun ? 'Would free' : 'Freed'} ${humanBytes(bytesFreed)}: ` +
      `${counted(packsDeleted, 'pack')} deleted, ${counted(packsRewritten, 'pack')} rewritten ` +
      `in ${humanDuration(durationMs)}; ${humanBytes(bytesLeft)} left\n`,
  )
  return exitStatus.done
}
