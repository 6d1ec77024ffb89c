import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CopyOptions, CopyResult, HoldfastEvent, Repository } from '../../../src/index.ts'
import { engine } from '../../support/built-engine.ts'
import {
  directory,
  file,
  hardLink,
  makeTree,
  sparseFile,
  special,
  symlink,
} from '../../support/make-tree.ts'
import { logLines, randomBytesOf } from '../../support/random-bytes.ts'
import { newRepository, remarks, type TestRepository } from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** A source tree with every kind of entry and content that a copy treats in its own way. */
export function mixedFolder(): string {
  const folder = scratchFolder()
  const many: Record<string, ReturnType<typeof file>> = {}
  for (let number = 0; number < 300; number++) {
    many[`file-${number}`] = file(logLines(`many ${number}`, 100 + number * 37))
  }
  makeTree(folder, {
    empty: file(''),
    notes: file('short', { mode: 0o640, xattrs: { 'user.kind': 'note' } }),
    'same notes': hardLink('notes'),
    link: symlink('notes'),
    fifo: special('fifo'),
    many: directory(many, { mtime: [1_700_000_000, 123_456_789] }),
    deep: directory({ er: directory({ still: directory({ leaf: file('leaf') }) }) }),
    // More references than an entry holds: its content is in lists.
    long: file(randomBytesOf('long', 12 * MiB)),
    middle: file(randomBytesOf('middle', 700 * KiB)),
    sparse: sparseFile(3 * MiB, [
      [0, randomBytesOf('start', 40 * KiB)],
      [2 * MiB, randomBytesOf('end', 100 * KiB)],
    ]),
    zeros: file(Buffer.alloc(300 * KiB)),
  })
  return folder
}

/** A repository with another size of chunks than those of `newRepository`. */
export async function newRepositoryOfChunks(chunkAverageBytes: number): Promise<Repository> {
  const location = join(scratchFolder(fastFolder), 'repository')
  await engine.initRepository({ location, chunkAverageBytes })
  return await engine.openRepository({ location })
}

export async function newPair(isEncrypted = false): Promise<{
  a: TestRepository
  b: TestRepository
  source: Repository
  target: Repository
}> {
  const a = await newRepository({ isEncrypted })
  const b = await newRepository({ isEncrypted })
  return { a, b, source: await a.open(), target: await b.open() }
}

export interface Copied extends CopyResult {
  readonly outcomes: readonly string[]
  readonly remarks: readonly string[]
}

export async function copy(
  target: Repository,
  source: Repository,
  options: CopyOptions = {},
): Promise<Copied> {
  const events: HoldfastEvent[] = []
  const result = await engine.copySnapshots(target, source, {
    ...options,
    onEvent: (event) => {
      events.push(event)
      options.onEvent?.(event)
    },
  })
  const outcomes = result.snapshots.map(({ outcome }) => outcome)
  return { ...result, outcomes, remarks: remarks(events) }
}

/** Rewrites a file so that every backup sees that it changed. */
export function change(folder: string, name: string, content: string | Buffer): void {
  writeFileSync(join(folder, name), content)
}
