import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { randomBytesOf as randomBytes } from '../support/random-bytes.ts'
import { smallChunks } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

async function restored(repository: Repository, path: string): Promise<Buffer> {
  const snapshot = engine.resolveSnapshot(repository, 'latest')
  const target = join(scratchFolder(fastFolder), 'out')
  const result = await engine.restore(repository, { snapshot, target: Buffer.from(target) })
  expect(result.errors).toBe(0)
  return readFileSync(join(target, path))
}

describe('a repository in memory', () => {
  it('is the same for all who open it, and does everything that one in a folder does', async () => {
    const location = 'memory:whole engine'
    const source = scratchFolder(fastFolder)
    mkdirSync(join(source, 'data'))
    const path = join(source, 'data', 'file')
    const contents = [randomBytes(300_000, 1), randomBytes(300_000, 2)]
    writeFileSync(path, contents[0])

    await engine.initRepository({ location, chunkAverageBytes: smallChunks })
    await expect(engine.initRepository({ location })).rejects.toMatchObject({
      code: 'REPOSITORY_EXISTS',
    })
    const first = await engine.openRepository({ location })
    const { snapshot } = await engine.snapshot(first, { paths: [source] })
    if (!snapshot) throw new Error('nothing was saved')
    expect((await restored(first, path)).equals(contents[0])).toBe(true)

    const second = await engine.openRepository({ location })
    rmSync(path)
    writeFileSync(path, contents[1])
    const { parent } = await engine.snapshot(second, { paths: [source] })
    expect(parent?.id).toBe(snapshot.id)
    await second.close()

    await engine.forgetSnapshots(first, [snapshot])
    const repaired = await engine.repairCatalogue(first)
    expect(repaired.unusable).toEqual([])
    expect(repaired.snapshots).toBe(1)
    expect((await restored(first, path)).equals(contents[1])).toBe(true)
    const proof = await engine.verify(first, {})
    expect(proof.damaged).toEqual([])
    await first.close()
  })
})
