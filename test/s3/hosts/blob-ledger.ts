import { deriveRepositoryKeys } from '../../../src/format/encryption/repository-keys.ts'
import { decodeIndexObject } from '../../../src/format/index-object/index-object.ts'
import { decodeCondemnation } from '../../../src/format/manifest/condemnation.ts'
import { openSmallObject } from '../../../src/format/object/small-object.ts'
import { decodePackTrailer } from '../../../src/format/pack/pack-trailer.ts'
import { toObjectId } from '../../../src/model/ids.ts'
import { unlockRepository } from '../../../src/repository/unlock-repository.ts'
import { passphrase, type HostExchange, type HostPlace, type HostRun } from './host.ts'

/** Reads the plaintext of an object that a host has put. */
export type OpenObject = (type: 'index' | 'condemned', name: string, bytes: Buffer) => Buffer

export async function objectOpener(place: HostPlace): Promise<OpenObject> {
  const { endpoint, region, accessKeyId, secretAccessKey } = place.access
  const { masterSecret, config, storage } = await unlockRepository({
    location: `s3:${endpoint}/${place.bucket}/${place.prefix}`,
    passphrase,
    storage: { s3: { region, accessKeyId, secretAccessKey } },
  })
  await storage.close()
  const { frameRootKey } = deriveRepositoryKeys(masterSecret)
  const { repositoryId, encryption } = config.config
  return (type, name, bytes) =>
    openSmallObject(bytes, {
      type,
      repositoryId: Buffer.from(repositoryId, 'hex'),
      sealed: encryption !== 'none',
      frameRootKey,
      id: toObjectId(idOf(name)),
    })
}

/** How often and why a blob was stored although a pack that stood had it already. */
export interface CopyCounts {
  blobs: number
  bytes: number
}

/** Reasons for which the protocol allows it. */
export interface AllowedCopies {
  /** By two backups at once, of which neither could see the other's pack when it looked. */
  readonly atOnce: CopyCounts
  /** What the backup found was condemned: it must not be built on. */
  readonly condemned: CopyCounts
  /** A prune moved it, and condemned where it was. */
  readonly moved: CopyCounts
  /** A prune moved it and was killed before it could condemn where it was. */
  readonly halfMoved: CopyCounts
}

interface SeenPack {
  readonly id: string
  readonly run: HostRun
  readonly sentAtMs: number
  /** From when on a listing shows it. */
  thereAtMs: number
  deletedAtMs: number
  blobs: ReadonlyMap<string, number> | undefined
}

interface SeenIndex {
  readonly packs: readonly string[]
  isThere: boolean
}

/**
 * Knows from what the hosts asked the store for which blobs were stored when, by whom, and what each run could see. One process has seen all
 * of it, so there is one clock.
 */
export class BlobLedger {
  readonly allowed: AllowedCopies = {
    atOnce: none(),
    condemned: none(),
    moved: none(),
    halfMoved: none(),
  }
  readonly #open: OpenObject
  readonly #packs = new Map<string, SeenPack>()
  readonly #indexes = new Map<string, SeenIndex>()
  readonly #condemned = new Map<string, readonly string[]>()
  /** Packs that hold a blob, whether they still stand or not. */
  readonly #holders = new Map<string, SeenPack[]>()
  /** Packs that were stored and not looked at yet. */
  #unjudged: SeenPack[] = []

  constructor(open: OpenObject) {
    this.#open = open
  }

  /** Takes in what runs did that are over. @returns what the protocol does not allow */
  judge(runs: readonly HostRun[]): string[] {
    const all = runs.flatMap((run) => run.exchanges.map((at): [HostRun, HostExchange] => [run, at]))
    all.sort(([, one], [, other]) => orderOf(one) - orderOf(other))
    for (const [run, at] of all) this.#take(run, at)
    const judged = this.#unjudged.filter(({ blobs }) => blobs !== undefined)
    this.#unjudged = this.#unjudged.filter(({ blobs }) => blobs === undefined)
    const faults: string[] = []
    for (const pack of judged) faults.push(...this.#judgePack(pack))
    return faults
  }

  /** Blobs that stand in more than one pack that an index object names. */
  standingTwice(): CopyCounts & { readonly ofBytes: number } {
    const named = new Set<string>()
    for (const { packs, isThere } of this.#indexes.values()) {
      if (isThere) for (const id of packs) named.add(id)
    }
    const twice = { blobs: 0, bytes: 0, ofBytes: 0 }
    const seen = new Set<string>()
    for (const id of named) {
      const pack = this.#packs.get(id)
      if (pack === undefined || pack.deletedAtMs < Infinity) continue
      for (const [blob, bytes] of pack.blobs ?? []) {
        twice.ofBytes += bytes
        if (seen.has(blob)) add(twice, bytes)
        seen.add(blob)
      }
    }
    return twice
  }

  #take(run: HostRun, at: HostExchange): void {
    if (at.method === 'DELETE') this.#takeDeletion(at)
    if (at.method !== 'PUT' || (at.status !== undefined && at.status !== 200)) return
    if (at.name.startsWith('packs/')) this.#takePack(run, at)
    // What was killed amid its put may have come through; a pack that an index object names must have.
    if (at.body === undefined || at.status === undefined) return
    if (at.name.startsWith('condemned/')) {
      const { packs } = decodeCondemnation(this.#open('condemned', at.name, at.body))
      this.#condemned.set(idOf(at.name), packs)
    } else if (at.name.startsWith('index/')) this.#takeIndex(at, at.body)
  }

  #takePack(run: HostRun, at: HostExchange): void {
    const id = idOf(at.name)
    const known = this.#packs.get(id)
    const thereAtMs = at.answeredAtMs ?? Infinity
    if (known) {
      known.thereAtMs = Math.min(known.thereAtMs, thereAtMs)
      return
    }
    const pack: SeenPack = {
      id,
      run,
      sentAtMs: at.startedAtMs,
      thereAtMs,
      deletedAtMs: Infinity,
      blobs: undefined,
    }
    this.#packs.set(id, pack)
    this.#unjudged.push(pack)
  }

