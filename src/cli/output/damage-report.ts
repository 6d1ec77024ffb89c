import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { counted, humanCount } from '../../foundation/human.ts'
import type { Damage, UnreadObject } from '../library.ts'
import type { Operation, Session } from '../session.ts'
import { groupByPath, isPlace, type DamagedPath } from './damaged-paths.ts'
import { jsonPath, writeJsonErrorLine, type JsonObject } from './json.ts'
import { safeText } from './safe-text.ts'
import { shortId } from './snapshot-json.ts'

/** Lines of text for objects, and as many for paths: more scroll away unread. */
const linesMax = 200
/** Other snapshots that one line names. */
const snapshotsMax = 5

/**
 * Names damage on standard error. As JSON every place is a line; as text objects come first, then one line for each path, whatever the number
 * of its chunks and of the snapshots that have it so, and not more lines than somebody reads unless --verbose asks for all.
 */
export function reportDamage(
  session: Session,
  damaged: readonly Damage[],
  during: Operation = 'verify',
): void {
  if (session.isJson) {
    for (const damage of damaged) writeJsonErrorLine(session.terminal, damageJson(damage, during))
    return
  }
  writeLines(
    session,
    damaged.filter((damage) => !isPlace(damage)).map(objectLine),
    'further object',
  )
  writeLines(session, groupByPath(damaged).map(pathLine), 'further path')
}

function writeLines({ terminal, globals }: Session, lines: readonly string[], rest: string): void {
  const shown = globals.verbose === true ? lines : lines.slice(0, linesMax)
  for (const line of shown) terminal.writeError(`damaged: ${line}\n`)
  const left = lines.length - shown.length
  if (left > 0) {
    terminal.writeError(`damaged: ${counted(left, rest)}: --verbose or --json names all\n`)
  }
}

/** Names every object that the storage failed to give, one line each: nothing is known about them. */
export function reportUnread(
  { terminal, isJson }: Session,
  unread: readonly UnreadObject[],
  during: Operation,
): void {
  for (const { name, message } of unread) {
    if (isJson) {
      const error = { message }
      writeJsonErrorLine(terminal, { message_type: 'error', error, during, object_id: name })
    } else terminal.writeError(`failed: ${safeText(name)} - ${safeText(message)}\n`)
  }
}

function objectLine({ snapshotId, objectId, message }: Damage): string {
  const place = objectId ?? (snapshotId === undefined ? 'repository' : shortId(snapshotId))
  return `${place} - ${safeText(message)}`
}

/**
 * `1a2b3c4d:data/index - its data is damaged (131,072 of 4,194,304 bytes from byte 1,048,576 on, in 2 chunks); the same in 844b9472`; the first word
 * can be dumped.
 */
function pathLine(damaged: DamagedPath): string {
  const { snapshotId, path, message, otherSnapshots } = damaged
  const named = otherSnapshots.slice(0, snapshotsMax).map(shortId).join(', ')
  const left = otherSnapshots.length - snapshotsMax
  const more = left > 0 ? ` and ${humanCount(left)} more` : ''
  const others = named === '' ? '' : `; the same in ${named}${more}`
  return `${shortId(snapshotId)}:${escapeBytes(path)} - ${safeText(message)}${spanText(damaged)}${others}`
}

function spanText({ offsetBytes, lengthBytes, places, fileBytes }: DamagedPath): string {
  if (offsetBytes === undefined) return ''
  const from = `from byte ${humanCount(offsetBytes)} on`
  const of = fileBytes === undefined ? '' : ` of ${humanCount(fileBytes)}`
  const length = lengthBytes === undefined ? '' : `${humanCount(lengthBytes)}${of} bytes `
  return ` (${length}${from}${places > 1 ? `, in ${counted(places, 'chunk')}` : ''})`
}

function damageJson(damage: Damage, during: Operation): JsonObject {
  const { message, objectId, snapshotId, path, offsetBytes, lengthBytes, fileBytes } = damage
  return {
    message_type: 'error',
    error: { message },
    during,
    ...(objectId !== undefined && { object_id: objectId }),
    ...(snapshotId !== undefined && { snapshot_id: snapshotId }),
    ...(path !== undefined && jsonPath('item', path)),
    ...(offsetBytes !== undefined && { offset: offsetBytes }),
    ...(lengthBytes !== undefined && { length: lengthBytes }),
    ...(fileBytes !== undefined && { size: fileBytes }),
  }
}
