/**
 * What a fleet of hosts asks of one bucket in a month, and what that costs (docs/SCALE.md):
 *
 * `npm run bench:fleet` plays 1,000 hosts, and fewer, for a month and prints the tables.
 * `npm run bench:fleet -- --real [HOSTS ROUNDS]` lets the program back up 8 hosts in 6 rounds into a real Ceph on loopback (root, see
 * test/s3/engines) and prints what was counted beside what the same simulation foretells.
 */
import { presentDesign } from './fleet/backup-requests.ts'
import { runRealFleet, type RealBackup } from './fleet/real-run.ts'
import { fleetMonth, largeFleet, storedByBackup, type FleetAssumptions } from './fleet/month.ts'
import { billOf, priceLists } from './fleet/prices.ts'
import { addRequests, noRequests, type Requests } from './fleet/requests.ts'
import { simulateFleet, storedNothing, type FleetResult } from './fleet/simulate.ts'

const kinds = ['gets', 'puts', 'lists', 'deletes'] as const

interface Case {
  readonly name: string
  readonly assumed: FleetAssumptions
  /** Equal repositories side by side, of which the figures are the sum. */
  readonly repositories: number
}

const cases: readonly Case[] = [
  { name: '1,000 hosts, daily', assumed: largeFleet, repositories: 1 },
  {
    name: '1,000 hosts, hourly',
    assumed: { ...largeFleet, backupsPerDay: 24, minutes: 1 },
    repositories: 1,
  },
  {
    name: '1,000 hosts, daily, all within an hour',
    assumed: { ...largeFleet, spreadHours: 1 },
    repositories: 1,
  },
  { name: '10 x 100 hosts, daily', assumed: partOf(10), repositories: 10 },
  { name: '50 x 20 hosts, daily', assumed: partOf(50), repositories: 50 },
  {
    name: '1,000 hosts, daily, packs not listed by backups',
    assumed: { ...largeFleet, design: { ...presentDesign, listsPacks: false } },
    repositories: 1,
  },
  {
    name: '1,000 hosts, daily, the same and one catching up',
    assumed: { ...largeFleet, design: { ...presentDesign, listsPacks: false, catchUps: 1 } },
    repositories: 1,
  },
  {
    name: '1,000 hosts, daily, the same and no directories of others',
    assumed: {
      ...largeFleet,
      design: { listsPacks: false, catchUps: 1, takesOthersTrees: false },
    },
    repositories: 1,
  },
  { name: '1,000 x 1 host, daily', assumed: partOf(1000), repositories: 1000 },
]

function partOf(parts: number): FleetAssumptions {
  const { hosts, storedBytes, files, chunks } = largeFleet
  return {
    ...largeFleet,
    hosts: hosts / parts,
    storedBytes: storedBytes / parts,
    files: files / parts,
    chunks: chunks / parts,
  }
}

function tellMonth({ name, assumed, repositories }: Case): void {
  const result = simulateFleet(fleetMonth(assumed))
  const month = times(result.total, repositories)
  const prunes = times(result.prunes.reduce(addRequests, noRequests), repositories)
  const stored = storedByBackup(assumed)
  console.log(`\n## ${name}`)
  console.log(
    `one backup stores ${mega(stored.bytes)} in ${stored.packs} packs and ${stored.indexes} index objects`,
  )
  tellAverage(result)
  console.log(
    `a month: ${kinds.map((kind) => `${millions(month[kind])} ${kind}`).join(', ')}; ${tera(month.downBytes)} down, ${tera(month.upBytes)} up; most locks of others ${result.locksMax}`,
  )
  console.log(
    `of which prunes: ${kinds.map((kind) => `${millions(prunes[kind])} ${kind}`).join(', ')}; ${tera(prunes.downBytes)} down`,
  )
  const { snapshots, indexes, packs } = result.end
  console.log(`at the end: ${snapshots} snapshots, ${indexes} index objects, ${packs} packs`)
  const storedBytes = result.storedBytes * repositories
  for (const prices of priceLists) {
    const inside = billOf(prices, { storedBytes, requests: month }, false)
    const outside = billOf(prices, { storedBytes, requests: month }, true)
    console.log(
      `${prices.name.padEnd(15)} storage ${dollars(inside.storage)}, requests ${dollars(inside.requests)}, traffic ${dollars(inside.traffic)} within the region, ${dollars(outside.traffic)} to elsewhere${outside.isOverTerms ? ' (more than the terms allow)' : ''}`,
    )
  }
}

function tellAverage({ backups }: FleetResult): void {
  const sum = backups.reduce(addRequests, noRequests)
  const average = times(sum, 1 / backups.length)
  console.log(
    `one backup on average: ${kinds.map((kind) => `${average[kind].toFixed(0)} ${kind}`).join(', ')}; ${mega(average.downBytes)} down, ${mega(average.upBytes)} up`,
  )
}

function times(requests: Requests, factor: number): Requests {
  const { gets, puts, lists, deletes, downBytes, upBytes } = requests
  return {
    gets: gets * factor,
    puts: puts * factor,
    lists: lists * factor,
    deletes: deletes * factor,
    downBytes: downBytes * factor,
    upBytes: upBytes * factor,
  }
}

/** The same runs, foretold: a first backup stores a pack for each thread that got files, and one of pages. */
function foretell(hosts: number, real: readonly RealBackup[]): readonly Requests[] {
  const stored = { ...storedNothing, packs: 1, indexes: 1, treePacks: 1, smallPacks: 1 }
  return simulateFleet({
    hosts,
    backups: real.map(({ host, what }, index) => ({
      host,
      at: index,
      minutes: 0,
      stored: what === 'nothing' ? storedNothing : stored,
    })),
    prunes: [],
    start: { snapshots: 0, indexes: 0, packs: 0, journal: 0, indexBytes: 0, packBytes: 0 },
    snapshotBytes: 830,
  }).backups
}

async function tellReal(hosts: number, rounds: number): Promise<void> {
  const real = await runRealFleet(hosts, rounds)
  const foretold = foretell(hosts, real)
  console.log(`${hosts} hosts, ${rounds} rounds: counted (foretold)`)
  const sums = { counted: noRequests, foretold: noRequests }
  for (const [index, { round, host, what, counted }] of real.entries()) {
    const figures = kinds.map((kind) => `${kind} ${counted[kind]} (${foretold[index][kind]})`)
    console.log(`round ${round} host ${host} ${what.padEnd(8)} ${figures.join(', ')}`)
    sums.counted = addRequests(sums.counted, counted)
    sums.foretold = addRequests(sums.foretold, foretold[index])
  }
  for (const kind of kinds) {
    console.log(`all ${kind}: counted ${sums.counted[kind]}, foretold ${sums.foretold[kind]}`)
  }
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`
}

function tera(bytes: number): string {
  return `${(bytes / 1e12).toFixed(bytes < 1e13 ? 2 : 0)} TB`
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(count < 1e7 ? 2 : 0)} M`
}

function dollars(amount: number): string {
  return `$${amount.toFixed(0)}`
}

const numbers = process.argv.slice(2).filter((text) => /^\d+$/.test(text))
if (process.argv.includes('--real')) {
  const [hosts = 8, rounds = 6] = numbers.map(Number)
  await tellReal(hosts, rounds)
  process.exit(0)
} else for (const one of cases) tellMonth(one)
