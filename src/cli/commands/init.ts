import type { Command } from 'commander'

import type { ParitySetting } from '../../model/parity-setting.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { askNewSecret, canAsk } from '../ask.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addObjectLockOptions, objectLockOf, type ObjectLockFlags } from '../object-lock-options.ts'
import { parseChunkSize, parseParity } from '../option-values.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'
import { humanBytes } from '../../foundation/human.ts'
import { writeJsonLine } from '../output/json.ts'
import { findPassphrase, type Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface InitFlags extends ObjectLockFlags {
  readonly chunkSize?: number
  readonly encrypt?: true
  readonly parity?: ParitySetting | null
}

export function defineInit(command: Command, run: RunAction): void {
  command
    .option(
      '--chunk-size <size>',
      'average size of a chunk, a power of two from 16K to 2M',
      parseChunkSize,
    )
    .option('--parity <parity>', 'protect packs by parity, such as 10+2', parseParity)
    .option('--encrypt', 'insist on encryption, and ask for the passphrase when none is given')
  addObjectLockOptions(command)
  command.addHelpText(
    'after',
    '\nThe repository is encrypted when a passphrase is given by --passphrase-file,' +
      '\n--passphrase-command, HOLDFAST_PASSPHRASE or config.yml. Without one it is protected' +
      '\nagainst damage only, not against readers.' +
      '\n\nA bucket that is to lock objects is made by init, or with object lock turned on; `holdfast prune`' +
      '\nextends the period of what is still needed. Without the mode governance, nothing can shorten it.',
  )
  addExamples(command, [
    ['holdfast init', 'create ./repo without encryption'],
    [
      'holdfast init --repo /srv/backup --encrypt',
      'create an encrypted repository and ask for its passphrase',
    ],
    ['holdfast init --passphrase-file ~/.holdfast', 'create an encrypted repository from a script'],
  ])
  command.action((flags: InitFlags) => run(command, (session) => init(session, flags)))
}

async function init(session: Session, flags: InitFlags): Promise<ExitStatus> {
  const { chunkSize, encrypt, parity } = flags
  const objectLock = objectLockOf(flags)
  const { terminal } = session
  const { location, cacheDirectory, storage } = await session.openOptions()
  const passphrase = await findPassphrase(
    session,
    encrypt === true ? askForInit(session) : undefined,
  )
  const result = await session.library.initRepository({
    location,
    cacheDirectory,
    storage,
    ...(passphrase !== undefined && { passphrase }),
    ...(chunkSize !== undefined && { chunkAverageBytes: chunkSize }),
    ...(parity && { parity }),
    ...(objectLock && { objectLock }),
  })
  if (session.isJson) {
    writeJsonLine(terminal, {
      message_type: 'initialized',
      id: result.repositoryId,
      repository: location,
      encryption: result.encryption,
      chunk_average_bytes: result.chunkAverageBytes,
      put_guard: result.putGuard,
      object_lock: objectLock,
    })
  }
  session.say(
    `Created repository ${result.repositoryId} at ${escapeText(location)}\n` +
      (result.encryption === 'none'
        ? 'Not encrypted: whoever can read it can read the backups. `holdfast init --encrypt` makes an encrypted one.\n'
        : 'Encrypted with AES-256-GCM. Without the passphrase nothing can be restored: keep it in a second place.\n') +
      `Chunks of ${humanBytes(result.chunkAverageBytes)} on average\n` +
      (result.putGuard === 'atomic' ? '' : putGuardTexts[result.putGuard]) +
      (objectLock
        ? `Nobody can delete an object for ${objectLock.days} days after it was put (${objectLock.mode})\n`
        : '') +
      (parity ? `Parity ${parity.dataPacks}+${parity.parityPacks}\n` : ''),
  )
  return exitStatus.done
}

/** For a person who wonders whether several machines may use it. */
const putGuardTexts = {
  weak: 'The store lets several win who put different objects under one name. Nothing here rests on it.\n',
  ignored:
    'The store replaces objects although it is told not to. Nothing here rests on it: names are hashes or random.\n',
  refused: 'The store does no conditional puts; it is asked before each put.\n',
} as const

function askForInit({ terminal, signal }: Session): () => Promise<string> {
  if (canAsk(terminal))
    return () => askNewSecret(terminal, 'Passphrase for the new repository', signal)
  return () => {
    throw new HoldfastError(
      'PASSPHRASE_MISSING',
      'Cannot create an encrypted repository: no passphrase is given',
      {
        remedy: 'Give one with --passphrase-file, --passphrase-command or HOLDFAST_PASSPHRASE',
      },
    )
  }
}
