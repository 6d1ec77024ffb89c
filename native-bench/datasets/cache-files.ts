import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { fractionOf, type SeededRandom } from './seeded-random.ts'
import { someWords } from './words.ts'

/** Writes cached answers, spread over 256 folders as caches do it. */
export function addCacheFiles(
  folder: string,
  random: SeededRandom,
  options: { firstIndex: number; fileCount: number },
): void {
  for (let index = options.firstIndex; index < options.firstIndex + options.fileCount; index += 1) {
    writeCacheFile(folder, random, index)
  }
}

/** A day in the life of a cache of `fileCount` files: 1 % rewritten, 0.5 % gone, 0.5 % new. */
export function changeCacheFiles(folder: string, random: SeededRandom, fileCount: number): void {
  for (let index = 0; index < Math.round(fileCount * 0.01); index += 1) {
    writeCacheFile(folder, random, random.below(fileCount))
  }
  const turnoverCount = Math.round(fileCount * 0.005)
  for (let index = 0; index < turnoverCount; index += 1) {
    rmSync(cachePath(folder, random.below(fileCount)), { force: true })
  }
  addCacheFiles(folder, random, { firstIndex: fileCount, fileCount: turnoverCount })
}

function writeCacheFile(folder: string, random: SeededRandom, index: number): void {
  // One answer in ten is long, as in real caches, where a few files hold most of the bytes.
  const hitCount = random.below(10) === 0 ? 20 + random.below(60) : 1 + random.below(10)
  const answer = {
    key: random.hex(32),
    created: new Date(Date.UTC(2026, 2, 1) + random.below(4 * 86_400_000)).toISOString(),
    ttl_seconds: 3600,
    query: someWords(random, 2 + random.below(6)),
    hits: Array.from({ length: hitCount }, () => ({
      id: `doc-${random.below(200_000)}`,
      score: Math.round(random.fraction() * 1e6) / 1e6,
      title: someWords(random, 3 + random.below(5)),
      snippet: someWords(random, 12 + random.below(20)),
    })),
  }
  const path = cachePath(folder, index)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, JSON.stringify(answer))
}

/**
 * The path follows from the index alone, so that a file can be found again for its change or
 * removal.
 */
function cachePath(folder: string, index: number): string {
  const bucket = Math.floor(fractionOf(`answer ${index}`, 0) * 256)
  return join(
    folder,
    bucket.toString(16).padStart(2, '0'),
    `answer-${String(index).padStart(6, '0')}.json`,
  )
}
