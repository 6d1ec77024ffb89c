import { Argument, type Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { writeContent } from '../output/content-stream.ts'
import type { Session } from '../session.ts'
import { parseSnapshotReference } from '../snapshot-reference.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

export function defineDump(command: Command, run: RunAction): void {
  command.addArgument(new Argument('<snapshot:file>', 'the snapshot and a regular file in it'))
  addExamples(command, [
    ['holdfast dump latest:config.yml', 'print a file as it was in the newest snapshot'],
    [
      'holdfast dump latest~1:logs/app.jsonl | tail',
      'look at the end of a file of the snapshot before',
    ],
  ])
  command.action((reference: string) => run(command, (session) => dump(session, reference)))
}

async function dump(session: Session, argument: string): Promise<ExitStatus> {
  const { snapshot: name, path } = parseSnapshotReference(session.rawArgument(argument))
  if (path === undefined || path.length === 0) {
    throw usageError(
      `Cannot dump "${argument}": no file is named`,
      'Name a file after a colon, for example `holdfast dump latest:config.yml`',
    )
  }
  await session.withRepository(async (library, repository) => {
    const snapshot = await library.resolveSnapshot(repository, name)
    const { terminal, signal } = session
    await writeContent(terminal, (output) =>
      library.dumpFile(repository, snapshot, path, { output, signal }),
    )
  })
  return exitStatus.done
}
