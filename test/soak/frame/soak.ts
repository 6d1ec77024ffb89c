/** A long proof, run by `npm run soak -- NAME`: one file `test/soak/<name>.soak.ts` that exports it as `soak`. */
export interface Soak {
  /** One sentence: what holds when it ends without a violation. */
  readonly proves: string
  /** For the list, with the default count: `about 20 min`. */
  readonly takes: string
  /** What `--count` counts, in the plural: `kills`. */
  readonly unit: string
  readonly countDefault: number
  /** Options of this soak alone, all of which take a value: name to description and default. */
  readonly options?: Readonly<Record<string, SoakOption>>
  /**
   * Does `context.count` units, or fewer when `context.isOver()` says so. What must not be is reported by `context.violation`, or thrown.
   */
  run(context: SoakContext): Promise<SoakResult>
}

export interface SoakOption {
  readonly description: string
  readonly default: string
}

export interface SoakContext {
  readonly count: number
  readonly seed: number
  /** The same numbers in [0, 1) for the same seed. */
  readonly random: () => number
  /** Empty folder for everything that the soak makes; kept when there was a violation, else removed. */
  readonly folder: string
  /** Value of one of the soak's own options. */
  option(name: string): string
  /** Whether the time of `--seconds` is over, or the user wants it to end. Ask it between two units. */
  isOver(): boolean
  /** Shows how far it is; as often as one likes. */
  progress(done: number, text?: string): void
  /** Something that must not be. The soak may go on, or end itself by an exception. */
  violation(message: string): void
}

export interface SoakResult {
  /** Units that were done. */
  readonly done: number
  /** What was counted and measured, in the order in which it is shown; units belong into the names. */
  readonly figures: Readonly<Record<string, string | number>>
}
