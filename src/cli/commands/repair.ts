import type { Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import { counted, humanDuration } from '../../foundation/human.ts'
import { writeJsonErrorLine, writeJsonLine } from '../output/json.ts'
import { safeText } from '../output/safe-text.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'
import { defineRepairPacks } from './repair-packs.ts'
import { defineRepairSnapshots } from './repair-snapshots.ts'
import { defineRepairVersions } from './repair-versions.ts'

const order = `What to do about damage, in this order:

  holdfast check --read-data        find all of it; the rest works on what is on record
  holdfast repair catalogue         only when the check names catalogue.db
  holdfast repair packs --apply     bring packs back by parity, copy what verifies out of others;
                                    with --from REPO what is lost comes back from there
  holdfast snapshot …               as always: stores again what is lost and still in the source
  holdfast repair snapshots --apply replace snapshots by ones without the files that stay lost

What was deleted or overwritten in a bucket that keeps versions comes back before all of it:

  holdfast repair versions --at TIME --apply

Nothing that verifies is ever removed. Take a copy of the repository first when the disk is failing.
`

export function defineRepair(command: Command, run: RunAction): void {
  command.addHelpText('after', `\n${order.trimEnd()}`)
  const catalogue = command
    .command('catalogue')
    .summary('build the catalogue anew from the objects')
    .description('Build the catalogue anew from the objects; the old one is not needed')
  addGlobalOptions(catalogue)
  defineRepairPacks(command, run)
  defineRepairSnapshots(command, run)
  defineRepairVersions(command, run)
  addExamples(command, [
    ['holdfast repair catalogue', 'replace a catalogue that is lost or damaged'],
    ['holdfast repair packs', 'show what can be done about damaged packs'],
  ])
  addExamples(catalogue, [
    ['holdfast repair catalogue', 'replace a catalogue that is lost or damaged'],
    ['holdfast repair catalogue --repo /srv/backup', 'do so for another repository'],
  ])
  catalogue.action(() => run(catalogue, repairCatalogue))
  command.action(() => run(command, explainOrder))
}

async function explainOrder(session: Session): Promise<ExitStatus> {
  session.terminal.writeOutput(order)
  return exitStatus.done
}

async function repairCatalogue(session: Session): Promise<ExitStatus> {
  const result = await session.withRepository((library, repository) =>
    session.follow('repair', (options) => library.repairCatalogue(repository, options)),
  )
  const { snapshots, packs, blobs, unusable, durationMs } = result
  for (const { name, message } of unusable) reportUnusable(session, name, message)
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'summary',
      snapshots,
      packs,
      blobs,
      num_errors: unusable.length,
      total_duration: durationMs / 1000,
    })
  }
  session.say(
    `Rebuilt the catalogue in ${humanDuration(durationMs)}: ${counted(snapshots, 'snapshot')}, ` +
      `${counted(packs, 'pack')}, ${counted(blobs, 'blob')}\n`,
  )
  return unusable.length > 0 ? exitStatus.damaged : exitStatus.done
}

function reportUnusable({ terminal, isJson }: Session, name: string, message: string): void {
  if (isJson) {
    const error = { message }
    writeJsonErrorLine(terminal, { message_type: 'error', error, during: 'repair', item: name })
  } else {
    terminal.writeError(`damaged: ${safeText(name)} - ${safeText(message)}\n`)
  }
}
