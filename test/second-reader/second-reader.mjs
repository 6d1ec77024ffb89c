/**
 * Reads a repository by what docs/FORMAT.md says, and by nothing else: it shares no line with `src/`. When the two disagree, one of them or the
 * page is wrong. Slow and small on purpose; the numbers are the page's sections.
 */
import { createDecipheriv } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashRawSync } from '@node-rs/argon2'
import { blake3 } from '@noble/hashes/blake3.js'
import { decompress } from 'zstd-napi'

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const hash = (bytes) => hex(blake3(bytes))
const keyedHash = (key, bytes) => Buffer.from(blake3(bytes, { key }))
const deriveKey = (context, key) => blake3(key, { context: Buffer.from(context) })
const insist = (holds, message) => {
  if (!holds) throw new Error(message)
}

/** Sections 3 and 4: three lines, the last one a hash of the first two. */
function readTextObject(path, ...firstLines) {
  const text = readFileSync(path, 'latin1')
  const lines = text.split('\n')
  insist(lines.length === 4 && lines[3] === '', `${path}: not three lines`)
  insist(firstLines.includes(lines[0]), `${path}: first line`)
  const head = Buffer.from(`${lines[0]}\n${lines[1]}\n`, 'latin1')
  insist(lines[2] === `blake3 ${hash(head)}`, `${path}: hash line`)
  return { json: Buffer.from(lines[1], 'latin1').toString('utf8'), name: path }
}

