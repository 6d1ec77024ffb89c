import type { Command } from 'commander'
import { resolve } from 'node:path'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { Repository } from '../../repository/repository.ts'
import { errorText } from '../../service/error-text.ts'
import { askNewSecret, canAsk } from '../ask.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import { recordCommand } from '../follow-service.ts'
import type { KeySlot, Library } from '../library.ts'
import { parseText } from '../option-values.ts'
import { humanTime, jsonTime } from '../../foundation/human.ts'
import { formatTable } from '../../foundation/table.ts'
import { writeJsonLine, type JsonObject } from '../output/json.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface NewPassphraseFlags {
  readonly newPassphraseFile?: string
  readonly newPassphraseCommand?: string
  readonly label?: string
}

export function defineKey(command: Command, run: RunAction): void {
  addExamples(command, [
    ['holdfast key list', 'show the key slots; each is one passphrase'],
    ['holdfast key add --label laptop', 'let a second passphrase open the repository'],
    ['holdfast key change', 'replace the passphrase in use'],
    ['holdfast key remove 3f2a', 'take a passphrase away'],
  ])
  defineAdd(command, run)
  defineList(command, run)
  defineRemove(command, run)
  defineChange(command, run)
}

function defineAdd(parent: Command, run: RunAction): void {
  const command = parent.command('add').summary('add a passphrase').description('Add a passphrase')
  addNewPassphraseOptions(command)
  addExamples(command, [
    ['holdfast key add --label laptop', 'ask for the new passphrase'],
    ['holdfast key add --new-passphrase-file ~/.second', 'read it from a file'],
  ])
  command.action((flags: NewPassphraseFlags) =>
    run(command, async (session) => {
      const slot = await session.withRepository(async (library, repository) => {
        const passphrase = await readNewPassphrase(session, flags)
        const added = library.addKey(repository, { passphrase, label: flags.label ?? '' })
        return await recorded(session, { library, repository, action: 'key-add' }, added)
      })
      return tell(session, { messageType: 'key_added', slot, text: `Added key ${slot.slotId}` })
    }),
  )
}

function defineList(parent: Command, run: RunAction): void {
  const command = parent
    .command('list')
    .summary('list the key slots')
    .description('List the key slots')
  addGlobalOptions(command)
  addExamples(command, [['holdfast key list', 'show the key slots; * marks the one in use']])
  command.action(() =>
    run(command, async (session) => {
      const { terminal } = session
      const slots = await session.withRepository((library, repository) =>
        library.listKeys(repository),
      )
      if (session.isJson) writeJsonLine(terminal, slots.map(slotJson))
      else if (slots.length > 0) {
        const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
        const columns = [{ title: '' }, { title: 'Key' }, { title: 'Created' }, { title: 'Label' }]
        terminal.writeOutput(formatTable(columns, slots.map(slotRow), style))
      } else session.say('No keys: the repository is not encrypted\n')
      return exitStatus.done
    }),
  )
}

function defineRemove(parent: Command, run: RunAction): void {
  const command = parent.command('remove').summary('remove a passphrase')
  command
    .description('Remove a passphrase; the last one cannot be removed')
    .argument('<key>', 'the key of `holdfast key list`, or a unique beginning of it', parseText)
  addGlobalOptions(command)
  addExamples(command, [['holdfast key remove 3f2a', 'remove the key that begins so']])
  command.action((key: string) =>
    run(command, async (session) => {
      const slot = await session.withRepository((library, repository) =>
        recorded(
          session,
          { library, repository, action: 'key-remove' },
          library.removeKey(repository, key),
        ),
      )
      return tell(session, { messageType: 'key_removed', slot, text: `Removed key ${slot.slotId}` })
    }),
  )
}

