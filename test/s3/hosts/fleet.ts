import { randomBytes } from 'node:crypto'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { removeTree } from '../../support/remove-tree.ts'
import { scanTree, treeDifferences, type ScannedTree } from '../../support/scan-tree.ts'
import { connect, newBucket } from '../engines/buckets.ts'
import type { S3Access } from '../engines/engine.ts'
import type { Act } from '../support/open-proxy.ts'
import { BlobLedger, objectOpener } from './blob-ledger.ts'
import { HostSource } from './host-source.ts'
import {
  openHost,
  summaryOf,
  type Host,
  type HostAct,
  type HostExchange,
  type HostPlace,
  type HostRun,
} from './host.ts'
import { phaseOf } from './phase-of.ts'

export interface FleetOptions {
  readonly access: S3Access
  readonly folder: string
  readonly hosts: number
  readonly seed: number
  readonly random: () => number
  /** A machine that is gone is waited for so long. */
  readonly leaseSeconds: number
  /** Snapshots of each host that the policy keeps. */
  readonly keepLast: number
  readonly violation: (message: string) => void
}

/** A snapshot that a host has stored, and what its source was. */
interface Saved {
  readonly id: string
  readonly host: string
  readonly path: string
  readonly tree: ScannedTree
  /** False when the host was killed before it said so. */
  readonly isAcknowledged: boolean
  isForgotten: boolean
}

/** When a host is killed: at the nth request of one of its commands. */
interface Doom {
  readonly host: string
  readonly verb: string
  readonly request: number
}

/** Ends a command right before its nth request that changes something (counted from 0) gets to the store, or right after the store has done it. */
export interface WriteCut {
  readonly write: number
  readonly when: 'before' | 'after'
}

type Verb = 'snapshot' | 'forget' | 'prune'

/** What stands below the repository's prefix. */
export type StoredCounts = Readonly<Record<string, { count: number; bytes: number }>>

/** The first of all hosts do that besides. */
const keepers = 2
const waits = ['--retry-lock', '120s', '--json']
const neverSaid = /damage|lost|missing|corrupt/i

export interface FleetTally {
  acknowledged: number
  forgotten: number
  restored: number
  packsDeleted: number
  packsRewritten: number
  bytesFreed: number
  /** Prunes that left something to a later one, because somebody was at work. */
  prunesThatWaited: number
  prunes: number
  adoptions: number
  requests: Record<string, number>
  bytesUp: number
  bytesDown: number
  kills: number
  readonly killsIn: Record<string, number>
  locksLeftMost: number
  packBytesMost: number
  twiceBytesMost: number
  twiceRatioMost: number
}

/** Machines that work on one repository in a bucket at the same time, and somebody who has seen all of it. */
export class Fleet {
  readonly hosts: Host[] = []
  readonly tally: FleetTally = emptyTally()
  readonly ledger: BlobLedger
  readonly #options: FleetOptions
  readonly #place: HostPlace
  readonly #sources: HostSource[] = []
  readonly #saved: Saved[] = []
  readonly #durationsMs: number[] = []
  /** How many requests a command took when it was last let live, by host and verb. */
  readonly #requests = new Map<string, number>()
  #doom: Doom | undefined
  #cut: WriteCut | undefined
  #fresh = 0
  /** Of this round. */
  #runs: HostRun[] = []

  private constructor(options: FleetOptions, place: HostPlace, ledger: BlobLedger) {
    this.#options = options
    this.#place = place
    this.ledger = ledger
  }

  static async open(options: FleetOptions): Promise<Fleet> {
    const client = connect(options.access)
    const bucket = await newBucket(client)
    client.destroy()
    const place = { access: options.access, bucket, prefix: randomBytes(4).toString('hex') }
    const { folder, leaseSeconds } = options
    const first = await openHost({ place, folder, name: 'first', leaseSeconds })
    try {
      await first.done(['init', '--chunk-size', '64K'])
    } finally {
      first.close()
    }
    const fleet = new Fleet(options, place, new BlobLedger(await objectOpener(place)))
    for (let at = 0; at < options.hosts; at++) {
      const name = `host${at}`
      const act: HostAct = (run, method) => fleet.#beforeRequest(run, method)
      const onAnswer = (run: HostRun, { act: became }: HostExchange): void => {
        if (became === 'lose') fleet.#kill(run.host)
      }
      fleet.hosts.push(await openHost({ place, folder, name, leaseSeconds }, { act, onAnswer }))
      fleet.#sources.push(new HostSource(folder, name, options.seed))
      fleet.#durationsMs.push(2000)
    }
    return fleet
  }

