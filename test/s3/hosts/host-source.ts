import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { seededRandom } from '../../support/faulty-storage.ts'
import { logLines, randomBytesOf } from '../../support/random-bytes.ts'
import { scanTree, type ScannedTree } from '../../support/scan-tree.ts'

const sharedFiles = 8
const sharedSmallFiles = 40
const ownSmallFiles = 40
/** A file that came in a round goes so many rounds later. */
const passingRounds = 4

/** The files of one host: some that all hosts have, in versions that come to each host at once or rounds later, and some of its own. */
export class HostSource {
  readonly path: string
  readonly #name: string
  readonly #seed: number
  /** What each file was last written as, so that what stays the same is not touched. */
  readonly #written = new Map<string, string>()

  constructor(folder: string, name: string, seed: number) {
    this.path = join(folder, `source-${name}`)
    this.#name = name
    this.#seed = seed
  }

  /** Makes of it what it is in this round, and says what that is. */
  change(round: number): ScannedTree {
    const { path } = this
    for (const folder of ['shared/small', 'own/small', 'own/passing', 'links'])
      mkdirSync(join(path, folder), { recursive: true })
    const random = seededRandom(this.#seed ^ hashOf(`${this.#name} ${round}`))
    for (let at = 0; at < sharedFiles; at++) this.#writeShared(at, round, random)
    for (let at = 0; at < sharedSmallFiles; at++) {
      const version = Math.floor(Math.max(0, round + at) / 6)
      this.#write(`shared/small/${at}`, `small ${at} ${version}`, 1 + ((at * 331) % 9000))
    }
    for (let at = 0; at < ownSmallFiles; at++) {
      if (round > 0 && random() < 0.7) continue
      this.#write(`own/small/${at}`, `${this.#name} ${round} ${at}`, 1 + ((at * 977) % 7000))
    }
    this.#grow(round)
    this.#write(`own/passing/${round}`, `${this.#name} passing ${round}`, 90_000)
    rmSync(join(path, `own/passing/${round - passingRounds}`), { force: true })
    this.#link(round, random)
    return scanTree(path)
  }

  /** Versions of all hosts are the same bytes; one that comes late, or goes back to an older one, stores nothing that is there. */
  #writeShared(at: number, round: number, random: () => number): void {
    const late = [0, 0, 0, 1, 2, 3][Math.floor(random() * 6)] ?? 0
    const version = Math.floor((Math.max(0, round - late) + at) / 4)
    this.#write(`shared/${at}`, `shared ${at} ${version}`, 100_000 + at * 30_000)
  }

  #write(name: string, what: string, lengthBytes: number): void {
    if (this.#written.get(name) === what) return
    this.#written.set(name, what)
    const seed = `${this.#seed} ${what}`
    const isText = lengthBytes < 10_000
    const content = isText ? logLines(seed, lengthBytes) : randomBytesOf(seed, lengthBytes)
    const path = join(this.path, name)
    writeFileSync(path, content)
    chmodSync(path, 0o600 | (hashOf(what) & 0o177))
  }

  /** A log, which grows, and a large file in which bytes are inserted. */
  #grow(round: number): void {
    const grown = randomBytesOf(`${this.#seed} ${this.#name} grown ${round}`, 40_000)
    appendFileSync(join(this.path, 'own/log'), grown)
    const parts = Array.from({ length: 12 }, (_, at) =>
      randomBytesOf(
        `${this.#seed} ${this.#name} part ${at} ${Math.floor((round + at) / 12)}`,
        50_000,
      ),
    )
    parts.splice(round % 12, 0, Buffer.from(`inserted in round ${round}`))
    writeFileSync(join(this.path, 'own/large'), Buffer.concat(parts))
    // As if it had grown to what it was long ago and then begun anew.
    if (round % 25 === 24) rmSync(join(this.path, 'own/log'))
  }

  #link(round: number, random: () => number): void {
    const at = (name: string): string => join(this.path, 'links', name)
    rmSync(at('symbolic'), { force: true })
    symlinkSync(`../own/small/${round % ownSmallFiles}`, at('symbolic'))
    if (!existsSync(at('first'))) {
      writeFileSync(at('first'), this.#name)
      linkSync(at('first'), at('second'))
    }
    appendFileSync(at('second'), ` ${round}`)
    utimesSync(at('first'), 1_500_000_000 + round, 1_600_000_000.5 + round)
    const [from, to] = random() < 0.5 ? ['here', 'there'] : ['there', 'here']
    if (existsSync(at(from))) renameSync(at(from), at(to))
    else if (!existsSync(at(to))) mkdirSync(at(to), { mode: 0o711 })
  }
}

function hashOf(text: string): number {
  return randomBytesOf(text, 4).readUInt32LE()
}
