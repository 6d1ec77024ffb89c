import type { Machine } from '../harness/machine.ts'
import type { Sample } from '../harness/sample.ts'

/** Everything that a run found out; written as JSON and turned into tables and charts. */
export interface BenchResult {
  /** Of this structure; raised when a reader of older files would go wrong. */
  readonly resultVersion: 2
  readonly startedAt: string
  readonly finishedAt: string
  readonly repeatCommand: string
  /** 1 for the documented sizes of the data sets. */
  readonly scale: number
  readonly isCold: boolean
  /** False when a command or a comparison failed: the measurements up to there are kept. */
  readonly isComplete: boolean
  readonly machine: Machine
  readonly tools: readonly { readonly name: string; readonly description: string }[]
  readonly dataSets: readonly {
    readonly name: string
    readonly description: string
    readonly rounds: number
  }[]
  readonly samples: readonly Sample[]
}