  close(): void {
    for (const host of this.hosts) host.close()
  }

  /** All hosts back up at once, two of them thin out and prune meanwhile, and one is killed with all that it does. */
  async round(number: number): Promise<void> {
    const { random } = this.#options
    const victim = Math.floor(random() * this.hosts.length)
    const trees = new Map<HostRun, Pick<Saved, 'path' | 'tree'>>()
    const scanned = this.#sources.map((source) => source.change(number))
    const starts = this.hosts.map(() => random() * 500)
    this.#runs = []
    const works = this.hosts.map(async (host, at) => {
      await sleep(starts[at])
      const { path } = this.#sources[at]
      const run = host.start(['snapshot', path, '--host', host.name, ...waits], 'backup')
      trees.set(run, { path, tree: scanned[at] })
      this.#runs.push(run)
      await run.finished
      if (!run.wasKilled) this.#durationsMs[at] = performance.now() - run.startedAtMs
    })
    const delays = this.hosts.map(() => random() * 1500)
    const upkeeps = this.hosts.slice(0, keepers).map(async (host, at) => {
      await sleep(delays[at])
      await this.#keepUp(host)
    })
    const killing = this.#killLater(victim)
    await Promise.all([...works, ...upkeeps, killing])
    this.#doom = undefined
    // What dead processes had sent has come, or never will.
    await sleep(50)
    this.#noteKill(victim)
    for (const [run, source] of trees) this.#noteSaved(run, source)
    this.#noteRuns(this.#runs)
    const stored = await this.stored()
    this.tally.locksLeftMost = Math.max(this.tally.locksLeftMost, stored['locks']?.count ?? 0)
    this.tally.packBytesMost = Math.max(this.tally.packBytesMost, stored['packs']?.bytes ?? 0)
  }