function defineChange(parent: Command, run: RunAction): void {
  const command = parent.command('change').summary('replace the passphrase in use')
  command.description('Replace the passphrase in use by a new one')
  addNewPassphraseOptions(command)
  addExamples(command, [['holdfast key change', 'ask for the old passphrase and the new one']])
  command.action((flags: NewPassphraseFlags) =>
    run(command, async (session) => {
      const slot = await session.withRepository(async (library, repository) => {
        const passphrase = await readNewPassphrase(session, flags)
        const changed = library.changeKey(repository, { passphrase, label: flags.label })
        return await recorded(session, { library, repository, action: 'key-passphrase' }, changed)
      })
      return tell(session, {
        messageType: 'key_changed',
        slot,
        text: `The passphrase is changed; its key is ${slot.slotId}`,
      })
    }),
  )
}

interface KeyRun {
  readonly library: Library
  readonly repository: Repository
  readonly action: 'key-add' | 'key-remove' | 'key-passphrase'
}

/** Who may open the repository is nobody's secret decision: also that it failed is written down. */
async function recorded(
  session: Session,
  { action, ...run }: KeyRun,
  change: Promise<KeySlot>,
): Promise<KeySlot> {
  let slot: KeySlot
  try {
    slot = await change
  } catch (error) {
    const message = errorText(error)
    await recordCommand(session, run, { action, target: 'key', result: 'failed', message })
    throw error
  }
  const message = slot.label
  await recordCommand(session, run, { action, target: slot.slotId, result: 'ok', message })
  return slot
}

function addNewPassphraseOptions(command: Command): void {
  command
    .option('--label <text>', 'say whose passphrase it is')
    .option('--new-passphrase-file <file>', 'read the new passphrase from FILE', parseText)
    .option(
      '--new-passphrase-command <command>',
      'run COMMAND and read the new passphrase from its output',
      parseText,
    )
    .addHelpText(
      'after',
      '\nThe new passphrase may also be given by HOLDFAST_NEW_PASSPHRASE; a terminal is asked otherwise.',
    )
  addGlobalOptions(command)
}

async function readNewPassphrase(session: Session, flags: NewPassphraseFlags): Promise<string> {
  const { terminal, environment, secrets, signal, workingFolder } = session
  if (flags.newPassphraseFile !== undefined && flags.newPassphraseCommand !== undefined) {
    throw usageError(
      'Cannot use both --new-passphrase-file and --new-passphrase-command',
      'Give one of the two',
    )
  }
  const { readPassphrase } = await import('../../config/read-passphrase.ts')
  const passphrase = await readPassphrase({
    fileOption:
      flags.newPassphraseFile === undefined
        ? undefined
        : resolve(workingFolder, flags.newPassphraseFile),
    commandOption: flags.newPassphraseCommand,
    variable: secrets.newPassphrase,
    ask: canAsk(terminal) ? () => askNewSecret(terminal, 'New passphrase', signal) : undefined,
    environment,
    signal,
  })
  if (passphrase !== undefined) return passphrase
  throw new HoldfastError('PASSPHRASE_MISSING', 'Cannot set a new passphrase: none is given', {
    remedy:
      'Give it with --new-passphrase-file, --new-passphrase-command or HOLDFAST_NEW_PASSPHRASE',
  })
}

interface Change {
  readonly messageType: string
  readonly slot: KeySlot
  readonly text: string
}

function tell(session: Session, { messageType, slot, text }: Change): ExitStatus {
  if (session.isJson)
    writeJsonLine(session.terminal, { message_type: messageType, ...slotJson(slot) })
  session.say(`${text}\n`)
  return exitStatus.done
}

function slotRow({ slotId, label, createdAtMs, isCurrent }: KeySlot): string[] {
  return [isCurrent ? '*' : '', slotId, humanTime(createdAtMs), escapeText(label)]
}

function slotJson({ slotId, label, createdAtMs, isCurrent }: KeySlot): JsonObject {
  return { id: slotId, label, created: jsonTime(createdAtMs), current: isCurrent }
}
