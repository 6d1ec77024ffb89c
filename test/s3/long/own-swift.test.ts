import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Engine } from '../engines/engine.ts'
import { startSwift } from '../engines/swift.ts'
import { startProxy, type Act } from '../support/store-proxy.ts'
import { ownProgram } from './own-program.ts'

/* Our own program on a store whose conditional puts are refused, so that nothing keeps two from putting one name. */

let swift: Engine

beforeAll(async () => {
  swift = await startSwift()
})

afterAll(() => swift?.remove())

describe('Holdfast on Swift', () => {
  it('says what its conditional puts are worth, backs up from two machines beside a prune, and restores', async () => {
    const { space, on, done, change, backUp, restoresTo } = ownProgram(swift)
    const { json } = space.done(['init', '--json'], on('one'))
    expect(json()).toMatchObject({ put_guard: 'refused' })
    const machines = ['one', 'two']
    for (let round = 0; round < 3; round++) {
      for (const machine of machines) change(machine, round)
      const prune = ['prune', '--grace', '0', '--max-unused', '0', '--retry-lock', '60s']
      const [first, second] = await Promise.all([...machines.map(backUp), done('keeper', prune)])
      await done('keeper', ['delete', round % 2 === 0 ? first : second, '--yes'])
    }
    await done('keeper', ['prune', '--grace', '0', '--max-unused', '0'])
    for (const machine of machines) restoresTo(machine, await backUp(machine))
    await done('fresh', ['verify', '--all'])
    await done('keeper', ['check', '--read-data'])
  })

  it('lets one of several who make a repository at once win, with its key', async () => {
    // Without a lock all would have looked for a config before the first has stored one.
    const act = ({ method, url = '' }: IncomingMessage): Act =>
      method === 'PUT' && url.includes('/config?') ? { lateMs: 1_500 } : 'pass'
    const { endpoint } = await startProxy(swift.access.endpoint, { act })
    for (let round = 0; round < 2; round++) {
      const { space, on } = ownProgram(swift, endpoint)
      const passphrase = (machine: string): Record<string, string> => ({
        ...on(machine).environment,
        HOLDFAST_PASSPHRASE: `of ${machine}`,
      })
      const machines = ['one', 'two', 'three']
      const ends = await Promise.all(
        machines.map(
          (machine) =>
            space.start(['init', '--json'], { environment: passphrase(machine) }).finished,
        ),
      )
      const won = machines.filter((_, index) => ends[index].status === 0)
      expect(won, ends.map(({ stderr }) => stderr).join('')).toHaveLength(1)
      for (const { status, stderr } of ends) {
        if (status !== 0) expect(stderr).toMatch(/REPOSITORY_EXISTS|REPOSITORY_LOCKED/)
      }
      // Whoever was told so can use it, and is the only one.
      for (const machine of machines) {
        const list = space.start(['list', '--json'], { environment: passphrase(machine) })
        expect((await list.finished).status).toBe(won.includes(machine) ? 0 : 12)
      }
    }
  })
})
