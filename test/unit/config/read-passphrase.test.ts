import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { readPassphrase, type PassphraseSources } from '../../../src/config/read-passphrase.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-passphrase-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function secretFile(content: string | Buffer, mode = 0o600): string {
  const file = join(folder, `pass-${Math.random()}`)
  writeFileSync(file, content)
  chmodSync(file, mode)
  return file
}

function read(sources: Partial<PassphraseSources>): Promise<string | undefined> {
  return readPassphrase({ environment: process.env, ...sources })
}

async function faultOf(sources: Partial<PassphraseSources>): Promise<HoldfastError> {
  const error: unknown = await read(sources).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(HoldfastError)
  expect((error as HoldfastError).code).toBe('PASSPHRASE_MISSING')
  return error as HoldfastError
}

describe('readPassphrase()', () => {
  it('asks the sources in order: file, command, variable, configuration, terminal', async () => {
    const sources = {
      fileOption: secretFile('from file'),
      commandOption: 'echo from-command',
      variable: 'from variable',
      configuration: () => ({
        passphraseFile: secretFile('from config'),
        passphraseCommand: 'echo config-command',
      }),
      ask: () => Promise.resolve('typed'),
    }
    expect(await read(sources)).toBe('from file')
    expect(await read({ ...sources, fileOption: undefined })).toBe('from-command')
    const { variable, configuration, ask } = sources
    expect(await read({ variable, configuration, ask })).toBe('from variable')
    expect(await read({ configuration, ask })).toBe('from config')
    const onlyCommand = { passphraseCommand: 'echo config-command' }
    expect(await read({ configuration: () => onlyCommand, ask })).toBe('config-command')
    expect(await read({ configuration: () => ({}), ask })).toBe('typed')
    expect(await read({})).toBeUndefined()
  })

  it.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['secret\n\n', 'secret\n'],
    [' two words ', ' two words '],
    ['ünïcödé', 'ünïcödé'],
  ])('drops one final line end and nothing else: %j', async (content, expected) => {
    expect(await read({ fileOption: secretFile(content) })).toBe(expected)
  })

  it.each(['', '\n', '\r\n'])('refuses the empty passphrase %j', async (content) => {
    expect((await faultOf({ fileOption: secretFile(content) })).message).toContain('empty')
  })

  it('refuses an empty variable, answer and output', async () => {
    expect((await faultOf({ variable: '' })).message).toContain('HOLDFAST_PASSPHRASE')
    expect((await faultOf({ ask: () => Promise.resolve('') })).message).toContain('empty')
    expect((await faultOf({ commandOption: 'true' })).message).toContain('empty')
  })

  it.each([0o640, 0o604, 0o644, 0o660])('refuses a file of mode %o', async (mode) => {
    const file = secretFile('secret', mode)
    const error = await faultOf({ fileOption: file })
    expect(error.message).toContain('lets other users read it')
    expect(error.remedy).toBe(`Run \`chmod 600 ${file}\``)
  })

  it('refuses bytes that are not UTF-8 and more than a line can hold', async () => {
    expect((await faultOf({ fileOption: secretFile(Buffer.of(0xff, 0xfe)) })).message).toContain(
      'UTF-8',
    )
    expect((await faultOf({ fileOption: secretFile('x'.repeat(5000)) })).message).toContain(
      'longer than',
    )
    expect((await faultOf({ commandOption: 'head -c 3000000 /dev/zero' })).message).toContain(
      'longer than',
    )
  })

  it('names a file or a program that does not exist', async () => {
    const file = join(folder, 'none')
    expect((await faultOf({ fileOption: file })).message).toContain(file)
    expect((await faultOf({ fileOption: folder })).message).toContain(folder)
    const error = await faultOf({ commandOption: '/no/such/program' })
    expect(error.message).toBe('Cannot run passphrase command "/no/such/program"')
    expect((await faultOf({ commandOption: '  ' })).message).toContain('no words')
  })

  it('refuses what a failing command printed', async () => {
    const error = await faultOf({ commandOption: `sh -c "echo secret; exit 3"` })
    expect((error.cause as Error).message).toBe('It ended with status 3')
    expect(error.message).not.toContain('secret')
  })

  it('runs the command without a shell', async () => {
    expect(await read({ commandOption: 'echo $HOME; true' })).toBe('$HOME; true')
  })
})
