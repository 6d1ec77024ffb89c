import { connect, newBucket } from '../s3/engines/buckets.ts'
import { startCeph } from '../s3/engines/ceph.ts'
import type { Soak } from './frame/soak.ts'
import { startFaultProxy, type Manner } from './store-faults/fault-proxy.ts'
import { StoreWorld } from './store-faults/store-world.ts'

const lies = ['flipped bit', 'wrong range', 'other object', 'shorter truth'] as const
const errors = ['error 500', 'error 503', 'reset before', 'reset after', 'cut body'] as const

/** @param rate of requests that meet one of the faults, which share it */
function mannersOf(rate: number): readonly Manner[] {
  const shared = <Name extends string>(names: readonly Name[]): Partial<Record<Name, number>> =>
    Object.fromEntries(names.map((name) => [name, rate / names.length])) as Partial<
      Record<Name, number>
    >
  return [
    { name: 'latency', rates: {}, latencyMs: 100 },
    ...errors.map((name) => ({ name, rates: shared([name]) })),
    ...lies.map((name) => ({ name, rates: shared([name]) })),
    { name: 'stale listings', rates: { 'stale listing': 0.5 } },
    { name: 'store killed', rates: {} },
    {
      name: 'all at once',
      rates: { ...shared(errors), ...shared(lies), 'stale listing': 0.1 },
      latencyMs: 20,
    },
  ]
}

/** Two hosts, the built program, a real Ceph, and between them a proxy that does what stores and networks do at their worst. */
export const soak: Soak = {
  proves:
    'whatever a store answers (errors, broken connections, cut and wrong bytes, old listings, death in the midst of uploads), every acknowledged\n' +
    'snapshot restores byte for byte, no restore ends well with wrong bytes, no failure of the store is called damage, and one wrong answer fails nothing',
  takes: 'about 20 min (root, Debian)',
  unit: 'rounds',
  countDefault: 39,
  options: {
    rate: { description: 'of a hundred requests, how many meet a fault', default: '1' },
    only: { description: 'part of the names of the manners to take', default: '' },
  },
  async run(context) {
    const { count, random, isOver, progress } = context
    const ceph = await startCeph({ store: 'bluestore' })
    const proxy = await startFaultProxy(ceph.access, random)
    try {
      const manners = mannersOf(Number(context.option('rate')) / 100).filter(({ name }) =>
        name.includes(context.option('only')),
      )
      if (manners.length === 0) throw new RangeError('There is no such manner')
      const client = connect(ceph.access)
      const bucket = await newBucket(client)
      client.destroy()
      const world = new StoreWorld({ context, ceph, proxy, bucket })
      await world.prepare()
      let done = 0
      for (; done < count && !isOver(); done++) {
        const manner = manners[done % manners.length]
        await world.round(manner)
        progress(done + 1, manner.name)
      }
      await world.finish()
      return { done, figures: world.figures() }
    } finally {
      proxy.close()
      await ceph.remove()
    }
  },
}