  #takeIndex(at: HostExchange, body: Buffer): void {
    const entries = decodeIndexObject(this.#open('index', at.name, body))
    this.#indexes.set(at.name, { packs: entries.map(({ packId }) => packId), isThere: true })
    for (const { packId, trailer } of entries) {
      const pack = this.#packs.get(packId)
      if (!pack) throw new Error(`${at.name} names a pack that nobody has stored: ${packId}`)
      pack.thereAtMs = Math.min(pack.thereAtMs, at.answeredAtMs ?? Infinity)
      if (pack.blobs) continue
      pack.blobs = blobsOf(trailer)
      for (const blob of pack.blobs.keys()) {
        this.#holders.set(blob, [...(this.#holders.get(blob) ?? []), pack])
      }
    }
  }

  #takeDeletion(at: HostExchange): void {
    const pack = at.name.startsWith('packs/') ? this.#packs.get(idOf(at.name)) : undefined
    if (pack) pack.deletedAtMs = Math.min(pack.deletedAtMs, at.startedAtMs)
    const index = this.#indexes.get(at.name)
    if (index) index.isThere = false
  }

  #judgePack(pack: SeenPack): string[] {
    const faults: string[] = []
    const isMove = pack.run.argv[0] !== 'snapshot'
    const judge = isMove ? this.#judgeMove(pack.run) : this.#judgeCopy(pack.run)
    for (const [blob, bytes] of pack.blobs ?? []) {
      const others = this.#holders.get(blob) ?? []
      const before = others.filter(
        (other) =>
          other !== pack && other.sentAtMs < pack.sentAtMs && other.deletedAtMs > pack.sentAtMs,
      )
      if (before.length === 0 && !isMove) continue
      const fault = judge(before, bytes)
      if (fault === undefined) continue
      const { host, argv } = pack.run
      faults.push(`${argv[0]} of ${host} stored ${bytes} bytes again (blob ${blob}): ${fault}`)
    }
    return faults
  }

  /** What a backup may do: it knows every pack that stood when it looked, but for those that were condemned then. */
  #judgeCopy(run: HostRun): (before: readonly SeenPack[], bytes: number) => string | undefined {
    const lookedAtMs = lookedAt(run)
    const avoided = new Set(knownCondemnations(run).flatMap((id) => this.#condemned.get(id) ?? []))
    return (before, bytes) => {
      if (before.some((pack) => pack.run === run)) return 'by the same run'
      const visible = before.filter(({ thereAtMs }) => thereAtMs < lookedAtMs)
      const usable = visible.find(({ id }) => !avoided.has(id))
      if (usable) return `pack ${usable.id} of ${usable.run.host} had it and could be seen`
      add(visible.length > 0 ? this.allowed.condemned : this.allowed.atOnce, bytes)
      return undefined
    }
  }

  /** What a prune may do: move it from where it condemns it. */
  #judgeMove(run: HostRun): (before: readonly SeenPack[], bytes: number) => string | undefined {
    const names = run.exchanges.flatMap(({ method, name }) =>
      method === 'PUT' && name.startsWith('condemned/') ? [idOf(name)] : [],
    )
    const condemned = new Set(names.flatMap((id) => this.#condemned.get(id) ?? []))
    return (before, bytes) => {
      if (before.some(({ id }) => condemned.has(id))) add(this.allowed.moved, bytes)
      else if (run.wasKilled) add(this.allowed.halfMoved, bytes)
      else return 'nothing that has it was condemned'
      return undefined
    }
  }
}

function blobsOf(trailer: Buffer): Map<string, number> {
  const { ids, blobLengths, blobCount } = decodePackTrailer(trailer)
  const blobs = new Map<string, number>()
  for (let at = 0; at < blobCount; at++) {
    blobs.set(ids.toString('hex', at * 32, at * 32 + 32), blobLengths[at] ?? 0)
  }
  return blobs
}

/** When a run looked for packs before it stored its first one: what stood then it has to know. */
function lookedAt(run: HostRun): number {
  let lookedAtMs = -Infinity
  for (const { method, name, startedAtMs } of run.exchanges) {
    if (method === 'PUT' && name.startsWith('packs/')) break
    if (method === 'GET' && /^packs\/[0-9a-f]?$/.test(name)) lookedAtMs = startedAtMs
  }
  return lookedAtMs
}

/** The condemned objects that a run keeps away from stand in its lock. */
function knownCondemnations(run: HostRun): string[] {
  return run.exchanges.flatMap(({ method, name, body }) => {
    if (method !== 'PUT' || !name.startsWith('locks/') || body === undefined) return []
    return (JSON.parse(body.toString()) as { knows: string[] }).knows
  })
}

/** Puts count when they are there, deletions when they are asked for. */
function orderOf({ method, startedAtMs, answeredAtMs }: HostExchange): number {
  return method === 'PUT' ? (answeredAtMs ?? startedAtMs) : startedAtMs
}

function idOf(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

function none(): CopyCounts {
  return { blobs: 0, bytes: 0 }
}

function add(counts: CopyCounts, bytes: number): void {
  counts.blobs += 1
  counts.bytes += bytes
}
