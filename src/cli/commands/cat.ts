import { Argument, type Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import { entryJson } from '../output/entry-line.ts'
import { jsonText, type JsonObject } from '../output/json.ts'
import type { Session } from '../session.ts'
import { parseSnapshotReference } from '../snapshot-reference.ts'
import { addExamples, type RunAction } from '../verb.ts'

export function defineCat(command: Command, run: RunAction): void {
  addExamples(command, [
    ['holdfast cat config', 'print the parameters of the repository'],
    ['holdfast cat snapshot latest', 'print the newest snapshot as it is stored'],
    ['holdfast cat tree latest:data', 'print the entries of one directory'],
  ])
  defineConfig(command, run)
  defineSnapshot(command, run)
  defineTree(command, run)
}

function defineConfig(parent: Command, run: RunAction): void {
  const command = parent.command('config').summary('print the parameters of the repository')
  command.description('Print the parameters of the repository, without its secret')
  addGlobalOptions(command)
  addExamples(command, [['holdfast cat config', 'print the parameters of the repository']])
  command.action(() =>
    run(command, (session) =>
      session.withRepository(async (library, repository) =>
        print(session, { ...(await library.readConfig(repository)) }),
      ),
    ),
  )
}

function defineSnapshot(parent: Command, run: RunAction): void {
  const command = parent.command('snapshot').summary('print a snapshot as it is stored')
  command.description('Print a snapshot as it is stored').argument('<snapshot>', 'the snapshot')
  addGlobalOptions(command)
  addExamples(command, [['holdfast cat snapshot latest', 'print the newest snapshot']])
  command.action((name: string) =>
    run(command, (session) =>
      session.withRepository(async (library, repository) =>
        print(session, { ...(await library.resolveSnapshot(repository, name)) }),
      ),
    ),
  )
}

function defineTree(parent: Command, run: RunAction): void {
  const command = parent.command('tree').summary('print the entries of one directory')
  command
    .description('Print the entries of one directory of a snapshot')
    .addArgument(new Argument('<snapshot[:path]>', 'the snapshot, and a directory in it'))
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast cat tree latest:data', 'print the entries of the directory data'],
  ])
  command.action((argument: string) => run(command, (session) => printTree(session, argument)))
}

async function printTree(session: Session, argument: string): Promise<ExitStatus> {
  const reference = parseSnapshotReference(session.rawArgument(argument))
  return session.withRepository(async (library, repository) => {
    const snapshot = await library.resolveSnapshot(repository, reference.snapshot)
    const path = reference.path ?? Buffer.alloc(0)
    const nodes: JsonObject[] = []
    for (const entry of await library.listTree(repository, snapshot, path, { recursive: false })) {
      nodes.push(entryJson(entry))
    }
    return print(session, { nodes })
  })
}

/** Indented for a person, on one line with `--json`. */
function print({ terminal, isJson }: Session, value: JsonObject): Promise<ExitStatus> {
  terminal.writeOutput(`${jsonText(value, isJson ? undefined : 2)}\n`)
  return Promise.resolve(exitStatus.done)
}
