import { Argument, type Command } from 'commander'
import { setImmediate } from 'node:timers/promises'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { entryJson, longLine, shortLine } from '../output/entry-line.ts'
import { jsonText, writeJsonLine } from '../output/json.ts'
import { snapshotJson } from '../output/snapshot-json.ts'
import { createLineWriter } from '../output/line-writer.ts'
import type { Session } from '../session.ts'
import { parseSnapshotReference } from '../snapshot-reference.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface LsFlags {
  readonly long?: true
  readonly recursive?: true
}

export function defineLs(command: Command, run: RunAction): void {
  command
    .addArgument(new Argument('<snapshot[:path]>', 'the snapshot, and a directory or file in it'))
    .option('-l, --long', 'show mode, owner, size and time')
    .option('-R, --recursive', 'list the directories below as well')
  addExamples(command, [
    ['holdfast ls latest', 'list the top of the newest snapshot'],
    ['holdfast ls -l latest:data/index', 'list one directory with sizes and times'],
    ['holdfast ls --recursive backup_1790000000', 'list every file of a backup'],
    ['holdfast ls --recursive --json latest', 'print one JSON line for each file'],
  ])
  command.action((reference: string, flags: LsFlags) =>
    run(command, (session) => listFiles(session, reference, flags)),
  )
}

async function listFiles(
  session: Session,
  argument: string,
  { long, recursive }: LsFlags,
): Promise<ExitStatus> {
  const { terminal, signal, isJson } = session
  const reference = parseSnapshotReference(session.rawArgument(argument))
  await session.withRepository(async (library, repository) => {
    const snapshot = await library.resolveSnapshot(repository, reference.snapshot)
    const path = reference.path ?? Buffer.alloc(0)
    const entries = await library.listTree(repository, snapshot, path, {
      recursive: recursive === true,
    })
    if (isJson) writeJsonLine(terminal, { message_type: 'snapshot', ...snapshotJson(snapshot) })
    const toLine = long === true ? longLine : shortLine
    const lines = createLineWriter(terminal)
    for (const entry of entries) {
      if (terminal.isOutputClosed) return
      signal.throwIfAborted()
      const line = isJson ? jsonText(entryJson(entry)) : toLine(entry)
      if (lines.write(line)) await setImmediate()
    }
    lines.flush()
  })
  return exitStatus.done
}
