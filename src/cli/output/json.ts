import type { PathText } from '../../model/snapshot.ts'
import type { Terminal } from './terminal.ts'

/** A document or one line of a stream; `--json` output is only ever added to. */
export type JsonObject = Readonly<Record<string, unknown>>

export function writeJsonLine(terminal: Terminal, value: JsonObject | readonly JsonObject[]): void {
  terminal.writeOutput(`${JSON.stringify(value)}\n`)
}

export function writeJsonErrorLine(terminal: Terminal, value: JsonObject): void {
  terminal.writeError(`${JSON.stringify(value)}\n`)
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
