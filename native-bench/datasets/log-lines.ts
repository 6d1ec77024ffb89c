import { appendFileSync } from 'node:fs'

import type { SeededRandom } from './seeded-random.ts'
import { someWords } from './words.ts'

const services = ['search', 'search', 'search', 'ingest', 'gateway'] as const
const routes = ['/v1/search', '/v1/search', '/v1/similar', '/v1/documents', '/v1/health'] as const
const levels = ['info', 'info', 'info', 'info', 'debug', 'warning'] as const
const writeBytes = 4 << 20
const firstMs: number = Date.UTC(2026, 2, 1)

/** Appends request log lines until at least this many bytes are written; the last line is whole. */
export function appendLogLines(path: string, random: SeededRandom, lengthBytes: number): void {
  let timeMs = firstMs
  let writtenBytes = 0
  while (writtenBytes < lengthBytes) {
    let text = ''
    const wantedBytes = Math.min(writeBytes, lengthBytes - writtenBytes)
    // Every character is ASCII, so lengths are bytes.
    while (text.length < wantedBytes) text += logLine(random, (timeMs += random.below(60)))
    appendFileSync(path, text)
    writtenBytes += text.length
  }
}

function logLine(random: SeededRandom, timeMs: number): string {
  const resultCount = random.below(50)
  const line = {
    time: new Date(timeMs).toISOString(),
    level: random.pick(levels),
    service: random.pick(services),
    request: random.hex(16),
    user: `user-${random.below(5000)}`,
    route: random.pick(routes),
    query: someWords(random, 2 + random.below(6)),
    results: resultCount,
    duration_ms: Math.round(random.fraction() * 40_000) / 100,
    status: random.below(100) === 0 ? 500 : 200,
  }
  return `${JSON.stringify(line)}\n`
}
