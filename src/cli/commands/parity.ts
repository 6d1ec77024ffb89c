import type { Command } from 'commander'

import type { ParitySetting } from '../../model/parity-setting.ts'
import type { Repository } from '../../repository/repository.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import type { Library, OperationOptions, ParityStatus, ParityUpdateResult } from '../library.ts'
import { parseParity } from '../option-values.ts'
import { counted, humanBytes, humanCount, humanDuration } from '../../foundation/human.ts'
import { formatPairs } from '../../foundation/table.ts'
import { writeJsonErrorLine, writeJsonLine, type JsonObject } from '../output/json.ts'
import { safeText } from '../output/safe-text.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface UpdateFlags {
  readonly readData?: true
}

export function defineParity(command: Command, run: RunAction): void {
  command.addHelpText(
    'after',
    '\nWith parity 10+2, of every ten packs and the two parity objects made for them any two can be' +
      '\nlost or damaged: `holdfast repair packs` brings them back bit for bit. It takes a fifth of the' +
      '\nspace of the packs. Backups and prunes keep it up by themselves.',
  )
  addExamples(command, [
    ['holdfast parity set 10+2', 'protect every ten packs by two parity objects'],
    ['holdfast parity status', 'show what is protected'],
    ['holdfast parity update', 'protect what is not protected yet'],
  ])
  defineSet(command, run)
  defineStatus(command, run)
  defineUpdate(command, run)
}

function defineSet(parent: Command, run: RunAction): void {
  const command = parent
    .command('set')
    .summary('switch parity on, over or off')
    .description('Switch parity on, over or off, and do what follows from it')
    .argument(
      '<parity>',
      '`10+2` for two parity objects for every ten packs, or `off`',
      parseParity,
    )
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast parity set 10+2', 'any two of ten packs can be lost; takes a fifth of their space'],
    ['holdfast parity set 20+3', 'any three of twenty'],
    ['holdfast parity set off', 'remove all parity'],
  ])
  command.action((setting: ParitySetting | null) =>
    run(command, (session) =>
      update(session, (library, repository, options) =>
        library.setParity(repository, setting, options),
      ),
    ),
  )
}

function defineUpdate(parent: Command, run: RunAction): void {
  const command = parent
    .command('update')
    .summary('protect what is not protected yet')
    .description('Write the parity that is missing and remove what is not needed any more')
    .option('--read-data', 'read all parity objects and make those again that are damaged')
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast parity update', 'protect new packs, for example after a backup was cut off'],
    ['holdfast parity update --read-data', 'prove all parity objects, and replace damaged ones'],
  ])
  command.action((flags: UpdateFlags) =>
    run(command, (session) =>
      update(session, (library, repository, options) =>
        library.updateParity(repository, { ...options, readData: flags.readData === true }),
      ),
    ),
  )
}

type Update = (
  library: Library,
  repository: Repository,
  options: OperationOptions,
) => Promise<ParityUpdateResult>

async function update(session: Session, work: Update): Promise<ExitStatus> {
  const { terminal, isJson } = session
  const startedMs = session.now()
  const result = await session.withRepository((library, repository) =>
    session.follow('parity', (options) => work(library, repository, options)),
  )
  const durationMs = session.now() - startedMs
  const { groupsWritten, objectsRemoved, bytesRead, bytesWritten, damagedPacks } = result
  for (const id of damagedPacks) reportUnprotected(session, id)
  if (isJson) {
    writeJsonLine(terminal, {
      message_type: 'summary',
      groups_written: groupsWritten,
      objects_removed: objectsRemoved,
      bytes_read: bytesRead,
      bytes_written: bytesWritten,
      num_errors: damagedPacks.length,
      total_duration: durationMs / 1000,
    })
  }
  session.say(
    groupsWritten === 0 && objectsRemoved === 0
      ? 'Parity is up to date\n'
      : `Wrote ${humanBytes(bytesWritten)} of parity for ${counted(groupsWritten, 'group')}, ` +
          `removed ${counted(objectsRemoved, 'object')} in ${humanDuration(durationMs)}\n`,
  )
  return damagedPacks.length === 0 ? exitStatus.done : exitStatus.damaged
}

function reportUnprotected({ terminal, isJson }: Session, id: string): void {
  const item = `packs/${id}`
  if (isJson) {
    const error = { message: 'it is lost or damaged and gets no parity' }
    writeJsonErrorLine(terminal, { message_type: 'error', error, during: 'parity', item })
  } else {
    terminal.writeError(`damaged: ${safeText(item)} - it is lost or damaged and gets no parity\n`)
  }
}

function defineStatus(parent: Command, run: RunAction): void {
  const command = parent
    .command('status')
    .summary('show what is protected')
    .description('Show the setting, and how much of the repository is protected')
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast parity status', 'show groups, space, and packs without parity'],
    ['holdfast parity status --json', 'print the same as one JSON object'],
  ])
  command.action(() => run(command, showStatus))
}

async function showStatus(session: Session): Promise<ExitStatus> {
  const { terminal } = session
  const status = await session.withRepository((library, repository) =>
    library.parityStatus(repository),
  )
  if (session.isJson) writeJsonLine(terminal, statusJson(status))
  else terminal.writeOutput(formatPairs(statusPairs(status)))
  return exitStatus.done
}

function statusPairs(status: ParityStatus): [string, string][] {
  const { setting, packs, protectedPacks, groups, degradedGroups } = status
  const { parityBytes, packBytes, unusableObjects } = status
  const share =
    packBytes === 0 ? '' : `, ${((100 * parityBytes) / packBytes).toFixed(1)} % of the packs`
  return [
    ['Parity', setting === null ? 'off' : `${setting.dataPacks}+${setting.parityPacks}`],
    ['Protected', `${humanCount(protectedPacks)} of ${counted(packs, 'pack')}`],
    ['Groups', `${humanCount(groups)}, ${humanCount(degradedGroups)} degraded`],
    ['Stored', `${humanBytes(parityBytes)}${share}`],
    ...unusableObjects.map((name): [string, string] => ['Unusable', name]),
  ]
}

function statusJson(status: ParityStatus): JsonObject {
  return {
    message_type: 'parity_status',
    data_packs: status.setting?.dataPacks ?? null,
    parity_packs: status.setting?.parityPacks ?? null,
    packs: status.packs,
    protected_packs: status.protectedPacks,
    pack_bytes: status.packBytes,
    groups: status.groups,
    degraded_groups: status.degradedGroups,
    parity_bytes: status.parityBytes,
    unusable_objects: [...status.unusableObjects],
  }
}
