import { describe, expect, it } from 'vitest'

import { readAhead } from '../../../src/repository/read-ahead.ts'

const far = { capabilities: { isRemote: true } }
const near = { capabilities: { isRemote: false } }
const names = Array.from({ length: 40 }, (_, index) => `object ${index}`)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('readAhead()', () => {
  it.each([
    ['far away', far, 16],
    ['near', near, 1],
  ] as const)(
    'reads a storage that is %s so many at once, and takes in order',
    async (_, storage, most) => {
      let running = 0
      let mostRunning = 0
      const taken: string[] = []
      await readAhead(
        storage,
        names,
        async (name) => {
          running += 1
          mostRunning = Math.max(mostRunning, running)
          // The later ones end earlier.
          for (let turns = names.length - names.indexOf(name); turns > 0; turns--) await turn()
          running -= 1
          return name.toUpperCase()
        },
        async (name, result) => {
          expect(await result).toBe(name.toUpperCase())
          taken.push(name)
        },
      )
      expect(taken).toEqual(names)
      expect(mostRunning).toBe(most)
    },
  )

  it('does not hold more results than it reads at once', async () => {
    let begun = 0
    let taken = 0
    await readAhead(
      far,
      names,
      async () => {
        begun += 1
      },
      async () => {
        expect(begun - taken).toBeLessThanOrEqual(16)
        taken += 1
        await turn()
      },
    )
    expect(begun).toBe(40)
  })

  it('leaves a read that failed to the one who takes it, and goes on', async () => {
    const failed: string[] = []
    await readAhead(
      far,
      names,
      async (name) => {
        if (name.endsWith('7')) throw new Error(name)
      },
      async (_name, result) => {
        await turn()
        await result.catch((error: Error) => failed.push(error.message))
      },
    )
    expect(failed).toEqual(['object 7', 'object 17', 'object 27', 'object 37'])
  })

  it('ends when a result is not taken, after the reads that had begun', async () => {
    let running = 0
    let begun = 0
    const reading = readAhead(
      far,
      names,
      async () => {
        begun += 1
        running += 1
        for (let turns = 0; turns < 5; turns++) await turn()
        running -= 1
      },
      async (_name, result) => {
        await result
        throw new Error('the disk is full')
      },
    )
    await expect(reading).rejects.toThrow('the disk is full')
    expect(running).toBe(0)
    expect(begun).toBe(16)
  })
})