export class SecondReader {
  constructor(location, passphrase) {
    this.location = location
    const path = join(location, 'config')
    const { json } = readTextObject(path, 'holdfast repository 1', 'holdfast repository 2')
    this.config = JSON.parse(json)
    const version = 'objectLock' in this.config ? 2 : 1
    insist(this.config.version === version, 'config: version')
    insist(
      readFileSync(path, 'latin1').startsWith(`holdfast repository ${version}\n`),
      'config: line',
    )
    this.repositoryId = Buffer.from(this.config.repositoryId, 'hex')
    this.sealed = this.config.encryption === 'aes-256-gcm'
    const secret = this.sealed ? this.unlock(passphrase) : Buffer.from(this.config.secret, 'hex')
    this.keys = Object.fromEntries(
      ['data blob id', 'tree blob id', 'frame', 'config'].map((name) => [
        name,
        deriveKey(`holdfast v1 ${name}`, secret),
      ]),
    )
    const withoutMac = Buffer.from(json.replace(/,"mac":"[0-9a-f]{64}"\}$/, '}'))
    insist(hex(keyedHash(this.keys.config, withoutMac)) === this.config.mac, 'config: mac')
    this.packs = new Map()
    this.blobs = new Map()
    this.segments = new Map()
    for (const name of readdirSync(join(location, 'index'))) this.takeIndex(name)
  }

  /** Section 4. */
  unlock(passphrase) {
    for (const slotId of readdirSync(join(this.location, 'keys'))) {
      const path = join(this.location, 'keys', slotId)
      const slot = JSON.parse(readTextObject(path, 'holdfast key slot 1').json)
      insist(slot.slotId === slotId && slot.repositoryId === this.config.repositoryId, path)
      const kek = hashRawSync(passphrase, {
        algorithm: 2,
        version: 1,
        memoryCost: slot.memoryKiB,
        timeCost: slot.passes,
        parallelism: slot.lanes,
        outputLen: 32,
        salt: Buffer.from(slot.salt, 'hex'),
      })
      if (hex(deriveKey('holdfast v1 slot commitment', kek)) !== slot.commitment) continue
      const wrapped = Buffer.from(slot.wrapped, 'hex')
      const aad = Buffer.concat([
        Buffer.from('holdfast key slot 1'),
        this.repositoryId,
        Buffer.from(slotId, 'hex'),
      ])
      const key = deriveKey('holdfast v1 slot wrap', kek)
      return openGcm(key, Buffer.from(slot.nonce, 'hex'), aad, wrapped)
    }
    throw new Error('No slot opens with this passphrase')
  }

  /** Section 5.1. */
  checkHeader(bytes, type) {
    insist(bytes.toString('latin1', 0, 8) === 'HOLDFAST', 'magic')
    insist(bytes[8] === 1 && bytes[9] === type && bytes[10] === Number(this.sealed), 'header')
    insist(hex(bytes.subarray(11, 16)) === '0000000000', 'reserved bytes')
    insist(bytes.subarray(16, 32).equals(this.repositoryId), 'repository id')
    return bytes.subarray(0, 64)
  }

  /** Section 5.2. `sealedBytes` is payload and tag. */
  openFrame(header, descriptor, sealedBytes) {
    const codec = descriptor[0]
    const role = descriptor[1]
    const plainBytes = descriptor.readUInt32LE(8)
    insist(descriptor.readUInt32LE(12) === sealedBytes.length - 16, 'payload length')
    const key = keyedHash(this.keys.frame, header.subarray(32, 64))
    const aad = Buffer.concat([header, descriptor])
    let payload = sealedBytes.subarray(0, -16)
    if (this.sealed) {
      const nonce = Buffer.alloc(12)
      nonce[0] = role
      nonce.writeUInt32LE(descriptor.readUInt32LE(4), 4)
      payload = openGcm(key, nonce, aad, sealedBytes)
    } else {
      const tag = keyedHash(key, Buffer.concat([aad, payload])).subarray(0, 16)
      insist(tag.equals(sealedBytes.subarray(-16)), 'tag')
    }
    const plain = codec === 0 ? payload : decompress(payload)
    insist(plain.length === plainBytes, 'plaintext length')
    return plain
  }

  /** Section 5.3. */
  readSmall(name, type) {
    const bytes = readFileSync(join(this.location, name))
    insist(hash(bytes) === name.slice(name.indexOf('/') + 1), `${name}: its name is another hash`)
    const header = this.checkHeader(bytes, type)
    const descriptor = bytes.subarray(64, 80)
    insist(descriptor[1] === 0 && descriptor.readUInt32LE(4) === 0, `${name}: descriptor`)
    return this.openFrame(header, descriptor, bytes.subarray(80))
  }

  /** Sections 7 and 8. */
  takeIndex(name) {
    const plain = this.readSmall(`index/${name}`, 2)
    let at = 4
    for (let pack = plain.readUInt32LE(0); pack > 0; pack--) {
      const id = hex(plain.subarray(at, at + 32))
      const salt = plain.subarray(at + 32, at + 64)
      const trailerBytes = plain.readUInt32LE(at + 72)
      this.packs.set(id, { salt })
      this.takeTrailer(id, plain.subarray(at + 76, at + 76 + trailerBytes))
      at += 76 + trailerBytes
    }
    insist(at === plain.length, `index/${name}: length`)
  }

  takeTrailer(packId, trailer) {
    const segments = trailer.readUInt32LE(0)
    const blobs = trailer.readUInt32LE(4)
    const lengthsAt = 8 + 16 * segments
    const idsAt = lengthsAt + 4 * blobs
    insist(trailer.length === idsAt + 32 * blobs, `${packId}: trailer length`)
    let offset = 64
    let blob = 0
    for (let number = 0; number < segments; number++) {
      const at = 8 + 16 * number
      const payloadBytes = trailer.readUInt32LE(at)
      const plainBytes = trailer.readUInt32LE(at + 4)
      const segment = { packId, number, offset, payloadBytes, plainBytes, codec: trailer[at + 12] }
      let start = 0
      for (let left = trailer.readUInt32LE(at + 8); left > 0; left--, blob++) {
        const length = trailer.readUInt32LE(lengthsAt + 4 * blob)
        const id = hex(trailer.subarray(idsAt + 32 * blob, idsAt + 32 * (blob + 1)))
        const places = this.blobs.get(id) ?? []
        this.blobs.set(id, [...places, { segment, kind: trailer[at + 13], start, length }])
        start += length
      }
      insist(start === plainBytes, `${packId}: lengths of segment ${number}`)
      offset += payloadBytes + 16
    }
  }

  readSegment(segment) {
    const key = `${segment.packId} ${segment.number}`
    const known = this.segments.get(key)
    if (known) return known
    const header = Buffer.alloc(64)
    header.write('HOLDFAST', 'latin1')
    header.set([1, 1, Number(this.sealed)], 8)
    header.set(this.repositoryId, 16)
    header.set(this.packs.get(segment.packId).salt, 32)
    const descriptor = Buffer.alloc(16)
    descriptor[0] = segment.codec
    descriptor.writeUInt32LE(segment.number, 4)
    descriptor.writeUInt32LE(segment.plainBytes, 8)
    descriptor.writeUInt32LE(segment.payloadBytes, 12)
    const pack = readFileSync(join(this.location, 'packs', segment.packId))
    const end = segment.offset + segment.payloadBytes + 16
    const plain = this.openFrame(header, descriptor, pack.subarray(segment.offset, end))
    this.segments.set(key, plain)
    return plain
  }

  /** Any copy serves; the bytes have to be what the id says. */
  readBlob(kind, id, length) {
    for (const place of this.blobs.get(id) ?? []) {
      try {
        insist(place.kind === kind && place.length === length, `${id}: kind or length`)
        const plain = this.readSegment(place.segment)
        const bytes = plain.subarray(place.start, place.start + length)
        const key = this.keys[kind === 0 ? 'data blob id' : 'tree blob id']
        insist(hex(keyedHash(key, bytes)) === id, `${id}: another hash`)
        return bytes
      } catch (error) {
        this.lastError = error
      }
    }
    throw new Error(`Blob ${id} cannot be read`, { cause: this.lastError })
  }

  /** Section 11; forgotten snapshots are the same bytes in another folder. */
  readSnapshot(id, folder = 'snapshots') {
    return JSON.parse(this.readSmall(`${folder}/${id}`, 3).toString('utf8'))
  }

  /** Section 9: every entry below a directory, as `[path in latin1, entry]`. */
  *entries(reference, prefix = '') {
    const page = readPage(this.readBlob(1, reference.id, reference.bytes))
    for (const entry of page.entries) {
      if (page.level > 0) {
        yield* this.entries(entry.references[0], prefix)
        continue
      }
      const path = prefix + entry.name
      yield [path, entry]
      if ((entry.mode & 0o170000) === 0o040000) yield* this.entries(entry.references[0], `${path}/`)
    }
  }

  /** Section 10. */
  readContent(entry) {
    return Buffer.concat(this.parts(entry.references, (entry.flags >>> 4) & 15))
  }

  parts(references, depth) {
    return references.flatMap(({ id, bytes }) => {
      if (/^0{64}$/.test(id)) return [Buffer.alloc(bytes)]
      if (depth === 0) return [this.readBlob(0, id, bytes)]
      return this.parts(readList(this.readList(id), depth - 1), depth - 1)
    })
  }

  /** A list's length is not in its reference: the index knows it. */
  readList(id) {
    return this.readBlob(1, id, this.blobs.get(id)[0].length)
  }
}

