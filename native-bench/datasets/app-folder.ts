import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { addCacheFiles, changeCacheFiles } from './cache-files.ts'
import type { DataSet, PreparedDataSet, PrepareOptions } from './data-set.ts'
import { appendLogLines } from './log-lines.ts'
import { touchEverything } from './live-folder.ts'
import { makeOnce } from './make-once.ts'
import { closingRows, firstBackup, nothingChanged, titles } from './row.ts'
import { SeededRandom } from './seeded-random.ts'
import { insertVectors, writeVectorIndex } from './vector-index.ts'

const MiB = 1 << 20
const indexBytes = 512 * MiB
const logFileCount = 4
const logFileBytes = 64 * MiB
const cacheFileCount = 20_000

const generator = { name: 'app-folder', version: 1 } as const

/**
 * Each part draws its own random numbers, so that a change to one leaves the others as they are.
 */
const streams = { index: 1, logs: 2, cache: 3, insert: 4, grow: 5, change: 6 } as const

/**
 * What an application that searches by vectors keeps: a big index, logs as JSON lines, thousands of
 * cached answers.
 */
export const appFolder: DataSet = {
  name: generator.name,

  prepare(options: PrepareOptions): PreparedDataSet {
    const { seed, scale } = options
    const { pristineFolder, size } = makeOnce(generator, options, (folder) => fill(folder, options))
    const cacheCount = Math.round(cacheFileCount * scale)
    return {
      name: generator.name,
      description:
        `${Math.round((indexBytes * scale) / MiB)} MiB index of float32 vectors, ` +
        `${Math.round((logFileCount * logFileBytes * scale) / MiB)} MiB JSON lines, ` +
        `${cacheCount.toLocaleString('en')} small JSON files; seed ${seed}, ` +
        `${Math.round(size.byteCount / 1e6).toLocaleString('en')} MB in all`,
      pristineFolder,
      rounds: 3,
      rows: [
        firstBackup,
        nothingChanged,
        {
          kind: 'backup',
          title: titles.vectorsInserted,
          apply: (liveFolder) => {
            const random = new SeededRandom(seed, streams.insert)
            insertVectors(indexPath(liveFolder), random, {
              insertCount: 40,
              appendedBytes: 4 * MiB,
            })
          },
        },
        {
          kind: 'backup',
          title: titles.appendedAndTouched,
          apply: (liveFolder) => {
            appendLogLines(
              logPath(liveFolder, logFileCount - 1),
              new SeededRandom(seed, streams.grow),
              16 * MiB * scale,
            )
            changeCacheFiles(
              join(liveFolder, 'cache'),
              new SeededRandom(seed, streams.change),
              cacheCount,
            )
            touchEverything(liveFolder)
          },
        },
        ...closingRows,
      ],
    }
  },
}

function fill(target: string, { seed, scale }: PrepareOptions): void {
  for (const name of ['index', 'logs', 'cache', 'config'])
    mkdirSync(join(target, name), { recursive: true })
  writeVectorIndex(indexPath(target), new SeededRandom(seed, streams.index), indexBytes * scale)
  const logRandom = new SeededRandom(seed, streams.logs)
  for (let fileIndex = 0; fileIndex < logFileCount; fileIndex += 1) {
    appendLogLines(logPath(target, fileIndex), logRandom, logFileBytes * scale)
  }
  addCacheFiles(join(target, 'cache'), new SeededRandom(seed, streams.cache), {
    firstIndex: 0,
    fileCount: Math.round(cacheFileCount * scale),
  })
  writeFileSync(
    join(target, 'config/application.yml'),
    'index:\n  dimensions: 768\n  metric: cosine\nlogs:\n  level: info\n',
  )
}

function indexPath(folder: string): string {
  return join(folder, 'index/vectors.f32')
}

function logPath(folder: string, fileIndex: number): string {
  return join(folder, `logs/events-2026-03-0${fileIndex + 1}.jsonl`)
}
