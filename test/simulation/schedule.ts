import type { PruneOptions } from '../../src/operations/prune/prune.ts'
import { ownLockNames } from '../../src/repository/standing-locks.ts'
import { environment, reclaimBuffers } from './environment.ts'
import { runJob, type Done, type Job } from './jobs.ts'
import { Oracle, readableBlobs, short } from './oracle.ts'
import { newRandom, type Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import {
  clearCatalogue,
  closeAbandonedCatalogues,
  closeSimRepository,
  openSimRepository,
  sealedIndexes,
} from './sim-repository.ts'
import { SimProcess, type WorldTime } from './sim-process.ts'
import { SimObjects } from './sim-storage.ts'
import { changeSource, filesOf, newSource, type Source } from './sources.ts'

export interface ScheduleResult {
  readonly violations: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const stepsMax = 30_000
/** Coming to rest takes as long as all before it: only this part of the schedules does. */
const restShare = 0.2

/** How rough the weather is. Each schedule has its own, so that long runs of one kind of trouble occur as well as all at once. */
interface Moods {
  readonly kill: number
  readonly stop: number
  readonly powerCut: number
  fault: number
  readonly split: number
  readonly clockChange: number
  /** That time runs on by minutes between two calls. */
  readonly haste: number
  /** That a process is killed or stopped on the brink of something that cannot be undone. */
  readonly ambush: number
  /** That another process begins while some are at work. */
  readonly begin: number
  /** The storage is far away: what does not depend on each other is asked for at once. */
  readonly isRemote: boolean
}

function drawMoods(random: Random): Moods {
  const rare = (share: number, probability: number): number =>
    random.chance(share) ? probability * random.next() : 0
  return {
    kill: rare(0.5, 0.02),
    stop: rare(0.4, 0.02),
    powerCut: rare(0.15, 0.01),
    fault: rare(0.15, 0.02),
    split: random.chance(0.6) ? random.next() * 0.5 : 0,
    clockChange: rare(0.2, 0.01),
    haste: rare(0.3, 0.3),
    ambush: rare(0.4, 0.4),
    begin: 0.02 + random.next() * 0.15,
    isRemote: random.chance(0.5),
  }
}

/** Calls after which others rely on something, or have lost it. */
const brink =
  /^(?:put (?:snapshots|forgotten|condemned|index)|delete (?:snapshots|forgotten|packs|index|condemned))/

const skewsMs = [0, 0, hourMs, -hourMs, 26 * hourMs, -26 * hourMs, 400 * dayMs, -400 * dayMs]
const gracesMs = [0, hourMs, 7 * dayMs]

class Schedule {
  readonly #random: Random
  readonly #moods: Moods
  readonly #time: WorldTime = { nowMs: Date.UTC(2026, 0, 1) }
  readonly #scheduler: Scheduler
  readonly #objects: SimObjects
  readonly #oracle: Oracle
  readonly #hosts: string[]
  readonly #sources = new Map<string, Source>()
  readonly #skews = new Map<string, number>()
  readonly #jobs = new Map<SimProcess, Job>()
  readonly #ended = new Set<SimProcess>()
  readonly #counts: Record<string, number> = {}
  #nextId = 0
  #hasteUntilMs = 0

  constructor(seed: number, trace: ((line: string) => void) | null) {
    this.#random = newRandom(seed)
    environment.random = newRandom(seed + 0.5 * 2 ** 53)
    this.#moods = drawMoods(this.#random)
    this.#scheduler = new Scheduler(this.#time, this.#random, trace)
    this.#oracle = new Oracle(this.#time, (process) => {
      const job = this.#jobs.get(process)
      return job?.kind === 'prune' ? (job.options.graceMs ?? 7 * dayMs) : undefined
    })
    this.#objects = new SimObjects(this.#time, this.#random, this.#moods, this.#oracle)
    this.#hosts = ['one', 'two', 'three'].slice(0, 1 + this.#random.below(3))
    for (const host of this.#hosts) {
      clearCatalogue(host)
      this.#sources.set(host, newSource(this.#random))
      this.#skews.set(host, this.#random.pick(skewsMs))
    }
  }

  async run(): Promise<ScheduleResult> {
    try {
      await this.#act()
      this.#oracle.check(this.#objects, 'at the end')
      const isToRest = this.#random.chance(restShare)
      if (isToRest && this.#oracle.violations.length === 0) await this.#comeToRest()
    } catch (error) {
      this.#oracle.violate(error instanceof Error ? (error.stack ?? error.message) : String(error))
    } finally {
      for (const process of this.#scheduler.processes) closeSimRepository(process)
      ownLockNames.clear()
      sealedIndexes.clear()
      reclaimBuffers()
      closeAbandonedCatalogues()
      environment.process = null
      environment.processes = []
    }
    this.#counts['steps'] = this.#scheduler.steps
    return { violations: this.#oracle.violations, counts: this.#counts }
  }

  /** Backups, prunes and all the rest, beside each other, in trouble. */
  async #act(): Promise<void> {
    const random = this.#random
    // Most faults need few runs that meet; some need many.
    let waiting = 2 + random.below(random.chance(0.2) ? 10 : 4)
    const atOnceMax = 1 + random.below(4)
    // Nothing can go wrong with an empty repository.
    await this.#begin(this.#backup())
    while (waiting > 0 || !this.#scheduler.isIdle) {
      if (this.#oracle.violations.length > 0) return
      const alive = this.#scheduler.processes.filter((process) => process.isAlive)
      const mayBegin = waiting > 0 && alive.length < atOnceMax
      const begin = this.#isAnyStopped ? 0.15 : this.#moods.begin
      if (mayBegin && (alive.length === 0 || random.chance(begin))) {
        if (alive.length === 0) this.#rest()
        waiting -= 1
        await this.#begin(this.#drawJob())
        continue
      }
      await this.#step()
      await this.#trouble()
    }
  }

  /** Between two runs nothing may happen for a while. */
  #rest(): void {
    if (!this.#random.chance(0.3)) return
    this.#time.nowMs += this.#random.pick([minuteMs, 40 * minuteMs, 3 * hourMs, 8 * dayMs])
  }

  #drawJob(): Job {
    const random = this.#random
    // What can be forgotten or brought back is worth trying.
    if (this.#objects.names('forgotten').length > 0 && random.chance(0.25)) {
      return { kind: 'undelete' }
    }
    if (this.#objects.names('snapshots').length > 1 && random.chance(0.25)) {
      return { kind: 'forget', keepLast: random.below(3) }
    }
    // While one is stopped, what it relies on may be taken away.
    const draw = this.#isAnyStopped ? 0.3 + 0.7 * random.next() : random.next()
    if (draw < 0.45) return this.#backup()
    if (draw < 0.85) return { kind: 'prune', options: this.#drawPruneOptions() }
    if (draw < 0.96) return { kind: 'restore' }
    return { kind: 'repair' }
  }

  get #isAnyStopped(): boolean {
    return this.#scheduler.processes.some(
      (process) => process.isAlive && process.stoppedUntilMs > this.#time.nowMs,
    )
  }

  #backup(): Job {
    // Snapshots of one host share a parent; on another one, contents.
    const source = this.#sources.get(this.#random.pick(this.#hosts)) ?? new Map<string, number>()
    changeSource(source, this.#random)
    return { kind: 'backup', source: new Map(source) }
  }

  #drawPruneOptions(): PruneOptions {
    const random = this.#random
    return {
      graceMs: random.pick(gracesMs),
      unused: { ratio: random.pick([0, 0, 0.05, 0.5]) },
      ...(random.chance(0.1) && { repackBytesMax: random.below(3000) }),
    }
  }

  async #begin(job: Job, host: string = this.#random.pick(this.#hosts)): Promise<SimProcess> {
    const skewMs = this.#skews.get(host) ?? 0
    const process = new SimProcess(this.#nextId++, host, this.#time, skewMs)
    this.#jobs.set(process, job)
    this.#count(job.kind)
    this.#scheduler.note(`${process.id}@${host} begins: ${describeJob(job)}`)
    await this.#scheduler.start(process, async () => {
      const repository = openSimRepository(this.#objects, process)
      const done = await runJob(repository, process, job, this.#random)
      if (process.isAlive) this.#note(process, done)
    })
    this.#noteEnds()
    return process
  }

  async #step(): Promise<void> {
    const ready = this.#scheduler.ready()
    if (ready.length > 0) {
      await this.#scheduler.step(this.#random.pick(ready))
      this.#noteEnds()
      await this.#scheduler.pass(this.#drawSpanMs())
    } else {
      // All are stopped: until the first goes on again.
      const untilMs = this.#scheduler.processes
        .filter((process) => process.isAlive)
        .map((process) => process.stoppedUntilMs)
      const spanMs = Math.min(...untilMs) - this.#time.nowMs
      await this.#scheduler.pass(Math.max(1, spanMs))
    }
    if (this.#scheduler.steps > stepsMax) throw new Error('It does not come to an end')
  }

  #drawSpanMs(): number {
    const random = this.#random
    const isHasty = this.#time.nowMs < this.#hasteUntilMs || random.chance(this.#moods.haste)
    if (isHasty) return random.below(4 * minuteMs)
    if (random.chance(0.002)) return random.below(40 * minuteMs)
    return random.below(50)
  }

  async #trouble(): Promise<void> {
    const random = this.#random
    const moods = this.#moods
    if (random.chance(moods.kill)) {
      const alive = this.#scheduler.processes.filter((process) => process.isAlive)
      if (alive.length > 0) this.#kill(random.pick(alive))
    }
    if (random.chance(moods.stop)) this.#stop(this.#scheduler.ready())
    if (moods.ambush > 0) this.#ambush()
    if (random.chance(moods.powerCut)) this.#cutPower()
    if (random.chance(moods.clockChange)) {
      const host = random.pick(this.#hosts)
      const skewMs = random.pick(skewsMs)
      this.#skews.set(host, skewMs)
      for (const process of this.#scheduler.processes) {
        if (process.host === host) process.skewMs = skewMs
      }
    }
  }

  #kill(process: SimProcess): void {
    this.#count('kills')
    this.#scheduler.kill(process)
    this.#noteEnds()
  }

  #ambush(): void {
    const onTheBrink = this.#scheduler
      .ready()
      .filter(({ pending }) => pending.some(({ text }) => brink.test(text)))
    if (onTheBrink.length === 0 || !this.#random.chance(this.#moods.ambush)) return
    if (this.#random.chance(0.3)) this.#kill(this.#random.pick(onTheBrink))
    else this.#stop(onTheBrink)
  }

  /** SIGSTOP, or a machine that sleeps: then its monotonic clock stands still, and its wall clock may be set meanwhile. */
  #stop(running: readonly SimProcess[]): void {
    const random = this.#random
    if (running.length === 0) return
    const process = random.pick(running)
    const spanMs = random.below(random.pick([10 * minuteMs, 2 * hourMs, 3 * hourMs, 10 * dayMs]))
    process.stoppedUntilMs = this.#time.nowMs + spanMs
    const clocks = random.next()
    if (clocks < 0.5) process.sleep(spanMs)
    if (clocks > 0.25 && clocks < 0.7) process.skewMs -= spanMs
    // Its lease is over soon, and others are at work meanwhile.
    if (random.chance(0.6)) this.#hasteUntilMs = this.#time.nowMs + Math.min(spanMs, 40 * minuteMs)
    this.#count('stops')
    this.#scheduler.note(`${process.id} is stopped for ${Math.round(spanMs / 1000)} s`)
  }

  #cutPower(): void {
    this.#count('power cuts')
    this.#scheduler.note('the power is cut')
    for (const process of this.#scheduler.processes) {
      if (process.isAlive) this.#scheduler.kill(process)
    }
    this.#noteEnds()
    this.#objects.cutPower()
    this.#oracle.check(this.#objects, 'after a power cut')
  }

  #noteEnds(): void {
    for (const process of this.#scheduler.processes) {
      if (process.isAlive || this.#ended.has(process)) continue
      this.#ended.add(process)
      closeSimRepository(process)
      const { kind } = this.#jobs.get(process) ?? { kind: 'job' }
      this.#scheduler.note(`${process.id} ends: ${process.state} ${messageOf(process.error)}`)
      if (process.state === 'failed') this.#judge(process, kind)
      if (process.state === 'done') this.#count(`${kind} done`)
      this.#oracle.check(this.#objects, `after ${kind} ${process.id}`)
    }
  }

  /** A run may fail when somebody else is at work, when its lease is over or the storage failed; not by itself. */
  #judge(process: SimProcess, kind: string): void {
    const code = (process.error as { code?: unknown } | undefined)?.code
    this.#count(`${kind} failed`)
    if (code === 'REPOSITORY_LOCKED') return
    if (process.hadFault && code === 'STORAGE_FAILED') return
    const isLoss = code === 'OBJECT_MISSING' || code === 'OBJECT_DAMAGED'
    if (process.wasRevoked && isLoss) return
    if (isLoss && this.#isLateAlone(process.restoresId)) return
    if (code === 'SNAPSHOT_NOT_FOUND' && kind === 'undelete') return
    const text = process.error instanceof Error ? process.error.stack : String(process.error)
    this.#oracle.violate(`${kind} ${process.id} failed: ${text}`)
  }

  #isLateAlone(id: string | undefined): boolean {
    if (id === undefined || this.#oracle.acknowledged.has(id)) return false
    return this.#oracle.late.has(id)
  }

  #note(process: SimProcess, done: Done): void {
    switch (done.kind) {
      case 'saved':
        this.#count('acknowledged')
        this.#oracle.acknowledge(done, this.#objects)
        return
      case 'undeleted':
        for (const id of done.ids) {
          this.#count('undeleted')
          this.#oracle.bringBack(id, done.sinceMs)
        }
        this.#oracle.check(this.#objects, `after undelete ${process.id}`)
        return
      case 'restored':
        this.#compare(done.id, done.files)
        return
      default:
    }
  }

  #compare(id: string, files: ReadonlyMap<string, string>): void {
    this.#count('restored')
    const snapshot = this.#oracle.acknowledged.get(id)
    if (!snapshot) return
    const wanted = filesOf(snapshot.source)
    const isSame =
      wanted.size === files.size && [...wanted].every(([path, text]) => files.get(path) === text)
    if (!isSame) this.#oracle.violate(`${short(id)} was restored with other contents`)
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
  }

  /**
   * When all is over and every lease of the dead has gone stale, everything that was acknowledged is whole to a host that knows nothing, a backup
   * goes through, and prunes free all that nobody needs.
   */
  async #comeToRest(): Promise<void> {
    // What is forgotten and stands is kept for 30 days.
    this.#time.nowMs += 31 * dayMs
    this.#objects.moods.fault = 0
    const host = 'fresh'
    clearCatalogue(host)
    this.#hosts.push(host)
    await this.#alone({ kind: 'backup', source: newSource(this.#random) }, host)
    for (let turn = 0; turn < 2; turn++) {
      await this.#alone({ kind: 'prune', options: { graceMs: 0, unused: { ratio: 0 } } }, host)
    }
    await this.#readAll(host)
    this.#checkNoGarbage()
  }

  async #alone(job: Job, host: string): Promise<void> {
    const process = await this.#begin(job, host)
    while (process.isAlive) {
      await this.#scheduler.step(process)
      if (this.#scheduler.steps > stepsMax) throw new Error('It does not come to an end')
    }
    this.#noteEnds()
    if (process.state === 'failed') {
      this.#oracle.violate(`${job.kind} at rest failed: ${messageOf(process.error)}`)
    }
  }

  async #readAll(host: string): Promise<void> {
    for (const { id } of this.#oracle.acknowledged.values()) {
      if (!this.#objects.objects.has(`snapshots/${id}`)) continue
      await this.#alone({ kind: 'restore', id }, host)
    }
  }

  #checkNoGarbage(): void {
    const { objects } = this.#objects
    for (const folder of ['condemned', 'locks', 'forgotten']) {
      const names = this.#objects.names(folder)
      if (names.length > 0) this.#oracle.violate(`${names.join(', ')} is left`)
    }
    const needed = new Set<string>()
    for (const { id, needs } of this.#oracle.acknowledged.values()) {
      if (objects.has(`snapshots/${id}`)) for (const need of needs) needed.add(need)
    }
    const isAllAcknowledged = this.#objects
      .names('snapshots')
      .every((name) => this.#oracle.acknowledged.has(name.slice('snapshots/'.length)))
    if (isAllAcknowledged) {
      for (const blob of readableBlobs(this.#objects, false)) {
        if (needed.has(blob)) continue
        this.#oracle.violate('a blob is left that nobody needs')
        break
      }
    }
    const named = new Set<string>()
    for (const name of this.#objects.names('index')) {
      for (const packId of sealedIndexes.get(name)?.keys() ?? []) named.add(`packs/${packId}`)
    }
    for (const name of this.#objects.names('packs')) {
      if (!named.delete(name)) this.#oracle.violate(`${name} is left and unnamed`)
    }
    for (const name of named) this.#oracle.violate(`${name} is named and not there`)
  }
}

function describeJob(job: Job): string {
  if (job.kind === 'backup') {
    return `backup ${[...job.source].map(([path, content]) => `${path}=${content}`).join(' ')}`
  }
  return JSON.stringify(job)
}

function messageOf(error: unknown): string {
  if (error === undefined) return ''
  return error instanceof Error ? error.message : JSON.stringify(error)
}

/** Runs the schedule of a seed. @param trace told every step, for a replay */
export async function runSchedule(
  seed: number,
  trace: ((line: string) => void) | null = null,
): Promise<ScheduleResult> {
  return await new Schedule(seed, trace).run()
}
