import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Engine } from '../../s3/engines/engine.ts'
import { environmentOf } from '../../s3/support/s3-repository.ts'
import { removeTree } from '../../support/remove-tree.ts'
import type { SoakContext } from '../frame/soak.ts'
import type { FaultProxy, Manner } from './fault-proxy.ts'
import { differencesOf, openHost, type Acknowledged, type Host } from './hosts.ts'
import { messagesOf, runHoldfast, type Ended } from './run-holdfast.ts'

interface WorldFields {
  readonly context: SoakContext
  readonly ceph: Engine
  readonly proxy: FaultProxy
  readonly bucket: string
}

interface CommandOptions {
  /** Not through the proxy. */
  readonly isHonest?: boolean
  readonly environment?: Readonly<Record<string, string>>
}

const honestManner: Manner = { name: 'honest', rates: {} }
const requestKinds = ['get', 'head', 'put', 'list', 'delete'] as const
/** More are forgotten, so that there is something to prune. */
const standingMax = 4

/** A repository in a bucket behind a proxy, two hosts, and what was acknowledged. */
export class StoreWorld {
  readonly #fields: WorldFields
  readonly #prefix = 'soak'
  readonly #hosts: readonly Host[]
  #acknowledged: Acknowledged[] = []
  readonly #figures = new Map<string, number>()
  #manner: Manner = honestManner

  constructor(fields: WorldFields) {
    this.#fields = fields
    const { folder, random } = fields.context
    this.#hosts = ['one', 'two'].map((name) => openHost(folder, name, random))
  }

