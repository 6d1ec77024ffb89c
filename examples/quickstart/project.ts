import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { addCacheFiles, changeCacheFiles } from '../../native-bench/datasets/cache-files.ts'
import { appendLogLines } from '../../native-bench/datasets/log-lines.ts'
import { SeededRandom } from '../../native-bench/datasets/seeded-random.ts'
import { insertVectors, writeVectorIndex } from '../../native-bench/datasets/vector-index.ts'

const MiB = 1 << 20
const indexBytes = 48 * MiB
const logBytes = 8 * MiB
const cacheFileCount = 3000
/** Any number: the same one gives the same project everywhere. */
const seed = 1

/** As the documented system's, with the repository beside the project instead of in it. */
// Who restored what is written down beside the project, which stays as it was saved.
const configuration = `repository: ../repository
holdfast:
  access_log: ../access.jsonl

api:
  backup:
    paths:
      index: "data/index/"
      cache: "logs/cache/"
      config: "config.yml"
      logs: "logs/"
    verification: true
`

/** What an application that searches by vectors keeps: an index, cached answers, logs, a configuration. */
export function makeProject(folder: string): void {
  mkdirSync(join(folder, 'data/index'), { recursive: true })
  mkdirSync(join(folder, 'logs/cache'), { recursive: true })
  writeFileSync(join(folder, 'config.yml'), configuration)
  writeVectorIndex(indexFile(folder), new SeededRandom(seed, 1), indexBytes)
  writeFileSync(join(folder, 'data/index/metadata.json'), metadata(0))
  addCacheFiles(join(folder, 'logs/cache'), new SeededRandom(seed, 2), {
    firstIndex: 0,
    fileCount: cacheFileCount,
  })
  appendLogLines(logFile(folder, 1), new SeededRandom(seed, 3), logBytes)
  appendLogLines(logFile(folder, 2), new SeededRandom(seed, 4), logBytes)
}

/** A day in its life, one sentence for each thing that happens. */
export function changeProject(folder: string): readonly string[] {
  insertVectors(indexFile(folder), new SeededRandom(seed, 5), {
    insertCount: 8,
    appendedBytes: MiB,
  })
  writeFileSync(join(folder, 'data/index/metadata.json'), metadata(1))
  changeCacheFiles(join(folder, 'logs/cache'), new SeededRandom(seed, 6), cacheFileCount)
  appendLogLines(logFile(folder, 2), new SeededRandom(seed, 7), 2 * MiB)
  appendFileSync(join(folder, 'config.yml'), '    compression: true\n')
  return [
    'the index got 8 vectors of 3 KiB inserted in the middle and 1 MiB at the end',
    'of 3,000 cache files 30 were rewritten, 15 deleted and 15 added',
    'a log grew by 2 MiB, and the configuration by a line',
  ]
}

/** Relative to the project. */
export const metadataPath = 'data/index/metadata.json'

function indexFile(folder: string): string {
  return join(folder, 'data/index/vectors.f32')
}

function logFile(folder: string, day: number): string {
  return join(folder, `logs/requests-2026-03-0${day}.jsonl`)
}

function metadata(generation: number): string {
  return `${JSON.stringify({ dimensions: 768, metric: 'cosine', generation }, undefined, 2)}\n`
}
