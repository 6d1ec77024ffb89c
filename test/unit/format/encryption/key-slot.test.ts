import { createCipheriv } from 'node:crypto'
import { argon2id } from '@noble/hashes/argon2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import { DamageError, HoldfastError } from '../../../../src/foundation/errors.ts'
import { createKeySlot, openKeySlot } from '../../../../src/format/encryption/key-slot.ts'
import type { KeySlot, KeySlotSource } from '../../../../src/format/encryption/key-slot.ts'
import { countingBytes, masterSecret, repositoryId } from '../object/fixed-repository.ts'

/** As cheap as the format allows. */
const parameters = { memoryKiB: 8_192, passes: 1, lanes: 1 }
const source: KeySlotSource = {
  passphrase: 'correct horse',
  masterSecret,
  repositoryId: repositoryId.toString('hex'),
  label: 'first',
  createdAtMs: 1_767_225_600_000,
  parameters,
}
const fixed = { ...source, random: (bytes: number) => countingBytes(bytes, bytes) }
const slot = await createKeySlot(fixed)

describe('createKeySlot()', () => {
  it('wraps the secret as docs/FORMAT.md says, by an independent Argon2id and BLAKE3', () => {
    const options = { m: 8_192, t: 1, p: 1, dkLen: 32, version: 0x13 }
    const kek = argon2id(Buffer.from('correct horse'), countingBytes(32, 32), options)
    const keyOf = (context: string) => blake3(kek, { context: Buffer.from(context) })
    const wrapKey = keyOf('holdfast v1 slot wrap')
    const cipher = createCipheriv('aes-256-gcm', wrapKey, countingBytes(12, 12))
    const slotId = countingBytes(16, 16)
    cipher.setAAD(Buffer.concat([Buffer.from('holdfast key slot 1'), repositoryId, slotId]))
    const wrapped = [cipher.update(masterSecret), cipher.final(), cipher.getAuthTag()]
    expect(slot).toEqual({
      version: 1,
      slotId: slotId.toString('hex'),
      repositoryId: repositoryId.toString('hex'),
      createdAtMs: 1_767_225_600_000,
      label: 'first',
      kdf: 'argon2id',
      ...parameters,
      salt: countingBytes(32, 32).toString('hex'),
      nonce: countingBytes(12, 12).toString('hex'),
      wrapped: Buffer.concat(wrapped).toString('hex'),
      commitment: Buffer.from(keyOf('holdfast v1 slot commitment')).toString('hex'),
    })
  })

  it('keeps to the pinned values', () => {
    expect(slot.wrapped + slot.commitment).toBe(
      [
        '2a425c07fcb8d76cb7176eb718a9855d3eb5a396ed0ca346',
        '4d9ed03091d12ab6e5a7e910fbdc4367b14353c068a2821b',
        '89998145b96017dc60f3f5db350485ff36445fde646fae60b25ad843e0d2cb14',
      ].join(''),
    )
  })

  it('makes another salt, nonce and id every time', async () => {
    const [first, second] = [await createKeySlot(source), await createKeySlot(source)]
    for (const name of ['slotId', 'salt', 'nonce', 'wrapped', 'commitment'] as const) {
      expect(first[name]).not.toBe(second[name])
    }
    expect(await openKeySlot(second, 'correct horse')).toEqual(masterSecret)
  })

  it.each([
    ['an empty passphrase', { passphrase: '' }],
    ['a passphrase of a line end', { passphrase: '\n' }],
    ['half of a surrogate pair', { passphrase: 'a\ud800' }],
    ['a label that is too long', { label: 'x'.repeat(1_025) }],
    ['too little memory', { parameters: { ...parameters, memoryKiB: 8_191 } }],
    ['too much memory', { parameters: { ...parameters, memoryKiB: 4_194_305 } }],
    ['no pass', { parameters: { ...parameters, passes: 0 } }],
    ['too many lanes', { parameters: { ...parameters, lanes: 65 } }],
    ['half a lane', { parameters: { ...parameters, lanes: 1.5 } }],
  ])('refuses %s', async (_name, change) => {
    const refusal = createKeySlot({ ...source, ...change })
    await expect(refusal).rejects.toBeInstanceOf(HoldfastError)
    await expect(refusal).rejects.toMatchObject({ code: 'KEY_REFUSED' })
  })

  it('refuses a secret or a repository id of another length', async () => {
    const short = createKeySlot({ ...source, masterSecret: countingBytes(31) })
    await expect(short).rejects.toThrow(RangeError)
    await expect(createKeySlot({ ...source, repositoryId: 'ab' })).rejects.toThrow(RangeError)
  })
})

describe('openKeySlot()', () => {
  it('gives the secret to the passphrase, with or without a line end', async () => {
    for (const passphrase of ['correct horse', 'correct horse\n', 'correct horse\r\n']) {
      expect(await openKeySlot(slot, passphrase)).toEqual(masterSecret)
    }
  })

  it.each(['Correct horse', 'correct horse ', 'correct horse\n\n', 'x'])(
    'gives null to %j',
    async (passphrase) => {
      expect(await openKeySlot(slot, passphrase)).toBeNull()
    },
  )

  it('refuses an empty passphrase', async () => {
    await expect(openKeySlot(slot, '')).rejects.toMatchObject({ code: 'KEY_REFUSED' })
  })

  it.each([
    ['another id', { slotId: '00'.repeat(16) }],
    ['another repository', { repositoryId: '00'.repeat(16) }],
    ['another nonce', { nonce: '00'.repeat(12) }],
    ['a changed tag', { wrapped: `${slot.wrapped.slice(0, -1)}x` }],
    ['a tag of 4 bytes', { wrapped: slot.wrapped.slice(0, 72) }],
    ['no wrapped key', { wrapped: '' }],
  ])('refuses a slot with %s although the passphrase is right', async (_name, change) => {
    const wrong: KeySlot = { ...slot, ...change }
    await expect(openKeySlot(wrong, 'correct horse')).rejects.toBeInstanceOf(DamageError)
  })

  it.each([{ memoryKiB: 2 ** 32 }, { passes: 65 }, { lanes: 0 }])(
    'refuses %j before it computes anything',
    async (change) => {
      const wrong: KeySlot = { ...slot, ...change }
      await expect(openKeySlot(wrong, 'correct horse')).rejects.toBeInstanceOf(DamageError)
    },
  )

  it('takes another salt, cost or commitment for another passphrase', async () => {
    for (const change of [
      { salt: '00'.repeat(32) },
      { passes: 2 },
      { commitment: '00'.repeat(32) },
    ]) {
      expect(await openKeySlot({ ...slot, ...change }, 'correct horse')).toBeNull()
    }
  })
})
