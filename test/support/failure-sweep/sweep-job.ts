import type { CallKind, ErrnoName, FaultMode } from '../fault-shim/fault-control.ts'
import type { ScenarioName } from './scenarios.ts'

/** Whose calls go wrong: the repository's (its catalogue included), those to what is saved, those to where is restored. */
export const sweepRoots = ['repository', 'source', 'target'] as const
export type SweepRoot = (typeof sweepRoots)[number]

export interface SweepJob {
  readonly scenario: ScenarioName
  readonly root: SweepRoot
  readonly kinds: readonly CallKind[]
  readonly error: ErrnoName
  readonly mode: FaultMode
  readonly isEncrypted: boolean
  /** An empty folder, on a file system with room for a few megabytes. */
  readonly folder: string
  readonly controlPath: string
  /** First and last N, and the step between them. The sweep ends earlier when a run passes untouched. */
  readonly first: number
  readonly last: number
  readonly stride: number
}

export interface SweepTurn {
  readonly nth: number
  /** 0 when the run passed untouched. */
  readonly hits: number
  /** Calls that could have been the Nth. */
  readonly count: number
  readonly call: string
  readonly path: string
  readonly status: number
  /** Code of the error that it ended with, or empty. */
  readonly code: string
  readonly tookMs: number
  /** What was wrong with how it behaved. */
  readonly problems: readonly string[]
}
