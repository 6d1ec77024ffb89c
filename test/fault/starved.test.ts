import { expect, it } from 'vitest'
import { StarvedWorld, type Shortage } from '../support/starved/starved-run.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** `npm run soak -- starved` draws hundreds of others. */
const shortages: readonly Shortage[] = [
  { name: '64 descriptors', ulimit: '-n 64', mustSucceed: true },
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
