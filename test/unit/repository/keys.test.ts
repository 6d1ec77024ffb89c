import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../../src/index.ts'
import { engine } from '../../support/built-engine.ts'
import { codeOf, namesIn, newRepository, passphrase } from '../../support/repositories.ts'

interface Scene {
  readonly location: string
  readonly handle: Repository
  opensWith(text: string): Promise<string>
}

async function scene(): Promise<Scene> {
  const repository = await newRepository({ isEncrypted: true })
  const { location, cacheDirectory } = repository
  return {
    location,
    handle: await repository.open(),
    opensWith: (text) =>
      codeOf(
        engine
          .openRepository({ location, cacheDirectory, passphrase: text })
          .then((opened) => opened.close()),
      ),
  }
}

describe('keys', () => {
  it('may be several: each opens the repository, and a removed one no more', async () => {
    const { handle, opensWith } = await scene()
    const added = await engine.addKey(handle, { passphrase: 'second', label: 'for the office' })
    const keys = await engine.listKeys(handle)
    expect(keys).toHaveLength(2)
    expect(keys.filter(({ isCurrent }) => isCurrent)).toHaveLength(1)
    expect(keys.find(({ slotId }) => slotId === added.slotId)?.label).toBe('for the office')
    expect(await opensWith('second')).toBe('no error')
    expect(await opensWith(passphrase)).toBe('no error')
    await engine.removeKey(handle, added.slotId.slice(0, 12))
    expect(await opensWith('second')).toBe('PASSPHRASE_WRONG')
    expect(await opensWith(passphrase)).toBe('no error')
  })

  it('change: the old passphrase opens nothing any more', async () => {
    const { handle, opensWith, location } = await scene()
    await engine.changeKey(handle, { passphrase: 'new', label: undefined })
    expect(namesIn(location, 'keys')).toHaveLength(1)
    expect(await opensWith(passphrase)).toBe('PASSPHRASE_WRONG')
    expect(await opensWith('new')).toBe('no error')
  })

  it('are refused without a passphrase, and nothing is changed', async () => {
    const { handle, location, opensWith } = await scene()
    const before = namesIn(location, 'keys')
    expect(await codeOf(engine.addKey(handle, { passphrase: '', label: 'x' }))).toBe('KEY_REFUSED')
    const change = engine.changeKey(handle, { passphrase: '', label: undefined })
    expect(await codeOf(change)).toBe('KEY_REFUSED')
    expect(namesIn(location, 'keys')).toEqual(before)
    expect(await opensWith(passphrase)).toBe('no error')
  })

  it('cannot be removed when it is the last one, not known or not clear', async () => {
    const { handle, location } = await scene()
    const [only] = await engine.listKeys(handle)
    expect(await codeOf(engine.removeKey(handle, only.slotId))).toBe('KEY_REFUSED')
    await engine.addKey(handle, { passphrase: 'second', label: 'x' })
    expect(await codeOf(engine.removeKey(handle, ''))).toBe('KEY_REFUSED')
    expect(await codeOf(engine.removeKey(handle, 'zzz'))).toBe('KEY_REFUSED')
    expect(namesIn(location, 'keys')).toHaveLength(2)
  })

  it('are never all gone, also when two are removed at the same moment', async () => {
    const { handle, location } = await scene()
    await engine.addKey(handle, { passphrase: 'second', label: 'x' })
    const keys = await engine.listKeys(handle)
    const results = await Promise.all(
      keys.map(({ slotId }) => codeOf(engine.removeKey(handle, slotId))),
    )
    expect(results).toContain('KEY_REFUSED')
    expect(namesIn(location, 'keys').length).toBeGreaterThan(0)
    expect(await engine.listKeys(handle)).not.toEqual([])
  })

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 50), 'OBJECT_DAMAGED'],
    // One flipped bit makes version 1 look like one of the future.
    [
      'of another version',
      (bytes: Buffer) => Buffer.from(bytes.toString().replace(/^(holdfast key slot )1/, '$13')),
      'FORMAT_UNSUPPORTED',
    ],
  ])('that are %s keep nobody from the others, and are named', async (_what, damage, code) => {
    const { handle, location, opensWith } = await scene()
    await engine.addKey(handle, { passphrase: 'second', label: 'x' })
    const [first, second] = await engine.listKeys(handle)
    for (const { slotId } of [first, second]) {
      const path = join(location, 'keys', slotId)
      const bytes = readFileSync(path)
      writeFileSync(path, damage(bytes))
      const codes = [await opensWith(passphrase), await opensWith('second')]
      expect([...codes].sort()).toEqual([code, 'no error'])
      expect(await engine.listKeys(handle)).toHaveLength(1)
      const { damaged } = await engine.verify(handle, {})
      expect(damaged.map(({ objectId }) => objectId)).toEqual([`keys/${slotId}`])
      // The last one that works.
      const other = slotId === first.slotId ? second : first
      expect(await codeOf(engine.removeKey(handle, other.slotId))).toBe('KEY_REFUSED')
      writeFileSync(path, bytes)
    }
  })

  it('that are all gone give an explanation', async () => {
    const { location, opensWith } = await scene()
    for (const name of readdirSync(join(location, 'keys'))) rmSync(join(location, 'keys', name))
    expect(await opensWith(passphrase)).toBe('OBJECT_DAMAGED')
  })

  it('are refused in a repository without encryption', async () => {
    const handle = await (await newRepository()).open()
    expect(await codeOf(engine.listKeys(handle))).toBe('KEY_REFUSED')
    expect(await codeOf(engine.addKey(handle, { passphrase: 'x', label: 'x' }))).toBe('KEY_REFUSED')
  })
})