  async prepare(): Promise<void> {
    const { status, stderr } = await this.#run(this.#hosts[0], ['init', '--chunk-size', '64K'], {
      isHonest: true,
    })
    if (status !== 0) throw new Error(`init: ${stderr}`)
  }

  /** Backups by both, a forget, a prune, verifications and restores through the proxy; then what is there is looked at without it. */
  async round(manner: Manner): Promise<void> {
    const { proxy, context } = this.#fields
    const { random } = context
    for (const host of this.#hosts) host.change()
    const turn = random() < 0.5
    const [first, second] = turn ? this.#hosts : this.#hosts.toReversed()
    this.#manner = manner
    proxy.manner = manner
    const dying = manner.name === 'store killed' ? this.#killStore() : undefined
    await Promise.all(this.#hosts.map((host) => this.#backUp(host)))
    await dying
    // What counts when listings are old (docs/RELIABILITY.md): what a machine has seen.
    const isStale = (manner.rates['stale listing'] ?? 0) > 0
    if (isStale) {
      for (const host of this.#hosts) await this.#run(host, ['list'], { isHonest: true })
    }
    await this.#expectDone(first, ['verify', 'latest'])
    if (this.#acknowledged.length > standingMax) await this.#forgetOne(second)
    const pruning = this.#expectDone(second, ['prune', '--grace', '0', '--max-unused', '0'])
    if (!isStale) {
      first.change()
      await this.#backUp(first)
    }
    await pruning
    // Behind a sweep no listing lags.
    if (isStale) proxy.listings.forget()
    await this.#restore(first, this.#any(), {})
    const fresh = { HOME: join(context.folder, 'home-fresh') }
    await this.#restore(second, this.#any(), { environment: fresh })
    if (existsSync(fresh.HOME)) removeTree(fresh.HOME)
    proxy.manner = honestManner
    this.#manner = honestManner
    for (const acknowledged of this.#acknowledged.slice(-3)) await this.#mustRestore(acknowledged)
    await this.#mustBeWhole(second)
  }

  async finish(): Promise<void> {
    for (const acknowledged of this.#acknowledged) await this.#mustRestore(acknowledged)
    await this.#mustBeWhole(this.#hosts[0])
  }

  figures(): Record<string, number> {
    const figures: Record<string, number> = { 'snapshots acknowledged': 0 }
    for (const [fault, count] of this.#fields.proxy.counts) figures[`proxy: ${fault}`] = count
    for (const [name, count] of this.#figures) figures[name] = count
    return figures
  }

  async #backUp(host: Host): Promise<void> {
    const copy = host.keep()
    const { stdout, status } = await this.#expectDone(host, [
      'snapshot',
      host.source,
      '--host',
      host.name,
    ])
    const [summary] = messagesOf(stdout, 'summary')
    if (status !== 0 || !summary) return
    this.#note('snapshots acknowledged')
    this.#acknowledged.push({ id: String(summary['snapshot_id']), host, copy })
  }

  async #forgetOne(host: Host): Promise<void> {
    const at = Math.floor(this.#fields.context.random() * (this.#acknowledged.length - 2))
    const [gone] = this.#acknowledged.splice(at, 1)
    await this.#expectDone(host, ['delete', gone.id, '--yes'])
    removeTree(gone.copy)
  }

  /** Whatever is restored is right, or the command does not end well. */
  async #restore(host: Host, wanted: Acknowledged, options: CommandOptions): Promise<void> {
    const target = mkdtempSync(join(this.#fields.context.folder, 'restored-'))
    const argv = ['restore', wanted.id, '--target', target]
    const { status } = await this.#expectDone(host, argv, options)
    if (status === 0) this.#compare(wanted, target)
    removeTree(target)
  }

  async #mustRestore(wanted: Acknowledged): Promise<void> {
    const target = mkdtempSync(join(this.#fields.context.folder, 'restored-'))
    const { status, stderr } = await this.#run(
      wanted.host,
      ['restore', wanted.id, '--target', target],
      { isHonest: true },
    )
    if (status === 0) this.#compare(wanted, target)
    else this.#violation(`acknowledged ${wanted.id} cannot be restored: ${stderr}`)
    this.#note('honest restores')
    removeTree(target)
  }

  async #mustBeWhole(host: Host): Promise<void> {
    const { status, stderr } = await this.#run(host, ['verify', '--all'], { isHonest: true })
    if (status !== 0) this.#violation(`the repository is not whole: ${stderr}`)
    this.#note('honest verifications')
  }

  #compare(wanted: Acknowledged, target: string): void {
    const differences = differencesOf(wanted, target)
    if (differences.length > 0) {
      this.#violation(`${wanted.id} was restored wrongly: ${differences.join('; ')}`)
    }
  }

  /**
   * A command may only fail when the store lied about the same object twice. What a machine has never seen, and what is not listed, it cannot
   * restore. And a prune that is shown what is not there any more refuses, for it
   * cannot tell a listing that lags from an object that is lost.
   */
  async #expectDone(
    host: Host,
    argv: readonly string[],
    options: CommandOptions = {},
  ): Promise<Ended> {
    const { liedAbout } = this.#fields.proxy
    liedAbout.clear()
    const ended = await this.#run(host, argv, options)
    const [name = ''] = argv
    const isStale = (this.#manner.rates['stale listing'] ?? 0) > 0
    const isUnseen = isStale && name === 'restore' && options.environment !== undefined
    const isExcused =
      isUnseen ||
      [...liedAbout.values()].some((times) => times > 1) ||
      (isStale && name === 'prune' && ended.status === 21)
    if (ended.status !== 0) this.#note(`${this.#manner.name}: ${name} ended with ${ended.status}`)
    if (ended.status === null) this.#violation(`${name} hung`)
    if (ended.status !== 0 && !isExcused) {
      this.#violation(`${name} ended with ${ended.status}: ${ended.stderr}`)
    }
    return ended
  }

  async #run(host: Host, argv: readonly string[], options: CommandOptions): Promise<Ended> {
    const { ceph, proxy, bucket } = this.#fields
    const endpoint = options.isHonest === true ? ceph.access.endpoint : proxy.endpoint
    const ended = await runHoldfast([...argv, '--json'], {
      ...environmentOf(ceph.access),
      AWS_EC2_METADATA_DISABLED: 'true',
      HOLDFAST_PASSPHRASE: 'correct horse',
      ...host.environment,
      ...options.environment,
      HOLDFAST_REPOSITORY: `s3:${endpoint}/${bucket}/${this.#prefix}`,
    })
    this.#note(`status ${ended.status}`)
    for (const requests of messagesOf(ended.stderr, 'requests')) {
      for (const kind of requestKinds) this.#note('client: requests', Number(requests[kind]))
      this.#note('client: wrong answers noticed', Number(requests['wrong_answers']))
    }
    return ended
  }

  /** All of it, in the midst of what is going on, and again soon after it is back. */
  async #killStore(): Promise<void> {
    const { ceph, context } = this.#fields
    for (let times = 0; times < 2; times++) {
      await sleep(600 + context.random() * 1500)
      await ceph.kill()
      this.#note('store: killed')
      await ceph.restart()
    }
  }

  #any(): Acknowledged {
    const { random } = this.#fields.context
    return this.#acknowledged[Math.floor(random() * this.#acknowledged.length)]
  }

  #note(name: string, count = 1): void {
    this.#figures.set(name, (this.#figures.get(name) ?? 0) + count)
  }

  #violation(text: string): void {
    this.#fields.context.violation(`${this.#manner.name}: ${text}`)
  }
}
