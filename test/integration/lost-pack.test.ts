import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { randomBytesOf as randomBytes } from '../support/random-bytes.ts'
import { newRepository } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** The largest pack holds the file's data. */
function loseLargestPack(location: string): void {
  const folder = join(location, 'packs')
  const [largest] = readdirSync(folder).sort(
    (left, right) => statSync(join(folder, right)).size - statSync(join(folder, left)).size,
  )
  rmSync(join(folder, largest))
}

describe('a pack that is missing', () => {
  it('is not taken for stored: the next backup stores its data again and both snapshots are whole', async () => {
    const source = scratchFolder(fastFolder)
    mkdirSync(join(source, 'data'))
    const content = randomBytes(3 * 1024 * 1024, 7)
    writeFileSync(join(source, 'data', 'index'), content)
    writeFileSync(join(source, 'data', 'notes'), 'unchanged')
    const place = await newRepository()
    const repository = await place.open()
    // Of folders above it, which other tests change, nothing is saved: only what is in the source still can be stored again.
    const paths = { paths: [source], base: source }
    const first = await engine.snapshot(repository, paths)
    loseLargestPack(place.location)

    const messages: string[] = []
    const second = await engine.snapshot(repository, {
      ...paths,
      onEvent: (event) => {
        if (event.type === 'damage') messages.push(event.message)
      },
    })
    expect(messages.join('\n')).toContain('is missing')
    expect(second.statistics.dataBytesAdded).toBeGreaterThanOrEqual(content.length)

    for (const { snapshot } of [first, second]) {
      if (!snapshot) throw new Error('nothing was saved')
      const target = join(scratchFolder(fastFolder), 'out')
      const result = await engine.restore(repository, { snapshot, target: Buffer.from(target) })
      expect(result.errors).toBe(0)
      expect(readFileSync(join(target, 'data', 'index')).equals(content)).toBe(true)
      const proof = await engine.verify(repository, { snapshots: [snapshot] })
      expect(proof.damaged.filter(({ path }) => path !== undefined)).toEqual([])
    }
  })
})
