import { startCeph } from '../s3/engines/ceph.ts'
import { Fleet } from '../s3/hosts/fleet.ts'
import type { Soak } from './frame/soak.ts'

const mebibyte = 1024 * 1024

export const soak: Soak = {
  proves:
    'Hosts with caches of their own back up at once into one repository in a bucket (a real Ceph), two of them thin out and prune\n' +
    'meanwhile, one is killed with all that it does in every round. Every acknowledged snapshot that no policy removed is restored\n' +
    'on a new host, byte for byte, and no blob is stored again that a run could have known.',
  takes: 'about 15 min (root, Debian)',
  unit: 'rounds',
  countDefault: 50,
  options: {
    hosts: { description: 'how many back up at once', default: '8' },
    samples: { description: 'snapshots that are restored after each round', default: '2' },
    'keep-last': { description: 'snapshots of each host that the policy keeps', default: '4' },
    lease: { description: 'seconds that a machine is waited for which is gone', default: '20' },
  },
  async run(context) {
    const { count, seed, random, folder, isOver, progress, violation } = context
    // The client would say of this process that its Node is old.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
    const ceph = await startCeph()
    let fleet: Fleet | undefined
    try {
      fleet = await Fleet.open({
        access: ceph.access,
        folder,
        hosts: Number(context.option('hosts')),
        seed,
        random,
        leaseSeconds: Number(context.option('lease')),
        keepLast: Number(context.option('keep-last')),
        violation,
      })
      const roundMs: number[] = []
      let done = 0
      for (; done < count && !isOver(); done++) {
        const startedAtMs = performance.now()
        await fleet.round(done)
        roundMs.push(performance.now() - startedAtMs)
        await fleet.restoreSome(Number(context.option('samples')))
        progress(done + 1, `${fleet.tally.acknowledged} saved, ${fleet.tally.restored} restored`)
      }
      await fleet.settle()
      return { done, figures: await figuresOf(fleet, roundMs) }
    } finally {
      fleet?.close()
      await ceph.remove()
    }
  },
}

async function figuresOf(
  fleet: Fleet,
  roundMs: readonly number[],
): Promise<Record<string, string | number>> {
  const { tally, ledger } = fleet
  const inMebibytes = (bytes: number): string => `${(bytes / mebibyte).toFixed(1)} MiB`
  const { atOnce, condemned, moved, halfMoved } = ledger.allowed
  const copies = ({ blobs, bytes }: { blobs: number; bytes: number }): string =>
    `${blobs} blobs, ${inMebibytes(bytes)}`
  const stored = await fleet.stored()
  const sorted = [...roundMs].sort((one, other) => one - other)
  const seconds = (ms = 0): string => (ms / 1000).toFixed(1)
  return {
    'seconds for a round, median and most': `${seconds(sorted[sorted.length >> 1])}, ${seconds(sorted.at(-1))}`,
    'snapshots acknowledged': tally.acknowledged,
    'removed by the policy': tally.forgotten,
    'restored and compared': tally.restored,
    'rounds with a kill': tally.kills,
    'commands killed in': JSON.stringify(tally.killsIn),
    'backups that took over packs of a cut run': tally.adoptions,
    prunes: tally.prunes,
    'prunes that left something to a later one': tally.prunesThatWaited,
    'packs deleted, and rewritten': `${tally.packsDeleted}, ${tally.packsRewritten}`,
    freed: inMebibytes(tally.bytesFreed),
    'bytes of packs, most': inMebibytes(tally.packBytesMost),
    'stored again, by two at once': copies(atOnce),
    'stored again, was condemned': copies(condemned),
    'moved by prunes': copies(moved),
    'moved by prunes that were killed': copies(halfMoved),
    'standing twice, most': `${inMebibytes(tally.twiceBytesMost)}, at most ${(100 * tally.twiceRatioMost).toFixed(1)} %`,
    'standing twice in the end, blobs': ledger.standingTwice().blobs,
    'locks between two rounds, most': tally.locksLeftMost,
    requests: JSON.stringify(tally.requests),
    'sent, received': `${inMebibytes(tally.bytesUp)}, ${inMebibytes(tally.bytesDown)}`,
    'stored in the end': Object.entries(stored)
      .map(([name, { count }]) => `${name} ${count}`)
      .join(', '),
  }
}
