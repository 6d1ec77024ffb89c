import { ExcludeRules } from '../../filesystem/scan/exclude-rules.ts'

/** Decides by path what a restore takes. Pure. */
export class RestoreFilter {
  readonly #includes: ExcludeRules
  readonly #excludes: ExcludeRules

  constructor(includes: readonly string[], excludes: readonly string[]) {
    this.#includes = new ExcludeRules(includes)
    this.#excludes = new ExcludeRules(excludes)
  }

  /** Without patterns paths need not be made. */
  get takesEverything(): boolean {
    return this.#includes.isEmpty && this.#excludes.isEmpty
  }

  get hasIncludes(): boolean {
    return !this.#includes.isEmpty
  }

  /** @param isInside whether a folder above was taken by an include */
  takes(path: string, isDirectory: boolean, isInside: boolean): boolean {
    if (this.#excludes.excludes(path, isDirectory)) return false
    return isInside || this.#includes.isEmpty || this.#includes.excludes(path, isDirectory)
  }

  /** Whether a folder has to be looked into although it is not taken itself. */
  looksInto(path: string): boolean {
    return !this.#includes.isEmpty && !this.#excludes.excludes(path, true)
  }
}
