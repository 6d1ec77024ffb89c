import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { logLines, randomBytesOf } from '../../support/random-bytes.ts'
import { scanTree, type ScannedTree } from '../../support/scan-tree.ts'

/** A folder that changes from backup to backup, and what was in it each time. */
export interface SourceFolder {
  readonly path: string
  /** Describes what is in it now: `<name> <generation>`. */
  readonly state: string
  /** Changes some of it. */
  change(): void
  /** Content and metadata at that state; undefined when it was forgotten. */
  scanned(state: string): ScannedTree | undefined
  /** Keeps the states that are still of use, and the present one. */
  keep(states: ReadonlySet<string>): void
}

const slotCount = 24

export function openSourceFolder(parent: string, name: string, random: () => number): SourceFolder {
  const path = join(parent, `source-${name}`)
  mkdirSync(path)
  const draw = (below: number): number => Math.floor(random() * below)
  const states = new Map<string, ScannedTree>()
  let generation = 0
  const slotPath = (slot: number): string => join(path, `folder ${slot % 4}`, `file-${slot}`)
  const write = (slot: number): void => {
    const seed = `${name} ${generation} ${slot}`
    // Mostly small files; some have several chunks, half of which the next version shares.
    const sizeBytes = draw(5) === 0 ? 20_000 + draw(120_000) : draw(6000)
    const shared = logLines(`${name} ${slot}`, Math.floor(sizeBytes / 2))
    rmSync(slotPath(slot), { force: true })
    writeFileSync(
      slotPath(slot),
      Buffer.concat([shared, randomBytesOf(seed, sizeBytes - shared.length)]),
    )
    chmodSync(slotPath(slot), draw(2) === 0 ? 0o640 : 0o755)
  }
  const note = (): void => {
    states.set(`${name} ${generation}`, scanTree(path))
  }
  for (let folder = 0; folder < 4; folder++) mkdirSync(join(path, `folder ${folder}`))
  for (let slot = 0; slot < slotCount; slot++) write(slot)
  symlinkSync(`generation ${generation}`, join(path, 'link'))
  note()
  return {
    path,
    get state() {
      return `${name} ${generation}`
    },
    change() {
      generation += 1
      for (let count = 1 + draw(4); count > 0; count--) write(draw(slotCount))
      const other = join(path, 'other name')
      rmSync(other, { force: true })
      if (draw(2) === 0) linkSync(slotPath(draw(slotCount)), other)
      symlinkSync(`generation ${generation}`, join(path, 'new link'))
      renameSync(join(path, 'new link'), join(path, 'link'))
      note()
    },
    scanned: (state) => states.get(state),
    keep(used) {
      for (const state of states.keys()) {
        if (!used.has(state) && state !== `${name} ${generation}`) states.delete(state)
      }
    },
  }
}

/** A folder that stays as it is. */
export function scannedSource(path: string, state: string): SourceFolder {
  const tree = scanTree(path)
  return {
    path,
    state,
    change: () => undefined,
    scanned: (asked) => (asked === state ? tree : undefined),
    keep: () => undefined,
  }
}
