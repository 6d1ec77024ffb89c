import { expect, it } from 'vitest'
import { StarvedWorld, type Shortage } from '../support/starved/starved-run.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** `npm run soak -- starved` draws hundreds of others. */
const shortages: readonly Shortage[] = [
  // The built program does with 64; the engine of the tests loads each module from a file of its own, all of them at once.
  { name: '80 descriptors', ulimit: '-n 80', mustSucceed: true },
  { name: 'a heap of 4 MiB', heapMiB: 4 },
]

it('a command with too little of something succeeds, or ends with everything whole', async () => {
  const world = new StarvedWorld(scratchFolder(fastFolder))
  await world.prepare()
  for (const shortage of shortages) {
    const { problems } = await world.run('snapshot', shortage)
    expect(problems, shortage.name).toEqual([])
  }
}, 180_000)