  /** One command of one host, while no other one works; `number` says what its source is by now. */
  async alone(at: number, verb: Verb, number: number, cut?: WriteCut): Promise<HostRun> {
    const host = this.hosts[at]
    const { path } = this.#sources[at]
    const tree = verb === 'snapshot' ? this.#sources[at].change(number) : undefined
    this.#cut = cut
    const run =
      verb === 'snapshot'
        ? host.start(['snapshot', path, '--host', host.name, ...waits], 'backup')
        : host.start(this.#upkeepOf(verb), 'upkeep')
    this.#runs = [run]
    await run.finished
    this.#cut = undefined
    await sleep(20)
    if (tree) this.#noteSaved(run, { path, tree })
    this.#noteRuns([run])
    return run
  }

  /** Restores acknowledged snapshots that no policy removed, drawn at random, on a machine that has never seen the repository. */
  async restoreSome(count: number): Promise<void> {
    const left = this.#standing()
    const { random } = this.#options
    for (let at = 0; at < count && left.length > 0; at++) {
      await this.#onFresh(async (host) => {
        await this.#restore(host, left.splice(Math.floor(random() * left.length), 1)[0])
      })
    }
  }

  /** Restores all of them. */
  async restoreAll(): Promise<void> {
    await this.#onFresh(async (host) => {
      for (const saved of this.#standing()) await this.#restore(host, saved)
    })
  }

  /** Everybody has gone home: all that was acknowledged is there, whole, and once. */
  async settle(): Promise<void> {
    const { violation, leaseSeconds } = this.#options
    await sleep(leaseSeconds * 1000 + 1000)
    const [keeper] = this.hosts
    for (const verb of ['forget', 'prune'] as const) {
      this.#noteRuns([await keeper.done(this.#upkeepOf(verb), 'upkeep')])
    }
    const twice = this.ledger.standingTwice()
    if (twice.blobs > 0) violation(`${twice.blobs} blobs stand twice after a prune in peace`)
    const stored = await this.stored()
    for (const folder of ['locks', 'condemned', 'forgotten']) {
      if (stored[folder]) violation(`${stored[folder].count} objects are left in ${folder}/`)
    }
    await this.#onFresh(async (host) => {
      const list = await host.done(['list', '--json'])
      for (const { id, host: of } of this.#standing()) {
        if (!list.output.includes(id)) violation(`snapshot ${id} of ${of} is not listed`)
      }
      await host.done(['check', '--json'])
      await host.done(['verify', '--all', '--json'])
    })
    await this.restoreAll()
  }

  async stored(): Promise<StoredCounts> {
    const client = connect(this.#options.access)
    const counts: Record<string, { count: number; bytes: number }> = {}
    const { bucket: Bucket, prefix } = this.#place
    let ContinuationToken: string | undefined
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken }))
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        const [folder = ''] = Key.slice(prefix.length + 1).split('/')
        const { count, bytes } = counts[folder] ?? { count: 0, bytes: 0 }
        counts[folder] = { count: count + 1, bytes: bytes + Size }
      }
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
    client.destroy()
    return counts
  }

  #standing(): Saved[] {
    return this.#saved.filter((saved) => saved.isAcknowledged && !saved.isForgotten)
  }

  #upkeepOf(verb: 'forget' | 'prune'): string[] {
    return verb === 'forget'
      ? ['forget', '--keep-last', String(this.#options.keepLast), ...waits]
      : // Everything that is dead goes at once; only what others are at work on holds it up.
        ['prune', '--grace', '0', '--max-unused', '0', ...waits]
  }

  async #keepUp(host: Host): Promise<void> {
    for (const verb of ['forget', 'prune'] as const) {
      const run = host.start(this.#upkeepOf(verb), 'upkeep')
      this.#runs.push(run)
      await run.finished
      if (run.wasKilled) return
    }
  }

  /** By the clock, or at a request: a short command has many requests in little time. */
  async #killLater(victim: number): Promise<void> {
    const { random } = this.#options
    const { name } = this.hosts[victim]
    const isKeeper = victim < keepers
    const verbs = isKeeper ? ['snapshot', 'forget', 'prune'] : ['snapshot']
    const verb = verbs[Math.floor(random() * verbs.length)] ?? 'snapshot'
    const afterMs = random() * this.#durationsMs[victim] * (isKeeper ? 1.5 : 1)
    const requests = this.#requests.get(`${name} ${verb}`) ?? 30
    // A little less than it took before, so that few get away.
    const request = Math.floor(random() * 0.85 * requests)
    if (random() < 0.7) this.#doom = { host: name, verb, request }
    else {
      await sleep(afterMs)
      this.#kill(name)
    }
  }

  #beforeRequest(run: HostRun, method: string): Act {
    if (this.#cut && isWrite(method)) {
      const { write, when } = this.#cut
      const isIt = run.exchanges.filter((each) => isWrite(each.method)).length === write
      if (isIt && when === 'before') this.#kill(run.host)
      // The answer never comes: the command is dead by then.
      if (isIt) return when === 'before' ? 'hang' : 'lose'
    }
    const doom = this.#doom
    if (doom?.host === run.host && doom.verb === run.argv[0]) {
      if (run.exchanges.length >= doom.request) this.#kill(run.host)
    }
    return 'pass'
  }

  #kill(name: string): void {
    this.#doom = undefined
    const host = this.hosts.find((each) => each.name === name)
    for (const run of this.#runs) if (run.host === name) host?.kill(run)
  }

  #noteKill(victim: number): void {
    const killed = this.#runs.filter(({ wasKilled }) => wasKilled)
    if (killed.length === 0) return
    this.tally.kills += 1
    for (const run of killed) {
      const phase = phaseOf(run)
      this.tally.killsIn[phase] = (this.tally.killsIn[phase] ?? 0) + 1
    }
    // Half of the machines come back as what they were, and tell themselves that their process is dead; of the others only the lease tells.
    if (this.#options.random() < 0.5) this.hosts[victim].reboot()
  }

  /** What the store has is there, whether its host lived to say so or not. */
  #noteSaved(run: HostRun, source: Pick<Saved, 'path' | 'tree'>): void {
    const { host } = run
    const acknowledged = summaryOf(run)?.['snapshot_id']
    if (acknowledged !== undefined) this.tally.acknowledged += 1
    else if (!run.wasKilled) this.#options.violation(`${host}: a backup without a summary`)
    // One whose name another had taken in the same second is put again under a later one.
    const ids = new Set<unknown>([acknowledged])
    for (const { method, name, status } of run.exchanges) {
      if (!name.startsWith('snapshots/')) continue
      const id = name.slice('snapshots/'.length)
      if (method === 'PUT' && status === 200) ids.add(id)
      else if (method === 'DELETE') ids.delete(id)
    }
    for (const id of ids) {
      if (typeof id !== 'string') continue
      const isAcknowledged = id === acknowledged
      this.#saved.push({ id, host, ...source, isAcknowledged, isForgotten: false })
    }
  }

  #noteRuns(runs: readonly HostRun[]): void {
    for (const run of runs) {
      this.#count(run)
      if (!run.wasKilled) this.#expectSuccess(run)
      if (run.argv[0] === 'forget') this.#noteForgotten(run)
      if (run.argv[0] === 'prune') this.#notePruned(run)
    }
    this.#judge(runs)
  }

  #expectSuccess(run: HostRun): void {
    const what = `${run.host}: ${run.argv[0]}`
    if (run.status !== 0) {
      this.#options.violation(`${what} ended with status ${run.status}: ${run.errors}`)
    } else if (neverSaid.test(run.errors)) this.#options.violation(`${what} said: ${run.errors}`)
    if (run.errors.includes('cut off are used again')) this.tally.adoptions += 1
  }

  #notePruned(run: HostRun): void {
    const summary = summaryOf(run)
    if (!summary) return
    const numberOf = (name: string): number => Number(summary[name] ?? 0)
    this.tally.prunes += 1
    this.tally.packsDeleted += numberOf('packs_deleted')
    this.tally.packsRewritten += numberOf('packs_rewritten')
    this.tally.bytesFreed += numberOf('bytes_freed')
    if (numberOf('bytes_condemned') > 0) this.tally.prunesThatWaited += 1
  }

  /** What a forget took away: only what the policy does not keep. One that was killed has taken away those whose objects it deleted. */
  #noteForgotten(run: HostRun): void {
    const { keepLast, violation } = this.#options
    const gone = new Set(
      run.exchanges.flatMap(({ method, name }) =>
        method === 'DELETE' && name.startsWith('snapshots/')
          ? [name.slice('snapshots/'.length)]
          : [],
      ),
    )
    for (const [at, saved] of this.#saved.entries()) {
      if (!gone.has(saved.id) || saved.isForgotten) continue
      saved.isForgotten = true
      if (saved.isAcknowledged) this.tally.forgotten += 1
      const newer = this.#saved.slice(at + 1).filter((each) => each.host === saved.host)
      const left = newer.filter((each) => !each.isForgotten && !gone.has(each.id)).length
      if (left < keepLast) {
        violation(`${run.host} forgot a snapshot of ${saved.host} with only ${left} newer ones`)
      }
    }
  }

  #judge(runs: readonly HostRun[]): void {
    for (const fault of this.ledger.judge(runs)) this.#options.violation(fault)
    const { bytes, ofBytes } = this.ledger.standingTwice()
    this.tally.twiceBytesMost = Math.max(this.tally.twiceBytesMost, bytes)
    this.tally.twiceRatioMost = Math.max(this.tally.twiceRatioMost, bytes / Math.max(1, ofBytes))
  }

  #count({ host, argv, exchanges, wasKilled }: HostRun): void {
    const { tally } = this
    if (!wasKilled) this.#requests.set(`${host} ${argv[0]}`, exchanges.length)
    for (const { method, query, sentBytes, receivedBytes } of exchanges) {
      const kind = method === 'GET' && query.includes('list-type=') ? 'LIST' : method
      tally.requests[kind] = (tally.requests[kind] ?? 0) + 1
      tally.bytesUp += sentBytes
      tally.bytesDown += receivedBytes
    }
  }

  async #onFresh(work: (host: Host) => Promise<void>): Promise<void> {
    const { folder, leaseSeconds } = this.#options
    const name = `fresh${this.#fresh++}`
    const host = await openHost({ place: this.#place, folder, name, leaseSeconds })
    try {
      await work(host)
    } finally {
      host.close()
      removeTree(join(folder, `cache-${name}`))
    }
  }

  async #restore(host: Host, { id, path, tree, host: of }: Saved): Promise<void> {
    const target = join(this.#options.folder, 'restored')
    const run = await host.done(['restore', id, '--target', target, '--json'])
    const differences = treeDifferences(tree, scanTree(join(target, path)))
    for (const line of differences) this.#options.violation(`snapshot ${id} of ${of}: ${line}`)
    if (neverSaid.test(run.errors)) this.#options.violation(`restore of ${id}: ${run.errors}`)
    this.tally.restored += 1
    removeTree(target)
  }
}

function isWrite(method: string): boolean {
  return method === 'PUT' || method === 'DELETE'
}

function emptyTally(): FleetTally {
  return {
    acknowledged: 0,
    forgotten: 0,
    restored: 0,
    packsDeleted: 0,
    packsRewritten: 0,
    bytesFreed: 0,
    prunesThatWaited: 0,
    prunes: 0,
    adoptions: 0,
    requests: {},
    bytesUp: 0,
    bytesDown: 0,
    kills: 0,
    killsIn: {},
    locksLeftMost: 0,
    packBytesMost: 0,
    twiceBytesMost: 0,
    twiceRatioMost: 0,
  }
}
