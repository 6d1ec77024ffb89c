import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { counted, humanBytes, humanTime } from '../output/human.ts'
import { writeJsonLine } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { resolveSnapshots } from '../resolve-snapshots.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface DeleteFlags {
  readonly yes?: true
}

export function defineDelete(command: Command, run: RunAction): void {
  command
    .argument('<snapshots...>', 'the snapshots')
    .option('-y, --yes', 'do not ask; needed where there is no terminal')
    .addHelpText('after', '\nThe space is freed by `holdfast prune`.')
  addExamples(command, [
    ['holdfast delete 1a2b3c4d', 'delete one snapshot after asking'],
    ['holdfast delete --yes backup_1790000000 latest~3', 'delete two snapshots from a script'],
  ])
  command.action((names: string[], flags: DeleteFlags) =>
    run(command, (session) => deleteNamed(session, names, flags)),
  )
}

async function deleteNamed(
  session: Session,
  names: readonly string[],
  { yes }: DeleteFlags,
): Promise<ExitStatus> {
  const { terminal } = session
  const snapshots = await session.withRepository(async (library, repository) => {
    const found = await resolveSnapshots(library, repository, names)
    if (yes !== true) {
      if (!session.isJson) terminal.writeError(found.map(snapshotLine).join(''))
      await session.confirm(`Delete ${counted(found.length, 'snapshot')} for ever?`)
    }
    await session.follow('delete', (options) => library.deleteSnapshots(repository, found, options))
    return found
  })
  if (session.isJson) {
    writeJsonLine(terminal, {
      message_type: 'deleted',
      snapshots: snapshots.map(({ id, backupId }) => ({ id, backup_id: backupId })),
    })
  }
  session.say(
    `Deleted ${snapshots.map(({ id }) => shortId(id)).join(' ')}\n` +
      'Run `holdfast prune` to free the space\n',
  )
  return exitStatus.done
}

function snapshotLine({ id, backupId, startedAtMs, type, statistics }: Snapshot): string {
  const cells = [shortId(id), escapeText(backupId), humanTime(startedAtMs), type]
  return `  ${cells.join('  ')}  ${humanBytes(statistics.bytes)}\n`
}
