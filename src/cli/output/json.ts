import { jsonTime } from '../../foundation/human.ts'
import type { PathText } from '../../model/snapshot.ts'
import { escapeControls } from './safe-text.ts'
import type { Terminal } from './terminal.ts'

/** A document or one line of a stream; `--json` output is only ever added to. */
export type JsonObject = Readonly<Record<string, unknown>>

export function writeJsonLine(terminal: Terminal, value: JsonObject | readonly JsonObject[]): void {
  terminal.writeOutput(`${jsonText(value)}\n`)
}

export function writeJsonErrorLine(terminal: Terminal, value: JsonObject): void {
  terminal.writeError(`${jsonText(value)}\n`)
}

/**
 * JSON in which everything is escaped that a terminal might act upon: `JSON.stringify` leaves DEL, C1 controls and the controls of the
 * writing direction as they are, and names out of a repository may hold them.
 *
 * @param indent blanks for each level; without it, one line
 */
export function jsonText(value: JsonObject | readonly JsonObject[], indent?: number): string {
  return escapeControls(JSON.stringify(value, undefined, indent))
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The fields that give a path in JSON: its text under `field`, and only when the bytes are not UTF-8 also the exact bytes
 * under `<field>_b64`, with U+FFFD in the text (the rule of borg).
 */
export function jsonPath(field: string, bytes: Uint8Array): JsonObject {
  try {
    return { [field]: decoder.decode(bytes) }
  } catch {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return { [field]: buffer.toString('utf8'), [`${field}_b64`]: buffer.toString('base64') }
  }
}

export function pathTextBytes(path: PathText): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : Buffer.from(path.base64, 'base64')
}

/** RFC 3339 with nine digits; a calendar ends near the year 275,760, a file system's clock does not. */
export function entryTime({
  mtimeSeconds,
  mtimeNs,
}: {
  readonly mtimeSeconds: number
  readonly mtimeNs: number
}): string | null {
  const whole = jsonTime(mtimeSeconds * 1000)
  return whole === null ? null : whole.replace(/\.000Z$/, `.${String(mtimeNs).padStart(9, '0')}Z`)
}
