import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { Damage, UnreadObject } from '../library.ts'
import type { Operation, Session } from '../session.ts'
import { jsonPath, writeJsonErrorLine, type JsonObject } from './json.ts'
import { safeText } from './safe-text.ts'
import { shortId } from './snapshot-json.ts'

/** Names every damage on standard error, one line each. */
export function reportDamage(
  { terminal, isJson }: Session,
  damaged: readonly Damage[],
  during: Operation = 'verify',
): void {
  for (const damage of damaged) {
    if (isJson) writeJsonErrorLine(terminal, damageJson(damage, during))
    else terminal.writeError(`${damageLine(damage)}\n`)
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

/** `damaged: 1a2b3c4d:data/index at byte 1048576 (65536 bytes) - authentication failed`; the first word can be dumped. */
function damageLine({
  snapshotId,
  path,
  offsetBytes,
  lengthBytes,
  objectId,
  message,
}: Damage): string {
  const file = path === undefined ? '' : `:${escapeBytes(path)}`
  const place = snapshotId === undefined ? (objectId ?? 'repository') : shortId(snapshotId) + file
  const offset = offsetBytes === undefined ? '' : ` at byte ${offsetBytes}`
  const length = lengthBytes === undefined ? '' : ` (${lengthBytes} bytes)`
  return `damaged: ${place}${offset}${length} - ${safeText(message)}`
}

function damageJson(damage: Damage, during: Operation): JsonObject {
  const { message, objectId, snapshotId, path, offsetBytes, lengthBytes } = damage
  return {
    message_type: 'error',
    error: { message },
    during,
    ...(objectId !== undefined && { object_id: objectId }),
    ...(snapshotId !== undefined && { snapshot_id: snapshotId }),
    ...(path !== undefined && jsonPath('item', path)),
    ...(offsetBytes !== undefined && { offset: offsetBytes }),
    ...(lengthBytes !== undefined && { length: lengthBytes }),
  }
}
