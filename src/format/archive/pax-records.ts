import { ArchiveFault } from './archive-entry.ts'

const space = 0x20
const equals = 0x3d
const newline = 0x0a
const nanoseconds = 1_000_000_000

/** Records by keyword; keywords are bytes as latin1 text. */
export type PaxRecords = ReadonlyMap<string, Buffer>

/** `<length> <keyword>=<value>\n`, where the length counts its own digits. */
export function encodePaxRecord(keyword: string, value: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(` ${keyword}=`, 'latin1'), value, Buffer.from([newline])])
  let digits = String(body.length).length
  if (String(body.length + digits).length > digits) digits += 1
  return Buffer.concat([Buffer.from(String(body.length + digits), 'latin1'), body])
}

/**
 * Reads the body of a pax header. Values are views.
 *
 * @throws {ArchiveFault}
 */
export function decodePaxRecords(body: Buffer): PaxRecords {
  const records = new Map<string, Buffer>()
  const map: Buffer[] = []
  for (let start = 0; start < body.length;) {
    const spaceAt = body.indexOf(space, start)
    const digits = spaceAt < 0 ? '' : body.toString('latin1', start, Math.min(spaceAt, start + 10))
    const end = start + Number(digits)
    const isLength = /^[1-9]\d{0,8}$/.test(digits) && spaceAt === start + digits.length
    if (!isLength || end > body.length || end < spaceAt + 3 || body[end - 1] !== newline) {
      throw new ArchiveFault('a pax header cannot be read')
    }
    const equalsAt = body.indexOf(equals, spaceAt)
    if (equalsAt < 0 || equalsAt >= end || equalsAt === spaceAt + 1) {
      throw new ArchiveFault('a pax record has no keyword')
    }
    const keyword = body.toString('latin1', spaceAt + 1, equalsAt)
    const value = body.subarray(equalsAt + 1, end - 1)
    // The oldest form of sparse files is the only one that says a keyword more than once, and means each time.
    if (isRepeated(keyword)) map.push(value)
    else records.set(keyword, value)
    start = end
  }
  if (map.length > 0) {
    records.set(
      'GNU.sparse.map',
      Buffer.from(map.map((value) => value.toString('latin1')).join(','), 'latin1'),
    )
  }
  return records
}

function isRepeated(keyword: string): boolean {
  return keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes'
}

/** Seconds as pax writes them: decimal, with as many places as are needed. */
export function formatPaxTime(seconds: number, ns: number): string {
  const isBelowZero = seconds < 0 && ns > 0
  const whole = isBelowZero ? -seconds - 1 : Math.abs(seconds)
  const part = isBelowZero ? nanoseconds - ns : ns
  const sign = seconds < 0 ? '-' : ''
  const places = part === 0 ? '' : `.${String(part).padStart(9, '0').replace(/0+$/, '')}`
  return `${sign}${whole}${places}`
}

/** @throws {ArchiveFault} */
export function parsePaxTime(value: Buffer): { readonly seconds: number; readonly ns: number } {
  const match = /^(-?)(\d{1,16})(?:\.(\d*))?$/.exec(value.toString('latin1'))
  const whole = Number(match?.[2] ?? Number.NaN)
  if (!match || !Number.isSafeInteger(whole)) throw new ArchiveFault('a pax time cannot be read')
  const part = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  if (match[1] === '') return { seconds: whole, ns: part }
  return part === 0
    ? { seconds: 0 - whole, ns: 0 }
    : { seconds: -whole - 1, ns: nanoseconds - part }
}

/** @throws {ArchiveFault} */
export function parsePaxNumber(value: Buffer, keyword: string): number {
  const text = value.toString('latin1')
  const number = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(number)) {
    throw new ArchiveFault(`a pax record "${keyword}" is no number`)
  }
  return number
}

const attributePrefix = 'SCHILY.xattr.'

/** GNU tar's spelling: `=` and `%` of a name would end the keyword or look like an escape. */
export function attributeKeyword(name: Uint8Array): string {
  const text = Buffer.from(name).toString('latin1')
  return attributePrefix + text.replaceAll('%', '%25').replaceAll('=', '%3D')
}

/** @returns the name of an extended attribute; undefined when the record is about something else */
export function attributeOfKeyword(keyword: string): Buffer | undefined {
  if (!keyword.startsWith(attributePrefix)) return undefined
  const text = keyword.slice(attributePrefix.length)
  return Buffer.from(text.replaceAll('%3D', '=').replaceAll('%25', '%'), 'latin1')
}
