import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { counted, humanBytes, humanDuration } from '../../foundation/human.ts'
import type { DrillResult } from '../../service/drill/run-drill.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import { parseCount, parseSize } from '../option-values.ts'
import { writeJsonLine } from '../output/json.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface DrillFlags {
  readonly files?: number
  readonly bytes?: number
}

export function defineDrill(command: Command, run: RunAction): void {
  command
    .argument('[snapshot]', 'the snapshot; without it, the newest that is not known to be damaged')
    .option('--files <count>', 'how many files (default from config.yml: 20)', parseCount)
    .option('--bytes <size>', 'how much at most (default from config.yml: 256M)', parseSize)
    .addHelpText(
      'after',
      '\nRestores a random sample into a private folder, compares every byte, and removes it.' +
        '\nThe exit status is 20 when something did not come back as it was.',
    )
  addExamples(command, [
    ['holdfast drill', 'prove that restores work'],
    ['holdfast drill latest --files 200 --bytes 2G', 'prove it with more'],
  ])
  command.action((name: string | undefined, flags: DrillFlags) =>
    run(command, (session) => drill(session, name, flags)),
  )
}

async function drill(
  session: Session,
  name: string | undefined,
  { files, bytes }: DrillFlags,
): Promise<ExitStatus> {
  const { runDrill } = await import('../../service/drill/run-drill.ts')
  const configuration = await configurationInUse(session)
  const result = await session.withRepository(async (library, repository) => {
    const snapshot =
      name === undefined ? undefined : await library.resolveSnapshot(repository, name)
    return await followService(
      session,
      'drill',
      { library, repository, configuration },
      (context) =>
        runDrill(context, {
          ...(snapshot !== undefined && { snapshot }),
          ...(files !== undefined && { files }),
          ...(bytes !== undefined && { bytesMax: bytes }),
        }),
    )
  })
  tell(session, result)
  return result.result === 'ok' ? exitStatus.done : exitStatus.damaged
}

function tell(session: Session, done: DrillResult): void {
  const { snapshot, result, files, bytes, message, durationMs } = done
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'drill',
      result,
      snapshot_id: snapshot.id,
      backup_id: snapshot.backupId,
      files,
      bytes,
      message,
      total_duration: durationMs / 1000,
    })
  }
  const work = `${counted(files, 'file')}, ${humanBytes(bytes)} in ${humanDuration(durationMs)}`
  const of = `of ${escapeText(snapshot.backupId)}`
  if (result === 'ok') session.say(`Restored and compared ${work} ${of}: all equal\n`)
  else session.say(`Restore drill ${of} FAILED: ${escapeText(message)}\n`)
}
