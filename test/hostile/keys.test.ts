import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type * as KeySlotModule from '../../src/format/encryption/key-slot.ts'
import type { KeySlot } from '../../src/format/encryption/key-slot.ts'
import { createFrameSealer } from '../../src/format/encryption/frame-sealer.ts'
import { encodeObjectHeader } from '../../src/format/object/object-header.ts'
import { decodeKeySlot, encodeKeySlot } from '../../src/format/text-object/key-slot-text.ts'
import { encodeTextObject } from '../../src/format/text-object/text-object.ts'
import type { Repository } from '../../src/index.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import {
  cloneRepository,
  codeOf,
  namesIn,
  newRepository,
  passphrase,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

const { createKeySlot } = await engineModule<typeof KeySlotModule>('format/encryption/key-slot')

const cheap = { memoryKiB: 8192, passes: 1, lanes: 1 }

function slotOf({ location }: TestRepository): { path: string; slot: KeySlot } {
  const [name] = namesIn(location, 'keys')
  const path = join(location, 'keys', name)
  return { path, slot: decodeKeySlot(readFileSync(path)) }
}

/** A slot as anybody can write it who can write to the storage: its hash line is true. */
function plant({ location }: TestRepository, slot: Record<string, unknown>): void {
  const id = randomBytes(16).toString('hex')
  const text = encodeTextObject('holdfast key slot', JSON.stringify({ ...slot, slotId: id }))
  writeFileSync(join(location, 'keys', id), text)
}

async function timed(work: Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now()
  await work
  return performance.now() - startedAtMs
}

describe('a key slot that somebody has planted', () => {
  it.each([
    ['4 TiB of memory', { memoryKiB: 2 ** 32 }],
    ['4 GiB of memory', { memoryKiB: 4_194_304 }],
    ['hardly any memory', { memoryKiB: 8 }],
    ['no pass', { passes: 0 }],
    ['64 passes', { passes: 64 }],
    ['lanes without end', { lanes: 2 ** 24 }],
    ['another function', { kdf: 'none' }],
    ['a short salt', { salt: '00' }],
    ['a short tag', { wrapped: '00'.repeat(36) }],
    ['a label without end', { label: 'x'.repeat(100_000) }],
    ['a field that nobody knows', { later: 1 }],
  ])('and asks for %s is passed over before it costs anything', async (_what, fields) => {
    const test = await newRepository({ isEncrypted: true })
    const { slot } = slotOf(test)
    for (let count = 0; count < 20; count++) plant(test, { ...slot, ...fields })
    const before = process.memoryUsage.rss()
    const ms = await timed(test.open())
    expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 2 ** 20)
    expect(ms).toBeLessThan(30_000)
  })

  it('and is as dear as it may be waits until the cheaper ones were tried', async () => {
    const test = await newRepository({ isEncrypted: true })
    const { slot } = slotOf(test)
    for (let count = 0; count < 5; count++) {
      plant(test, { ...slot, memoryKiB: 1_048_576, passes: 16, commitment: '00'.repeat(32) })
    }
    expect(await timed(test.open())).toBeLessThan(30_000)
  })

  it('opens nothing when any of its fields is changed', async () => {
    const test = await newRepository({ isEncrypted: true })
    const { path, slot } = slotOf(test)
    const flip = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1)
    const changes: Partial<KeySlot>[] = [
      { salt: flip(slot.salt) },
      { nonce: flip(slot.nonce) },
      { wrapped: flip(slot.wrapped) },
      { wrapped: slot.wrapped.slice(0, -1) + (slot.wrapped.endsWith('0') ? '1' : '0') },
      { commitment: flip(slot.commitment) },
      { passes: 2 },
      { lanes: 2 },
      { memoryKiB: 8200 },
      { slotId: flip(slot.slotId) },
      { repositoryId: flip(slot.repositoryId) },
    ]
    for (const change of changes) {
      writeFileSync(path, encodeKeySlot({ ...slot, ...change }))
      expect(await codeOf(test.open())).toMatch(/PASSPHRASE_WRONG|OBJECT_DAMAGED/)
    }
  })

  it('of another repository, with the same passphrase and secret, opens nothing here', async () => {
    const test = await newRepository({ isEncrypted: true })
    const { path, slot } = slotOf(test)
    const repository = await test.open()
    const other = await createKeySlot({
      passphrase,
      masterSecret: repository.masterSecret,
      repositoryId: 'ab'.repeat(16),
      label: '',
      createdAtMs: 1,
      parameters: cheap,
    })
    const moved = { ...other, slotId: slot.slotId, repositoryId: slot.repositoryId }
    writeFileSync(path, encodeKeySlot(moved))
    expect(await codeOf(test.open())).toMatch(/PASSPHRASE_WRONG|OBJECT_DAMAGED/)
  })
})

describe('a passphrase', () => {
  it('that is wrong is refused alike, however near it is', async () => {
    const test = await newRepository({ isEncrypted: true })
    const wrong = [passphrase.slice(0, -1), `${passphrase} `, passphrase.toUpperCase(), 'x', '\0']
    const messages = new Set<string>()
    for (const text of wrong) {
      const work = engine.openRepository({
        location: test.location,
        cacheDirectory: test.cacheDirectory,
        passphrase: text,
      })
      await work.then(
        () => expect.unreachable(),
        (error: Error & { code?: string }) => {
          expect(error.code).toBe('PASSPHRASE_WRONG')
          expect(error.message).not.toContain(text.length > 1 ? text : passphrase)
          messages.add(error.message)
        },
      )
    }
    expect(messages.size).toBe(1)
  })
})

