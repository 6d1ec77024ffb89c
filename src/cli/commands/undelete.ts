import type { Command } from 'commander'

import { undeleteBackup } from '../../service/delete-backup.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import { writeJsonLine } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { resolveForgotten } from '../resolve-forgotten.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

export function defineUndelete(command: Command, run: RunAction): void {
  command
    .argument('<snapshots...>', 'the snapshots, by id, beginning of an id or backup_<seconds>')
    .addHelpText(
      'after',
      '\n`holdfast list --forgotten` shows what can be brought back, and how long still.',
    )
  addExamples(command, [
    ['holdfast list --forgotten', 'show what can be brought back'],
    ['holdfast undelete 1a2b3c4d', 'bring one back'],
  ])
  command.action((names: string[]) => run(command, (session) => undelete(session, names)))
}

async function undelete(session: Session, names: readonly string[]): Promise<ExitStatus> {
  const configuration = await configurationInUse(session)
  const snapshots = await session.withRepository(async (library, repository) => {
    const found = resolveForgotten(await library.listForgotten(repository), names)
    await followService(session, 'undelete', { library, repository, configuration }, (context) =>
      undeleteBackup(context, found),
    )
    return found
  })
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'undeleted',
      snapshots: snapshots.map(({ id, backupId }) => ({ id, backup_id: backupId })),
    })
  }
  session.say(`Brought back ${snapshots.map(({ id }) => shortId(id)).join(' ')}\n`)
  return exitStatus.done
}
