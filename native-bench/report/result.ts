import type { Machine } from '../harness/machine.ts'
import type { Sample } from '../harness/run-scenario.ts'

/** Everything that a run found out; written as JSON and turned into tables. */
export interface BenchResult {
  /** Of this structure; raised when a reader of older files would go wrong. */
  readonly resultVersion: 1
  readonly startedAt: string
  readonly finishedAt: string
  readonly repeatCommand: string
  readonly rounds: number
  readonly isCold: boolean
  /** False when a command or a comparison failed: the measurements up to there are kept. */
  readonly isComplete: boolean
  readonly machine: Machine
  readonly tools: readonly { readonly name: string; readonly description: string }[]
  readonly dataSets: readonly { readonly name: string; readonly description: string }[]
  readonly samples: readonly Sample[]
}
