import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { humanTime } from '../../foundation/human.ts'
import { formatTable, type Column } from '../../foundation/table.ts'
import { listAccess, type AccessRecord } from '../../service/list-access.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { parseCount, parseText } from '../option-values.ts'
import { writeJsonLine } from '../output/json.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface LogFlags {
  readonly action?: string
  readonly user?: string
  readonly result?: string
  readonly limit?: number
}

const limitDefault = 100

export function defineLog(command: Command, run: RunAction): void {
  command
    .option('--action <action>', 'only this, such as restore, delete or login-failed', parseText)
    .option('--user <name>', 'only what this user or token did', parseText)
    .option('--result <result>', 'only what ended so: ok, failed or refused', parseText)
    .option('--limit <count>', `the newest so many (default: ${limitDefault})`, parseCount)
  addExamples(command, [
    ['holdfast log', 'show who did what, the newest last'],
    ['holdfast log --action restore --limit 20', 'show the last restores'],
    ['holdfast log --result refused --json', 'print what was refused, as JSON'],
  ])
  command.action((flags: LogFlags) => run(command, (session) => showLog(session, flags)))
}

async function showLog(
  session: Session,
  { limit = limitDefault, ...filters }: LogFlags,
): Promise<ExitStatus> {
  const { terminal } = session
  const records = await session.withRepository(async (_, repository) =>
    listAccess(repository, { ...filters, limit }),
  )
  if (session.isJson)
    writeJsonLine(
      terminal,
      records.map((record) => ({ ...record })),
    )
  else if (records.length > 0) {
    const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
    terminal.writeOutput(formatTable(columns, records.map(toRow), style))
  } else session.say('Nothing is recorded\n')
  return exitStatus.done
}

const columns: readonly Column[] = [
  { title: 'Time' },
  { title: 'Who' },
  { title: 'Via', dropOrder: 2 },
  { title: 'Action' },
  { title: 'Result' },
  { title: 'What' },
  { title: 'Message', dropOrder: 1 },
]

function toRow({ at, user, hostname, address, via, ...record }: AccessRecord): string[] {
  const place = address ?? hostname
  const times = record.count === null ? '' : ` (${record.count} times)`
  return [
    humanTime(Date.parse(at)),
    escapeText(place === null ? user : `${user}@${place}`),
    escapeText(via),
    escapeText(record.action),
    escapeText(record.result),
    escapeText(record.target),
    escapeText(record.message + times),
  ]
}
