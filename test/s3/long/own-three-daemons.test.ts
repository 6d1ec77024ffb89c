import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { startCeph } from '../engines/ceph.ts'
import { ownProgram } from './own-program.ts'

const rounds = 3

it('our own program goes on while one of three storage daemons is killed under load, and loses nothing', async () => {
  const ceph = await startCeph({ osds: 3, store: 'bluestore' })
  try {
    const { space, on, done, change, backUp, restoresTo } = ownProgram(ceph)
    const { json } = space.done(['init', '--json'], on('one'))
    expect(json()).toMatchObject({ put_guard: 'atomic' })
    const machines = ['one', 'two']
    const last = new Map<string, string>()
    for (let round = 0; round < rounds; round++) {
      for (const machine of machines) change(machine, round)
      const killed = (async () => {
        await sleep(200 + 500 * round)
        await ceph.kill('osd1')
      })()
      const [first, second] = await Promise.all([
        ...machines.map(backUp),
        done('keeper', ['prune', '--grace', '0', '--max-unused', '0', '--retry-lock', '60s']),
      ])
      await killed
      expect((await ceph.status())['osd1']).toBe(false)
      // With two of three.
      await done('one', ['verify', 'latest'])
      for (const machine of machines) restoresTo(machine, machine === 'one' ? first : second)
      const gone = last.get('one')
      if (gone !== undefined) await done('keeper', ['delete', gone, '--yes'])
      last.set('one', first)
      // It catches up meanwhile. Always the same one goes: with one of three whole, Ceph takes no writes.
      await ceph.restart()
    }
    await done('keeper', ['prune', '--grace', '0', '--max-unused', '0'])
    for (const machine of machines) restoresTo(machine, await backUp(machine))
    await done('fresh', ['verify', '--all'])
    await done('keeper', ['check', '--read-data'])
  } finally {
    await ceph.remove()
  }
})
