import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type * as UnlockModule from '../../../src/repository/unlock-repository.ts'
import { engine, engineModule } from '../../support/built-engine.ts'
import { newRepository, passphrase } from '../../support/repositories.ts'
import { scratchFolder } from '../../support/scratch.ts'

const { unlockRepository } = await engineModule<typeof UnlockModule>('repository/unlock-repository')

/** Code and message of the typed error that the work ends with. */
async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no fault'
  } catch (error) {
    if (!(error instanceof engine.HoldfastError)) throw error
    return `${error.code}: ${error.message}`
  }
}

/** What unlocking alone and opening both say. */
async function bothFaults(options: UnlockModule.UnlockOptions): Promise<string> {
  const unlocking = await faultOf(unlockRepository(options))
  const cacheDirectory = `${options.location}-cache`
  const { onDeriving: _, ...others } = options
  const opening = await faultOf(
    engine.openRepository({ ...others, cacheDirectory }).then((opened) => opened.close()),
  )
  expect(unlocking).toBe(opening)
  return unlocking
}

describe('unlockRepository()', () => {
  it('finds the secret that opens the rest, and asks for the passphrase once', async () => {
    const { location, open, cacheDirectory } = await newRepository({ isEncrypted: true })
    const { masterSecret } = await open()
    let asked = 0
    const unlocked = await unlockRepository({
      location,
      passphrase: async () => {
        asked += 1
        return passphrase
      },
    })
    expect(asked).toBe(1)
    expect(unlocked.masterSecret.equals(masterSecret)).toBe(true)
    expect(readdirSync(join(location, 'keys'))).toEqual([unlocked.slotId])
    const opened = await engine.openRepository({
      location,
      cacheDirectory,
      passphrase: () => {
        throw new Error('asked again')
      },
      unlocked,
    })
    await opened.close()
  })

  it('neither asks for a passphrase nor derives anything without encryption', async () => {
    const { location, open } = await newRepository()
    const { masterSecret } = await open()
    let derived = 0
    const unlocked = await unlockRepository({
      location,
      passphrase: () => {
        throw new Error('asked')
      },
      onDeriving: () => (derived += 1),
    })
    expect(unlocked.masterSecret.equals(masterSecret)).toBe(true)
    expect([unlocked.slotId, derived]).toEqual([null, 0])
  })

  it('says when other threads are at work, for each key that is tried, and not before', async () => {
    const { location, open } = await newRepository({ isEncrypted: true })
    const handle = await open()
    await engine.addKey(handle, { passphrase: 'second', label: 'dear' })
    const said: string[] = []
    await unlockRepository({
      location,
      passphrase: () => {
        said.push('asked')
        return 'second'
      },
      onDeriving: () => said.push('deriving'),
    })
    expect(said).toEqual(['asked', 'deriving', 'deriving'])
  })

  it('says of a missing repository and of a wrong, an empty and no passphrase what opening says', async () => {
    const { location } = await newRepository({ isEncrypted: true })
    const wrong = await bothFaults({ location, passphrase: 'wrong' })
    expect(wrong).toMatch(/^PASSPHRASE_WRONG: /)
    expect(await bothFaults({ location, passphrase: async () => 'wrong' })).toBe(wrong)
    expect(await bothFaults({ location })).toMatch(/^PASSPHRASE_MISSING: /)
    expect(await bothFaults({ location, passphrase: '' })).toMatch(/^PASSPHRASE_MISSING: /)
    expect(await bothFaults({ location, passphrase: '\n' })).toMatch(/^KEY_REFUSED: /)
    const nowhere = join(scratchFolder(), 'nowhere')
    const missing = await bothFaults({ location: nowhere, passphrase })
    expect(missing).toBe(`REPOSITORY_NOT_FOUND: Cannot open repository "${nowhere}": there is none`)
    expect(await bothFaults({ location: nowhere })).toBe(missing)
  })

  it('says of a damaged configuration and of damaged and missing keys what opening says', async () => {
    const { location } = await newRepository({ isEncrypted: true })
    const [slot] = readdirSync(join(location, 'keys'))
    for (const name of ['config', `keys/${slot}`]) {
      const path = join(location, name)
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.subarray(0, 60))
      expect(await bothFaults({ location, passphrase }), name).toMatch(/^OBJECT_DAMAGED: /)
      writeFileSync(path, bytes)
    }
    rmSync(join(location, 'keys', slot))
    expect(await bothFaults({ location, passphrase })).toMatch(/its keys are gone$/)
  })
})
