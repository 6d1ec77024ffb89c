import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ArchiveFault } from '../../format/archive/archive-entry.ts'
import { TarReader, type TarHandler } from '../../format/archive/tar-reader.ts'

const readBytes = 512 * 1024
const unpackedBytes = 256 * 1024

export interface ArchiveReading {
  readonly handler: TarHandler
  readonly signal: AbortSignal | undefined
  /** After each piece that was handed on. */
  readonly settle: () => Promise<void>
  /** Bytes of the archive read since the last call. */
  readonly onBytes: (bytes: number) => void
}

/**
 * Reads an archive from the first byte to the last: tar, mostly in gzip.
 *
 * @returns its MD5, hex
 * @throws {ArchiveFault} when it is damaged or cut off
 */
export async function readArchive(path: string, reading: ArchiveReading): Promise<string> {
  const { size, isCompressed } = await lookAt(path)
  const md5 = createHash('md5')
  let hashedBytes = 0
  async function* pieces(): AsyncGenerator<Buffer, void, undefined> {
    for await (const piece of createReadStream(path, { highWaterMark: readBytes })) {
      const bytes = piece as Buffer
      reading.signal?.throwIfAborted()
      md5.update(bytes)
      hashedBytes += bytes.length
      reading.onBytes(bytes.length)
      yield bytes
    }
  }
  const tar = new TarReader(reading.handler)
  for await (const piece of isCompressed ? unpacked(pieces()) : pieces()) {
    reading.signal?.throwIfAborted()
    tar.push(piece)
    await reading.settle()
  }
  tar.finish()
  if (hashedBytes !== size) throw new ArchiveFault('something follows its end')
  return md5.digest('hex')
}

async function lookAt(path: string): Promise<{ size: number; isCompressed: boolean }> {
  const handle = await open(path, 'r')
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw new ArchiveFault('it is not a regular file')
    const start = Buffer.alloc(2)
    const { bytesRead } = await handle.read(start, 0, 2, 0)
    if (bytesRead < 2) throw new ArchiveFault('it is empty')
    return { size: status.size, isCompressed: start.readUInt16BE() === 0x1f8b }
  } finally {
    await handle.close()
  }
}

async function* unpacked(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: unpackedBytes })
  // Errors of both come out of the loop below.
  pipeline(Readable.from(pieces, { objectMode: false }), gunzip, () => undefined)
  try {
    for await (const piece of gunzip) yield piece as Buffer
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!code.startsWith('Z_')) throw error
    throw new ArchiveFault(
      code === 'Z_BUF_ERROR'
        ? 'it ends in the middle: it was cut off'
        : `its gzip is damaged: ${message}`,
      { cause: error },
    )
  } finally {
    gunzip.destroy()
  }
}
