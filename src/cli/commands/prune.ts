import type { Command } from 'commander'

import { runPrune } from '../../service/run-prune.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { parseDuration, parseSize, parseUnused } from '../option-values.ts'
import { reportPrune } from '../output/prune-report.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface PruneFlags {
  readonly dryRun?: true
  readonly grace?: number
  readonly maxUnused?: { ratio: number } | { bytes: number }
  readonly maxRepackSize?: number
  readonly wait?: true
}

export function definePrune(command: Command, run: RunAction): void {
  command
    .option('-n, --dry-run', 'show what would be freed and change nothing')
    .option(
      '--grace <time>',
      'how long a forgotten snapshot can be brought back: 0, 36h, 7d, 2w (default: 7d)',
      parseDuration,
    )
    .option(
      '--max-unused <limit>',
      'how much may stay that nobody needs: 5%, 10G, unlimited (default: 5%)',
      parseUnused,
    )
    .option('--max-repack-size <size>', 'rewrite packs of at most this size in one run', parseSize)
    .option('--wait', 'wait for running backups, so that everything goes now')
    .addHelpText(
      'after',
      '\nBackups, restores and verifications go on meanwhile.\nWhat they may still use goes with the next prune.',
    )
  addExamples(command, [
    ['holdfast prune --dry-run', 'show how much space can be freed'],
    ['holdfast prune', 'free it'],
    ['holdfast prune --grace 0', 'free also the space of snapshots forgotten just now'],
  ])
  command.action((flags: PruneFlags) => run(command, (session) => prune(session, flags)))
}

async function prune(session: Session, flags: PruneFlags): Promise<ExitStatus> {
  const dryRun = flags.dryRun === true
  const configuration = await configurationInUse(session)
  await session.freeingSpace(async (library, repository) => {
    const result = await followService(
      session,
      'prune',
      { library, repository, configuration },
      (context) =>
        runPrune(context, {
          ...(flags.grace !== undefined && { graceMs: flags.grace }),
          ...(flags.maxUnused !== undefined && { unused: flags.maxUnused }),
          ...(flags.maxRepackSize !== undefined && { repackBytesMax: flags.maxRepackSize }),
          waits: flags.wait === true,
          dryRun,
        }),
    )
    reportPrune(session, result, dryRun)
  }, 'prune')
  return exitStatus.done
}
