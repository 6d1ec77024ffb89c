import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../../support/built-engine.ts'
import { file, makeTree } from '../../support/make-tree.ts'
import { codeOf, namesIn, newRepository, objectContents, save } from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

function newPlace(): string {
  return join(scratchFolder(fastFolder), 'repository')
}

describe('initRepository()', () => {
  it('makes a repository that only its owner may look into', async () => {
    const location = newPlace()
    const result = await engine.initRepository({ location })
    expect(result).toMatchObject({ encryption: 'none', chunkAverageBytes: 131_072 })
    expect(result.repositoryId).toMatch(/^[0-9a-f]{32}$/)
    expect(statSync(location).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(location)) {
      expect(statSync(join(location, name)).mode & 0o077, name).toBe(0)
    }
    const handle = await engine.openRepository({ location })
    expect(handle.repositoryId).toBe(result.repositoryId)
    expect(engine.readConfig(handle)).not.toHaveProperty('secret')
    await handle.close()
  })

  it('gives two repositories with the same passphrase different keys', async () => {
    const [one, two] = [newPlace(), newPlace()]
    for (const location of [one, two]) await engine.initRepository({ location, passphrase: 'same' })
    const open = (location: string): ReturnType<typeof engine.openRepository> =>
      engine.openRepository({ location, passphrase: 'same', cacheDirectory: scratchFolder() })
    const [first, second] = [await open(one), await open(two)]
    expect(Buffer.from(first.masterSecret).equals(second.masterSecret)).toBe(false)
    await first.close()
    await second.close()
  })

  it.each(['', '  ', '\n'])('refuses the passphrase %j', async (passphrase) => {
    const location = newPlace()
    expect(await codeOf(engine.initRepository({ location, passphrase }))).toBe('KEY_REFUSED')
    expect(existsSync(location)).toBe(false)
  })

  it.each([0, 1, 8192, 16_383, 20_000, 4_194_304, Number.NaN, 131_072.5])(
    'refuses chunks of %d bytes',
    async (chunkAverageBytes) => {
      const location = newPlace()
      expect(await codeOf(engine.initRepository({ location, chunkAverageBytes }))).toBe('USAGE')
      expect(existsSync(location)).toBe(false)
    },
  )

  it('refuses a folder that holds a repository, or anything else', async () => {
    const repository = await newRepository({ isEncrypted: true })
    const before = objectContents(repository.location)
    for (const passphrase of [undefined, 'other']) {
      const { location } = repository
      expect(await codeOf(engine.initRepository({ location, passphrase }))).toBe(
        'REPOSITORY_EXISTS',
      )
    }
    expect(objectContents(repository.location)).toEqual(before)
    const foreign = newPlace()
    mkdirSync(foreign)
    writeFileSync(join(foreign, 'letter.txt'), 'x')
    expect(await codeOf(engine.initRepository({ location: foreign }))).toBe('REPOSITORY_EXISTS')
    expect(readdirSync(foreign)).toEqual(['letter.txt'])
  })

  it('refuses the place of a file, or below one', async () => {
    const place = newPlace()
    writeFileSync(place, 'a file')
    expect(await codeOf(engine.initRepository({ location: place }))).toBe('STORAGE_FAILED')
    const below = join(place, 'below')
    expect(await codeOf(engine.initRepository({ location: below }))).toBe('STORAGE_FAILED')
  })

  it('takes a fresh checkout with its README, and what a run left behind that was cut off', async () => {
    const location = newPlace()
    mkdirSync(join(location, 'keys'), { recursive: true })
    mkdirSync(join(location, 'packs'))
    writeFileSync(join(location, 'README.md'), 'The default repository')
    writeFileSync(join(location, 'keys', 'a'.repeat(32)), 'the key of a repository that never was')
    await engine.initRepository({ location, passphrase: 'x' })
    expect(namesIn(location, 'keys')).toHaveLength(1)
    expect(namesIn(location, 'keys')).not.toEqual(['a'.repeat(32)])
    const handle = await engine.openRepository({
      location,
      passphrase: 'x',
      cacheDirectory: scratchFolder(),
    })
    expect((await engine.verify(handle, {})).damaged).toEqual([])
    await handle.close()
  })

  it('refuses to put a new repository in the place of one that has lost its config', async () => {
    const repository = await newRepository()
    const source = scratchFolder(fastFolder)
    makeTree(source, { a: file('a') })
    const handle = await repository.open()
    await save(handle, source)
    await handle.close()
    const { location } = repository
    rmSync(join(location, 'config'))
    expect(await codeOf(engine.initRepository({ location }))).toBe('REPOSITORY_EXISTS')
    expect(await codeOf(repository.open())).toBe('REPOSITORY_NOT_FOUND')
    expect(namesIn(location, 'packs')).toHaveLength(1)
  })

  it('lets one of several win that begin at once, whose key opens it', async () => {
    const location = newPlace()
    const passphrases = ['one', 'two', 'three']
    const results = await Promise.all(
      passphrases.map((passphrase) => codeOf(engine.initRepository({ location, passphrase }))),
    )
    expect([...results].sort()).toEqual(['REPOSITORY_EXISTS', 'REPOSITORY_EXISTS', 'no error'])
    const passphrase = passphrases[results.indexOf('no error')]
    const cacheDirectory = scratchFolder()
    const handle = await engine.openRepository({ location, passphrase, cacheDirectory })
    expect(await engine.listKeys(handle)).toHaveLength(1)
    expect((await engine.verify(handle, {})).damaged).toEqual([])
    await handle.close()
  })
})

describe('openRepository()', () => {
  it('tells where there is none, and which step comes next', async () => {
    const location = newPlace()
    await expect(engine.openRepository({ location })).rejects.toMatchObject({
      code: 'REPOSITORY_NOT_FOUND',
      remedy: expect.stringContaining('holdfast init') as string,
    })
  })

  it('tells a storage that fails from one in which there is none', async () => {
    const location = join(scratchFolder(fastFolder), 'a'.repeat(300))
    expect(await codeOf(engine.openRepository({ location }))).toBe('STORAGE_FAILED')
  })

  it('asks for a passphrase only when the repository has one', async () => {
    const plain = await newRepository()
    let asked = 0
    const passphrase = (): string => {
      asked += 1
      return 'correct horse battery staple'
    }
    await (await engine.openRepository({ location: plain.location, passphrase })).close()
    expect(asked).toBe(0)
    const { location, cacheDirectory } = await newRepository({ isEncrypted: true })
    await (await engine.openRepository({ location, cacheDirectory, passphrase })).close()
    expect(asked).toBe(1)
  })

  it.each([
    [undefined, 'PASSPHRASE_MISSING'],
    ['', 'PASSPHRASE_MISSING'],
    ['wrong', 'PASSPHRASE_WRONG'],
  ])('refuses the passphrase %j', async (passphrase, code) => {
    const { location, cacheDirectory } = await newRepository({ isEncrypted: true })
    const work = engine.openRepository({
      location,
      cacheDirectory,
      ...(passphrase !== undefined && { passphrase }),
    })
    expect(await codeOf(work)).toBe(code)
  })

  it('keeps the catalogue of an encrypted repository out of it', async () => {
    const repository = await newRepository({ isEncrypted: true })
    const handle = await repository.open()
    expect(handle.catalogue.path.startsWith(repository.cacheDirectory)).toBe(true)
    expect(readdirSync(repository.location)).not.toContain('catalogue.db')
    expect(statSync(handle.catalogue.path).mode & 0o077).toBe(0)
  })
})
