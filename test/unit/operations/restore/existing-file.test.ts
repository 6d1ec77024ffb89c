import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fileStatus } from '../../../../src/filesystem/posix/file-status.ts'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { createBlobHasher } from '../../../../src/format/hashing/blob-hasher.ts'
import { ExistingFile } from '../../../../src/operations/restore/existing-file.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'
import { scratchDirectory } from '../../filesystem/scratch-directory.ts'

it('gives a chunk only when its bytes have the hash that was asked for', () => {
  const { fd, at } = scratchDirectory()
  const bytes = randomBytesOf('existing', 1000)
  writeFileSync(at('file'), bytes)
  const descriptor = posix.openFile(fd, Buffer.from('file'), 0)
  const hasher = createBlobHasher(Buffer.alloc(32, 3))
  const file = new ExistingFile(descriptor, fileStatus(descriptor), hasher)
  const part = bytes.subarray(100, 300)
  expect(file.chunkAt(100, 200, hasher.hash(part))).toEqual(part)
  expect(file.chunkAt(101, 200, hasher.hash(part))).toBeUndefined()
  expect(file.chunkAt(900, 200, hasher.hash(bytes.subarray(900)))).toBeUndefined()
  file.close()
})
