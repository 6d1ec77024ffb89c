import type { Command } from 'commander'

import { verifyBackup } from '../../service/verify-backup.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import type { VerifyResult } from '../library.ts'
import { reportDamage } from '../output/damage-report.ts'
import { counted, humanBytes, humanCount, humanDuration } from '../../foundation/human.ts'
import { writeJsonLine } from '../output/json.ts'
import { resolveSnapshots } from '../resolve-snapshots.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface VerifyFlags {
  readonly all?: true
  readonly dryRun?: true
}

export function defineVerify(command: Command, run: RunAction): void {
  command
    .argument('[snapshots...]', 'the snapshots')
    .option('--all', 'verify every snapshot of the repository')
    .option('-n, --dry-run', 'show how much would be read, and read nothing of it')
    .addHelpText('after', '\nThe exit status is 20 when something is damaged.')
  addExamples(command, [
    ['holdfast verify latest', 'prove the newest snapshot intact'],
    ['holdfast verify --all', 'prove the whole repository intact'],
    ['holdfast verify --all --dry-run', 'show what that reads'],
  ])
  command.action((names: string[], flags: VerifyFlags) =>
    run(command, (session) => verify(session, names, flags)),
  )
}

async function verify(
  session: Session,
  names: readonly string[],
  { all, dryRun }: VerifyFlags,
): Promise<ExitStatus> {
  if (all === true && names.length > 0) {
    throw usageError('Cannot verify both --all and named snapshots', 'Name snapshots or give --all')
  }
  if (all !== true && names.length === 0) {
    throw usageError(
      'Cannot verify: no snapshot is named',
      'Name a snapshot, for example `latest`, or give --all',
    )
  }
  const configuration = await configurationInUse(session)
  const result = await session.withRepository(async (library, repository) => {
    const snapshots = all === true ? undefined : await resolveSnapshots(library, repository, names)
    return followService(session, 'verify', { library, repository, configuration }, (context) =>
      verifyBackup(context, snapshots, { dryRun: dryRun === true }),
    )
  }, 'verify')
  reportVerification(session, result)
  return result.damaged.length === 0 ? exitStatus.done : exitStatus.damaged
}

function reportPlan(
  session: Session,
  snapshots: number,
  { packs, readBytes }: NonNullable<VerifyResult['planned']>,
): void {
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'summary',
      dry_run: true,
      snapshots,
      packs,
      bytes_read: readBytes,
    })
  }
  session.say(
    `Would verify ${counted(snapshots, 'snapshot')}: ${counted(packs, 'pack')}, ${humanBytes(readBytes)} to read\n`,
  )
}

function reportVerification(session: Session, result: VerifyResult): void {
  const { snapshots, blobs, bytes, damaged, planned, durationMs } = result
  if (planned) {
    reportPlan(session, snapshots, planned)
    return
  }
  reportDamage(session, damaged)
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'summary',
      num_errors: damaged.length,
      snapshots,
      blobs,
      bytes,
      total_duration: durationMs / 1000,
    })
  }
  const work =
    `${counted(snapshots, 'snapshot')}: ${counted(blobs, 'blob')}, ` +
    `${humanBytes(bytes)} in ${humanDuration(durationMs)}`
  if (damaged.length === 0) session.say(`Verified ${work}, no damage\n`)
  else session.say(`Read ${work}, ${humanCount(damaged.length)} damaged\n`)
}
