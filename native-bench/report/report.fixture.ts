import type { Sample } from '../harness/sample.ts'
import type { BenchResult } from './result.ts'

interface Figures {
  readonly dataSet?: string
  readonly work: string
  readonly tool: string
  readonly round?: number
  readonly wallSeconds?: number
  readonly peakMemoryBytes?: number
  readonly repositoryBytes?: number
  readonly growth?: Sample['growth']
}

/** A measurement with the figures that a test is about. */
export function sample(figures: Figures): Sample {
  const wallSeconds = figures.wallSeconds ?? 1
  return {
    dataSet: figures.dataSet ?? 'source-tree',
    work: figures.work,
    tool: figures.tool,
    round: figures.round ?? 1,
    cost: {
      wallSeconds,
      userSeconds: wallSeconds,
      systemSeconds: wallSeconds / 2,
      peakMemoryBytes: figures.peakMemoryBytes ?? 100e6,
      readBytes: 0,
      writtenBytes: 0,
      deviceReadBytes: 0,
      deviceWrittenBytes: 0,
      otherCpuCores: 0,
      loadAverageBefore: 0,
    },
    isWriting: true,
    repository: { byteCount: figures.repositoryBytes ?? 0, fileCount: 1 },
    cache: { byteCount: 0, fileCount: 0 },
    ...(figures.growth !== undefined && { growth: figures.growth }),
  }
}

/** A result of some measurements, with the tools and data sets that occur in them. */
export function resultOf(samples: readonly Sample[]): BenchResult {
  const named = (names: readonly string[]): { name: string; description: string }[] =>
    [...new Set(names)].map((name) => ({ name, description: `the ${name}` }))
  return {
    resultVersion: 2,
    startedAt: '2026-11-27T00:00:00.000Z',
    finishedAt: '2026-11-27T01:00:00.000Z',
    repeatCommand: 'bench',
    scale: 1,
    isCold: false,
    isComplete: true,
    machine: {
      processor: 'processor',
      coreCount: 2,
      memoryBytes: 2 ** 34,
      system: 'Linux',
      fileSystem: 'ext4',
      node: 'v20',
    },
    tools: named(samples.map(({ tool }) => tool)),
    dataSets: named(samples.map(({ dataSet }) => dataSet)).map((one) => ({ ...one, rounds: 1 })),
    samples,
  }
}
