import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { newRepository, save } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

async function saved(repository: Repository, folder: string, content: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'file'), content)
  return (await save(repository, folder)).snapshot.id
}

async function world() {
  const folder = scratchFolder(fastFolder)
  const test = await newRepository({ folder, isEncrypted: true })
  const source = join(folder, 'source')
  const repository = await test.open()
  const first = await saved(repository, source, 'one')
  await repository.close()
  return { folder, test, source, first }
}

const idsOf = ({ vanished }: Repository): string[] => vanished.map(({ id }) => id)

describe('a snapshot that was seen and is gone without a word', () => {
  it('is told of, again and again, until it is back', async () => {
    const { test, first } = await world()
    const path = join(test.location, 'snapshots', first)
    const bytes = readFileSync(path)
    rmSync(path)
    for (let turn = 0; turn < 2; turn++) {
      const repository = await test.open()
      expect(idsOf(repository)).toEqual([first])
      await repository.close()
    }
    writeFileSync(path, bytes)
    const repository = await test.open()
    expect(idsOf(repository)).toEqual([])
    expect(engine.listSnapshots(repository).map(({ id }) => id)).toEqual([first])
  })

  it('is told of when the storage shows the state of a day before', async () => {
    const { folder, test, source } = await world()
    cpSync(test.location, join(folder, 'earlier'), { recursive: true })
    const repository = await test.open()
    const second = await saved(repository, source, 'two')
    await engine.verify(repository, {})
    await repository.close()
    rmSync(test.location, { recursive: true })
    cpSync(join(folder, 'earlier'), test.location, { recursive: true })
    const older = await test.open()
    expect(idsOf(older)).toEqual([second])
    await engine.repairCatalogue(older)
    expect(idsOf(older)).toEqual([])
  })

  it('is nothing to tell of when it was forgotten, brought back, or its grace is over', async () => {
    const { folder, test, source, first } = await world()
    const elsewhere = join(folder, 'elsewhere')
    // Another machine, which sees everything later.
    await (await test.open({ cacheDirectory: elsewhere })).close()
    const repository = await test.open()
    const second = await saved(repository, source, 'two')
    const [summary] = engine.listSnapshots(repository)
    await engine.forgetSnapshots(repository, [summary])
    const look = async (): Promise<string[]> => {
      const other = await test.open({ cacheDirectory: elsewhere })
      const found = idsOf(other)
      await other.close()
      return found
    }
    expect(await look()).toEqual([])
    await engine.prune(repository, { graceMs: 0 })
    expect(await look()).toEqual([])
    expect(engine.listSnapshots(repository).map(({ id }) => id)).toEqual([second])
    expect(summary.id).toBe(first)
  })

  it('is nothing to tell of when the run that forgot it was killed before it recorded it', async () => {
    const { folder, test, first } = await world()
    const elsewhere = join(folder, 'elsewhere')
    await (await test.open({ cacheDirectory: elsewhere })).close()
    mkdirSync(join(test.location, 'forgotten'), { recursive: true })
    cpSync(join(test.location, 'snapshots', first), join(test.location, 'forgotten', first))
    rmSync(join(test.location, 'snapshots', first))
    const repository = await test.open()
    expect(idsOf(repository)).toEqual([])
    await engine.prune(repository, { graceMs: 0 })
    const other = await test.open({ cacheDirectory: elsewhere })
    expect(idsOf(other)).toEqual([])
  })
})
