import type { Command } from 'commander'

import { programVersion } from '../../foundation/program.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { writeJsonLine } from '../output/json.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

export function defineVersion(command: Command, run: RunAction): void {
  addExamples(command, [
    ['holdfast version', 'print the version'],
    ['holdfast version --json', 'print the versions of Holdfast and Node and the platform'],
  ])
  command.action(() => run(command, printVersion))
}

function printVersion({ isJson, terminal }: Session): Promise<ExitStatus> {
  if (isJson) {
    writeJsonLine(terminal, {
      message_type: 'version',
      version: programVersion,
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    })
  } else {
    terminal.writeOutput(`holdfast ${programVersion}\n`)
  }
  return Promise.resolve(exitStatus.done)
}