class Killed extends Error {}

/** The run ends at its Nth write to the storage, before or after it is done. */
function killAt(repository: Repository, step: number, isBefore: boolean): { steps: () => number } {
  let steps = 0
  const storage = repository.storage as unknown as Record<
    string,
    (...words: unknown[]) => Promise<unknown>
  >
  for (const name of ['put', 'delete', 'sync']) {
    const real = storage[name].bind(repository.storage)
    storage[name] = async (...words) => {
      steps += 1
      if (steps > step) throw new Killed()
      if (steps === step && isBefore) throw new Killed()
      const result = await real(...words)
      if (steps === step) throw new Killed()
      return result
    }
  }
  return { steps: () => steps }
}

describe('a change of keys that is cut off', () => {
  const next = 'another passphrase'

  async function opens(test: TestRepository, text: string): Promise<boolean> {
    const code = await codeOf(
      engine
        .openRepository({
          location: test.location,
          cacheDirectory: test.cacheDirectory,
          passphrase: text,
        })
        .then((repository) => repository.close()),
    )
    expect(['no error', 'PASSPHRASE_WRONG']).toContain(code)
    return code === 'no error'
  }

  it.each(['add', 'change', 'remove'] as const)(
    'always leaves a key that opens: %s',
    async (what) => {
      const original = await newRepository({ isEncrypted: true })
      for (let step = 1, isDone = false; !isDone; step++) {
        for (const isBefore of [true, false]) {
          const test = cloneRepository(original, scratchFolder(fastFolder))
          const repository = await test.open()
          if (what === 'remove') {
            // The other key is as cheap as the first.
            const slot = await createKeySlot({
              passphrase: next,
              masterSecret: repository.masterSecret,
              repositoryId: repository.repositoryId,
              label: 'other',
              createdAtMs: 1,
              parameters: cheap,
            })
            writeFileSync(join(test.location, 'keys', slot.slotId), encodeKeySlot(slot))
          }
          const { steps } = killAt(repository, step, isBefore)
          const label = 'label'
          const work =
            what === 'add'
              ? engine.addKey(repository, { passphrase: next, label })
              : what === 'change'
                ? engine.changeKey(repository, { passphrase: next, label })
                : engine.removeKey(repository, repository.slotId ?? '')
          const isCut = await work.then(
            () => false,
            (error: unknown) => {
              expect(error).toBeInstanceOf(Killed)
              return true
            },
          )
          const old = await opens(test, passphrase)
          const fresh = await opens(test, next)
          expect({ step, isBefore, opens: old || fresh }).toEqual({ step, isBefore, opens: true })
          if (!isCut) {
            expect({ old, fresh }).toEqual({ old: what === 'add', fresh: true })
            isDone = steps() < step
          }
        }
      }
    },
    120_000,
  )
})

describe('the seal of a frame', () => {
  const frameRootKey = randomBytes(32)
  const parts = { repositoryId: randomBytes(16), salt: randomBytes(32) }
  const header = (more: Partial<Parameters<typeof encodeObjectHeader>[0]> = {}): Buffer =>
    encodeObjectHeader({ type: 'pack', sealed: true, ...parts, ...more })
  const payload = Buffer.from('the plaintext')
  const descriptor = {
    codec: 0,
    role: 0,
    frameNumber: 3,
    plainBytes: payload.length,
    payloadBytes: payload.length,
  } as const
  const sealed = Buffer.alloc(payload.length + 16)
  createFrameSealer({ frameRootKey, header: header() }).seal(descriptor, payload, sealed, 0)

  it.each([4, 8, 12, 15, 17])('with a tag of %i bytes is refused', (bytes) => {
    const opener = createFrameSealer({ frameRootKey, header: header() })
    const cut = Buffer.concat([sealed, Buffer.alloc(1)]).subarray(0, payload.length + bytes)
    expect(() => opener.open(descriptor, cut)).toThrow(/bytes, not|tag does not match/)
  })

  it('binds every field of its header and its place', () => {
    const places: readonly (readonly [Buffer, object])[] = [
      [header({ type: 'index' }), {}],
      [header({ repositoryId: randomBytes(16) }), {}],
      [header({ salt: randomBytes(32) }), {}],
      [header(), { frameNumber: 4 }],
      [header(), { role: 1 }],
      [header(), { codec: 1, plainBytes: payload.length + 1 }],
    ]
    for (const [head, more] of places) {
      const opener = createFrameSealer({ frameRootKey, header: head })
      expect(() => opener.open({ ...descriptor, ...more }, sealed)).toThrow(/tag does not match/)
    }
  })

  it('hands out no byte of a plaintext whose tag is wrong', () => {
    const opener = createFrameSealer({ frameRootKey, header: header() })
    const target = Buffer.alloc(payload.length, 0xaa)
    const wrong = Buffer.from(sealed)
    wrong[wrong.length - 1] ^= 1
    expect(() => opener.open(descriptor, wrong, target)).toThrow(/tag does not match/)
    expect(target).toEqual(Buffer.alloc(payload.length))
  })

  it('gives other bytes for the same plaintext each time', async () => {
    const test = await newRepository({ isEncrypted: true })
    const repository = await test.open()
    const seal = (): string =>
      repository.seal('journal', Buffer.from('{"equal":1}')).bytes.toString('hex')
    expect(new Set(Array.from({ length: 200 }, seal)).size).toBe(200)
  })
})