function openGcm(key, nonce, aad, sealedBytes) {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealedBytes.subarray(-16))
  return Buffer.concat([decipher.update(sealedBytes.subarray(0, -16)), decipher.final()])
}

const columns = (
  'mode uid gid flags sizeLow sizeHigh mtimeLow mtimeHigh mtimeNs ctimeLow ctimeHigh ctimeNs ' +
  'inodeLow inodeHigh chunkCount nameBytes extraBytes'
).split(' ')

function readPage(bytes) {
  insist(bytes[0] === 0x54 && bytes[1] === 1 && bytes[3] === 0, 'page head')
  const [count, chunks, nameBytes, extraBytes] = [4, 8, 12, 16].map((at) => bytes.readUInt32LE(at))
  const column = (number, row) => bytes.readUInt32LE(24 + 4 * (number * count + row))
  const chunksAt = 24 + 4 * columns.length * count
  const namesAt = chunksAt + 40 * chunks
  insist(bytes.length === namesAt + nameBytes + extraBytes, 'page length')
  let chunk = 0
  let nameAt = namesAt
  let extraAt = namesAt + nameBytes
  const entries = []
  for (let row = 0; row < count; row++) {
    const entry = Object.fromEntries(columns.map((name, number) => [name, column(number, row)]))
    entry.name = bytes.toString('latin1', nameAt, (nameAt += entry.nameBytes))
    entry.size = entry.sizeHigh * 2 ** 32 + entry.sizeLow
    entry.mtimeSeconds = (entry.mtimeHigh | 0) * 2 ** 32 + entry.mtimeLow
    entry.extras = readExtras(bytes.subarray(extraAt, (extraAt += entry.extraBytes)))
    entry.references = []
    for (let left = entry.chunkCount; left > 0; left--, chunk++) {
      const low = bytes.readUInt32LE(chunksAt + 4 * chunk)
      const high = bytes.readUInt32LE(chunksAt + 4 * (chunks + chunk))
      const idAt = chunksAt + 8 * chunks + 32 * chunk
      entry.references.push({
        id: hex(bytes.subarray(idAt, idAt + 32)),
        bytes: high * 2 ** 32 + low,
      })
    }
    entries.push(entry)
  }
  return { level: bytes[2], entries }
}

function readList(bytes, level) {
  insist(bytes[0] === 0x4c && bytes[1] === 1 && bytes[2] === level, 'list head')
  const count = bytes.readUInt32LE(4)
  insist(bytes.length === 8 + 40 * count, 'list length')
  return Array.from({ length: count }, (_, item) => ({
    id: hex(bytes.subarray(8 + 8 * count + 32 * item, 8 + 8 * count + 32 * (item + 1))),
    bytes: bytes.readUInt32LE(8 + 4 * (count + item)) * 2 ** 32 + bytes.readUInt32LE(8 + 4 * item),
  }))
}

function readExtras(bytes) {
  const extras = {}
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]
    const length = bytes.readUInt32LE(at + 1)
    const value = bytes.subarray(at + 5, (at += 5 + length))
    if (tag === 1) extras.target = value.toString('latin1')
    if (tag === 2) extras.device = `${value.readUInt32LE(0)}:${value.readUInt32LE(4)}`
    if (tag === 3) extras.xattrs = readXattrs(value)
  }
  return extras
}

function readXattrs(bytes) {
  const found = []
  let at = 2
  for (let left = bytes.readUInt16LE(0); left > 0; left--) {
    const nameBytes = bytes.readUInt16LE(at)
    const valueBytes = bytes.readUInt32LE(at + 2)
    const name = bytes.toString('latin1', at + 6, (at += 6 + nameBytes))
    found.push(`${name}=${hex(bytes.subarray(at, (at += valueBytes)))}`)
  }
  return found
}
