import type { DiskUsage } from './disk-usage.ts'
import type { CommandCost } from './measure-command.ts'

/** One measurement: what a tool needed for a piece of work and what it left on disk. */
export interface Sample {
  readonly dataSet: string
  readonly work: string
  readonly tool: string
  /** From 1 on. */
  readonly round: number
  readonly cost: CommandCost
  /** Whether the work writes to the repository by its nature; a restore or a check does not. */
  readonly isWriting: boolean
  /** After the work. */
  readonly repository: DiskUsage
  /** The local cache or catalogue outside the repository, after the work. */
  readonly cache: DiskUsage
  /** After each backup of a series; the first is the one before the series. */
  readonly growth?: readonly Growth[]
}

/** A repository's size after one of many backups. */
export interface Growth {
  readonly generation: number
  readonly byteCount: number
}
