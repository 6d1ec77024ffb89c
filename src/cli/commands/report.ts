import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'

import { TargetError } from '../../foundation/errors.ts'
import { plainTable } from '../../foundation/table.ts'
import type { Report } from '../../monitoring/report/report.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { jsonText } from '../output/json.ts'
import { headingStyle } from '../output/terminal.ts'
import { readMonitoringSettings } from '../read-monitoring-settings.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface ReportFlags {
  readonly html?: true
  readonly output?: string
}

export function defineReport(command: Command, run: RunAction): void {
  command
    .option('--html', 'write one self-contained page with charts')
    .option('-o, --output <file>', 'write to FILE instead of standard output')
  addExamples(command, [
    ['holdfast report', 'show verdict, numbers, alerts and growth'],
    ['holdfast report --html -o report.html', 'write a page for people who have no terminal'],
    ['holdfast report --json', 'print everything as one JSON object'],
  ])
  command.action((flags: ReportFlags) => run(command, (session) => report(session, flags)))
}

async function report(session: Session, flags: ReportFlags): Promise<ExitStatus> {
  if (session.isJson && flags.html === true) {
    throw usageError('Cannot write both JSON and HTML', 'Give --json or --html')
  }
  const { settings } = await readMonitoringSettings(session)
  const found = await session.withRepository(async (library, repository) =>
    library.report(repository, settings),
  )
  const text = await render(session, flags, found)
  if (flags.output === undefined) session.terminal.writeOutput(text)
  else await writeReport(session, flags.output, text)
  return exitStatus.done
}

async function render(
  session: Session,
  { html, output }: ReportFlags,
  found: Report,
): Promise<string> {
  if (session.isJson) return `${jsonText({ message_type: 'report', ...found })}\n`
  if (html === true) {
    const { renderHtmlReport } = await import('../../monitoring/report/render-html-report.ts')
    return renderHtmlReport(found)
  }
  const { renderTextReport } = await import('../../monitoring/report/render-text-report.ts')
  const { terminal } = session
  const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
  return renderTextReport(found, output === undefined ? style : plainTable)
}

async function writeReport(
  { workingFolder, ...session }: Session,
  output: string,
  text: string,
): Promise<void> {
  const file = resolve(workingFolder, output)
  try {
    await writeFile(file, text)
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new TargetError(`Cannot write the report "${file}": ${code}`, {
      cause,
      remedy: 'Name a file in a folder that you may write to with --output',
      facts: { file },
    })
  }
  session.say(`Wrote ${file}\n`)
}
