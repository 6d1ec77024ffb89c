import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { encodeTextObject } from '../../src/format/text-object/text-object.ts'
import { codeOf, newRepository } from '../support/repositories.ts'

it('a configuration that somebody without the key has changed is refused', async () => {
  const repository = await newRepository({ isEncrypted: true })
  const path = join(repository.location, 'config')
  const [, json] = readFileSync(path, 'utf8').split('\n')
  const forged = json.replace('"chunkAverageBytes":16384', '"chunkAverageBytes":32768')
  expect(forged).not.toBe(json)
  // Its hash line is right: anybody can make that.
  writeFileSync(path, encodeTextObject('holdfast repository', forged))
  expect(await codeOf(repository.open())).toBe('OBJECT_DAMAGED')
})
