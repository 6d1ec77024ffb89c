import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { compareTrees } from '../../../native-bench/compare-trees.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'

const smallFiles = 60

/** A machine that backs up a folder of its own, and remembers what it was at each backup. */
export interface Host {
  readonly name: string
  readonly source: string
  readonly environment: Readonly<Record<string, string>>
  /** Changes some of it. */
  change(): void
  /** Keeps what it is now. @returns where */
  keep(): string
}

/** What a backup that was acknowledged has to give back. */
export interface Acknowledged {
  readonly id: string
  readonly host: Host
  /** A copy of the source as it was. */
  readonly copy: string
}

export function openHost(folder: string, name: string, random: () => number): Host {
  const source = join(folder, `source-${name}`)
  const draw = (end: number): number => Math.floor(random() * end)
  let kept = 0
  const writeSmall = (index: number): void => {
    const at = join(source, `folder${index % 5}`)
    mkdirSync(at, { recursive: true })
    writeFileSync(join(at, `file${index}`), randomBytesOf(draw(2 ** 31), 200 + draw(20_000)))
  }
  for (let index = 0; index < smallFiles; index++) writeSmall(index)
  // What all have, and what is not found in one request.
  writeFileSync(join(source, 'common'), randomBytesOf(7, 3_000_000))
  return {
    name,
    source,
    environment: { HOME: join(folder, `home-${name}`) },
    change() {
      for (let times = 0; times < 12; times++) writeSmall(draw(smallFiles))
      rmSync(join(source, `folder${draw(5)}`, `file${draw(smallFiles)}`), { force: true })
      writeFileSync(join(source, 'own'), randomBytesOf(draw(2 ** 31), 400_000 + draw(2_000_000)))
    },
    keep() {
      const copy = join(folder, `kept-${name}-${kept++}`)
      execFileSync('cp', ['-a', source, copy])
      return copy
    },
  }
}

/** What a restore below `target` has other than it should. */
export function differencesOf({ host, copy }: Acknowledged, target: string): readonly string[] {
  return compareTrees(copy, join(target, host.source)).differences
}
