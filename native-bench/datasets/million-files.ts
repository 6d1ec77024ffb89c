import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { BenchError } from '../harness/bench-error.ts'
import type { DataSet, PreparedDataSet, PrepareOptions } from './data-set.ts'
import { fillWithText } from './fill-with-text.ts'
import { makeOnce } from './make-once.ts'
import { remember } from './remember.ts'
import { firstBackup, fullRestore, nothingChanged, titles } from './row.ts'
import { SeededRandom } from './seeded-random.ts'

const generator = { name: 'million-files', version: 1 } as const
const fileCountAtFullScale = 1_000_000
const filesPerFolder = 100
const foldersPerFolder = 100
const fileBytesMax = 4096
/** Of the files, how many per hundred have the contents of an earlier one. */
const duplicatePercent = 3

/** A million files of at most 4 KiB: what a tool spends on each file is all that counts. */
export const millionFiles: DataSet = {
  name: generator.name,

  prepare(options: PrepareOptions): PreparedDataSet {
    const fileCount = Math.max(filesPerFolder, Math.round(fileCountAtFullScale * options.scale))
    const { pristineFolder, size } = makeOnce(generator, options, (folder) => {
      addSmallFiles(folder, new SeededRandom(options.seed, 1), fileCount)
    })
    return {
      name: generator.name,
      description:
        `${fileCount.toLocaleString('en')} files of 0 to 4 KiB, text, JSON and settings, in ` +
        `folders of ${filesPerFolder}; seed ${options.seed}, ` +
        `${Math.round(size.byteCount / 1e6).toLocaleString('en')} MB in all`,
      pristineFolder,
      // One file more or less in a million makes no difference: nothing is changed, so that nothing
      // has to be copied.
      rows: [
        firstBackup,
        nothingChanged,
        {
          kind: 'restore-file',
          title: titles.oneFileRestored,
          path: fileInTheMiddle(pristineFolder, fileCount),
        },
        fullRestore,
      ],
      rounds: 1,
    }
  },
}

function addSmallFiles(folder: string, random: SeededRandom, fileCount: number): void {
  const block = Buffer.alloc(fileBytesMax)
  const remembered: Buffer[] = []
  let parent = ''
  for (let index = 0; index < fileCount; index += 1) {
    if (index % filesPerFolder === 0) {
      parent = join(folder, folderOf(index))
      mkdirSync(parent, { recursive: true })
    }
    const kind = kinds[random.below(kinds.length)]
    const isDuplicate = random.below(100) < duplicatePercent && remembered.length > 0
    const contents = isDuplicate ? random.pick(remembered) : contentsOf(kind, block, random, index)
    writeFileSync(
      `${parent}/${kind.name}-${String(index).padStart(7, '0')}.${kind.ending}`,
      contents,
    )
    if (index % 10 === 0) remember(remembered, contents, random)
  }
}

function folderOf(fileIndex: number): string {
  const folderIndex = Math.floor(fileIndex / filesPerFolder)
  const outer = Math.floor(folderIndex / foldersPerFolder)
  const inner = folderIndex % foldersPerFolder
  return `group-${String(outer).padStart(3, '0')}/set-${String(inner).padStart(2, '0')}`
}

interface Kind {
  readonly name: string
  readonly ending: string
  head(random: SeededRandom, index: number): string
  readonly tail: string
}

const kinds: readonly Kind[] = [
  { name: 'note', ending: 'txt', head: () => '', tail: '\n' },
  {
    name: 'record',
    ending: 'json',
    head: (random, index) =>
      `{"id":"${random.hex(16)}","number":${index},"state":"${random.pick(['open', 'done'])}",` +
      `"score":${random.below(10_000) / 100},"text":"`,
    tail: '"}\n',
  },
  {
    name: 'settings',
    ending: 'conf',
    head: (random, index) =>
      `# settings of unit ${index}\nlimit = ${random.below(5000)}\n` +
      `enabled = ${random.below(2) === 0}\ntoken = ${random.hex(24)}\ncomment = `,
    tail: '\n',
  },
]

/** At most 4 KiB, small ones more often than large ones, a few empty. */
function contentsOf(kind: Kind, block: Buffer, random: SeededRandom, index: number): Buffer {
  const lengthBytes = Math.floor((fileBytesMax + 1) * random.fraction() ** 2)
  if (lengthBytes < 32) return block.subarray(0, 0)
  const headBytes = block.write(kind.head(random, index), 0, 'latin1')
  const textEnd = Math.max(headBytes, lengthBytes - kind.tail.length)
  fillWithText(block.subarray(headBytes, textEnd), random)
  return block.subarray(0, textEnd + block.write(kind.tail, textEnd, 'latin1'))
}

/** Far from the first and the last one, and not an empty one. */
function fileInTheMiddle(folder: string, fileCount: number): string {
  const parent = folderOf(Math.floor(fileCount / 2))
  const names = readdirSync(join(folder, parent)).sort()
  const name = names.find((candidate) => statSync(join(folder, parent, candidate)).size > 1000)
  if (name === undefined) throw new BenchError(`Cannot find a file to restore in "${parent}"`)
  return join(parent, name)
}
