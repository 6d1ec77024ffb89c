import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { objectIdOf } from '../../src/format/object/object-name.ts'
import { stripeBytes, type ProtectedPack } from '../../src/format/parity/parity-head.ts'
import { initRepository } from '../../src/repository/init-repository.ts'
import { openRepository } from '../../src/repository/open-repository.ts'
import { reconstructPacks } from '../../src/repository/parity/reconstruct-packs.ts'
import { writeGroup } from '../../src/repository/parity/write-group.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import type { Soak, SoakContext } from './frame/soak.ts'

const parityShards = 2
const sectorBytes = 4096
const packCountMin = 8
const packCountMax = 20

/** Every way to lose two or three objects of groups of 8 to 20 packs and two parity objects, then bad sectors drawn at random. */
export const soak: Soak = {
  proves:
    'Any two objects of a group of k + 2 (k = 8 to 20) can be lost and come back bit for bit; three are reported, and no wrong pack is given; ' +
    'with two bad sectors in every stripe row, over all packs, everything comes back.',
  takes: 'about 3 min',
  unit: 'losses',
  countDefault: 12_000,
  async run(context) {
    const figures = { pairs: 0, triples: 0, 'sector patterns': 0, 'packs reconstructed': 0 }
    let done = 0
    const isOver = (): boolean => context.isOver() || done >= context.count
    for (let packCount = packCountMin; packCount <= packCountMax && !isOver(); packCount++) {
      await using group = await Group.make(context, packCount)
      const all = group.names.map((_, index) => index)
      for (const lost of choices(all, 2)) {
        if (isOver()) break
        figures['packs reconstructed'] += await group.lose(lost, true)
        figures.pairs += 1
        context.progress((done += 1), `any 2 of ${packCount} + 2`)
      }
      for (const lost of choices(all, 3)) {
        if (isOver()) break
        await group.lose(lost, false)
        figures.triples += 1
        context.progress((done += 1), `any 3 of ${packCount} + 2`)
      }
    }
    while (!isOver()) {
      const packCount = packCountMin + Math.floor(context.random() * 13)
      await using group = await Group.make(context, packCount)
      for (let pattern = 0; pattern < 20 && !isOver(); pattern++) {
        figures['packs reconstructed'] += await group.spoil()
        figures['sector patterns'] += 1
        context.progress((done += 1), 'bad sectors')
      }
    }
    return { done, figures }
  },
}

function* choices<T>(items: readonly T[], count: number): Generator<T[]> {
  if (count === 0) {
    yield []
    return
  }
  for (const [index, item] of items.entries()) {
    for (const rest of choices(items.slice(index + 1), count - 1)) yield [item, ...rest]
  }
}

let made = 0

class Group implements AsyncDisposable {
  readonly names: readonly string[]
  readonly #context: SoakContext
  readonly #repository: Repository
  readonly #packs: readonly ProtectedPack[]
  readonly #contents: readonly Buffer[]
  readonly #prefixBytes: number
  readonly #shardBytes: number

  private constructor(fields: {
    context: SoakContext
    repository: Repository
    packs: readonly ProtectedPack[]
    names: readonly string[]
  }) {
    this.#context = fields.context
    this.#repository = fields.repository
    this.#packs = fields.packs
    this.names = fields.names
    this.#contents = fields.names.map((name) =>
      readFileSync(join(fields.repository.location, name)),
    )
    this.#prefixBytes = this.#contents[fields.packs.length].readUInt32LE(64)
    this.#shardBytes = Math.max(...fields.packs.map(({ bytes }) => bytes))
  }

  static async make(context: SoakContext, packCount: number): Promise<Group> {
    made += 1
    const location = join(context.folder, `group-${made}`)
    await initRepository({ location })
    const repository = await openRepository({ location })
    mkdirSync(join(location, 'aside'))
    const packs = Array.from({ length: packCount }, (_, place) => {
      const lengthBytes = 1 + Math.floor(context.random() * 2 * stripeBytes)
      const bytes = randomBytesOf(`${context.seed} ${made} ${place}`, lengthBytes)
      const id = objectIdOf(bytes)
      writeFileSync(join(location, 'packs', id), bytes)
      return { id, bytes: lengthBytes }
    })
    await writeGroup(repository, { packs, parityShards })
    const [{ objects }] = repository.catalogue.parity.groups()
    const names = [...packs.map(({ id }) => `packs/${id}`), ...objects.map((id) => `parity/${id}`)]
    return new Group({ context, repository, packs, names })
  }

  /** Takes objects away, looks at what comes back, and puts them back. @returns packs that came back */
  async lose(lost: readonly number[], isExpected: boolean): Promise<number> {
    const aside = lost.map((index) => {
      const path = join(this.#repository.location, this.names[index])
      const other = join(this.#repository.location, 'aside', `${index}`)
      renameSync(path, other)
      return { path, other }
    })
    const lostPacks = lost.filter((index) => index < this.#packs.length)
    // Why one does not come back is why none does.
    const places = isExpected ? lostPacks : lostPacks.slice(0, 1)
    const back = await this.#reconstruct(places, isExpected, `lost ${lost.join(', ')}`)
    for (const { path, other } of aside) renameSync(other, path)
    return back
  }

  /** Two bad sectors in every row of stripes, in objects drawn anew for each. */
  async spoil(): Promise<number> {
    const { random } = this.#context
    const bytes = this.#contents.map((content) => Buffer.from(content))
    const places = new Set<number>()
    for (let start = 0; start < this.#shardBytes; start += stripeBytes) {
      const first = Math.floor(random() * bytes.length)
      const second = (first + 1 + Math.floor(random() * (bytes.length - 1))) % bytes.length
      for (const index of [first, second]) {
        const isPack = index < this.#packs.length
        const end = isPack ? this.#packs[index].bytes : this.#shardBytes
        const at = start + Math.floor(random() * 16) * sectorBytes
        if (at >= end) continue
        const shardStart = isPack ? 0 : this.#prefixBytes
        bytes[index].fill(0xa5, shardStart + at, shardStart + Math.min(at + sectorBytes, end))
        if (isPack) places.add(index)
      }
    }
    this.#write(bytes)
    const back = await this.#reconstruct([...places], true, 'bad sectors')
    this.#write(this.#contents)
    return back
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#repository.close()
  }

  #write(contents: readonly Buffer[]): void {
    for (const [index, content] of contents.entries()) {
      writeFileSync(join(this.#repository.location, this.names[index]), content)
    }
  }

  async #reconstruct(
    places: readonly number[],
    isExpected: boolean,
    what: string,
  ): Promise<number> {
    const ids = places.map((place) => this.#packs[place].id)
    let back = 0
    for await (const { packId, bytes } of reconstructPacks(this.#repository, ids)) {
      const place = this.#packs.findIndex(({ id }) => id === packId)
      const isRight = bytes?.equals(this.#contents[place])
      if (isRight === true) back += 1
      if (isRight === false) this.#context.violation(`${what}: wrong bytes for pack ${place}`)
      if ((isRight === true) !== isExpected) {
        const state = isExpected ? 'does not come back' : 'came back'
        this.#context.violation(`${what} of ${this.#packs.length} + 2: pack ${place} ${state}`)
      }
    }
    return back
  }
}
