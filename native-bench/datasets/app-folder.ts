import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { diskUsage, type DiskUsage } from '../harness/disk-usage.ts'
import { addCacheFiles, changeCacheFiles } from './cache-files.ts'
import type { DataSet, PreparedDataSet, PrepareOptions } from './data-set.ts'
import { appendLogLines } from './log-lines.ts'
import { removeFolder, touchEverything } from './live-folder.ts'
import { SeededRandom } from './seeded-random.ts'
import { insertVectors, writeVectorIndex } from './vector-index.ts'

const MiB = 1 << 20
const indexBytes = 512 * MiB
const logFileCount = 4
const logFileBytes = 64 * MiB
const cacheFileCount = 20_000

/**
 * Changes whenever the same seed would give other bytes, so that data of an earlier version are not
 * used on.
 */
const generatorVersion = 1

/**
 * Each part draws its own random numbers, so that a change to one leaves the others as they are.
 */
const streams = { index: 1, logs: 2, cache: 3, insert: 4, grow: 5, change: 6 } as const

/**
 * What an application that searches by vectors keeps: a big index, logs as JSON lines, thousands of
 * cached answers.
 */
export const appFolder: DataSet = {
  name: 'app-folder',

  prepare(options: PrepareOptions): PreparedDataSet {
    const { seed, scale } = options
    const folder = join(
      options.benchFolder,
      'data',
      `app-folder-g${generatorVersion}-s${seed}-x${scale}`,
    )
    // The manifest is written last: without one, an earlier run was cut off.
    if (!existsSync(join(folder, 'manifest.json'))) make(folder, options)
    const size = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as DiskUsage
    const cacheCount = Math.round(cacheFileCount * scale)
    return {
      name: 'app-folder',
      description:
        `${Math.round((indexBytes * scale) / MiB)} MiB index of float32 vectors, ` +
        `${Math.round((logFileCount * logFileBytes * scale) / MiB)} MiB JSON lines, ` +
        `${cacheCount.toLocaleString('en')} small JSON files; seed ${seed}, ` +
        `${Math.round(size.byteCount / 1e6).toLocaleString('en')} MB in all`,
      pristineFolder: join(folder, 'pristine'),
      steps: [
        { work: 'first backup', apply: () => {} },
        { work: 'nothing changed', apply: () => {} },
        {
          work: '40 vectors of 3 KiB inserted, 4 MiB appended',
          apply: (liveFolder) => {
            const random = new SeededRandom(seed, streams.insert)
            insertVectors(indexPath(liveFolder), random, {
              insertCount: 40,
              appendedBytes: 4 * MiB,
            })
          },
        },
        {
          work: 'everything touched, 1 % changed, logs grown',
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
      ],
    }
  },
}

function make(folder: string, { seed, scale }: PrepareOptions): void {
  const partialFolder = `${folder}.partial`
  removeFolder(partialFolder)
  removeFolder(folder)
  const target = join(partialFolder, 'pristine')
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
  writeFileSync(join(partialFolder, 'manifest.json'), JSON.stringify(diskUsage(target), null, 2))
  renameSync(partialFolder, folder)
}

function indexPath(folder: string): string {
  return join(folder, 'index/vectors.f32')
}

function logPath(folder: string, fileIndex: number): string {
  return join(folder, `logs/events-2026-03-0${fileIndex + 1}.jsonl`)
}
