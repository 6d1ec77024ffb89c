import type { Row } from './row.ts'

/** Where and how large the data are made. */
export interface PrepareOptions {
  /**
   * The bench's own folder; data sets are kept in its `data` folder and used again by later runs.
   */
  readonly benchFolder: string
  /** 1 for the documented size; smaller for a quick look. */
  readonly scale: number
  /** Everything that is generated follows from it. */
  readonly seed: number
}

/** A data set that is on disk and ready to be copied. */
export interface PreparedDataSet {
  readonly name: string
  /** One sentence for the report: what it is, how many files and bytes. */
  readonly description: string
  /** The state before the first row; never changed, only copied. */
  readonly pristineFolder: string
  /** In the order in which they are measured. */
  readonly rows: readonly Row[]
  /** Of a full run: the huge ones cost too much time for three. */
  readonly rounds: number
  /** Whether files have holes, which tools that have to be told about them are then told. */
  readonly isSparse?: boolean
}

/** A kind of data to measure with. */
export interface DataSet {
  readonly name: string
  /**
   * Makes the data, or finds them made by an earlier run with equal options.
   * @throws {BenchError} When something that is needed cannot be fetched.
   */
  prepare(options: PrepareOptions): PreparedDataSet
}
