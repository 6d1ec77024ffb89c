import { pathGlob } from './path-glob.ts'

interface ExcludeRule {
  readonly isNegated: boolean
  readonly onlyDirectories: boolean
  readonly matches: (path: string) => boolean
}

/**
 * Exclude patterns with the meaning restic and .gitignore gave them: a pattern without a leading slash matches at any depth, `**`
 * crosses directories, a trailing slash matches directories only, `!` takes back what an earlier pattern excluded, and the last
 * match wins.
 */
export class ExcludeRules {
  readonly #rules: readonly ExcludeRule[]

  /** @param patterns in order; empty ones and those that begin with `#` are passed over */
  constructor(patterns: readonly string[]) {
    this.#rules = patterns
      .map((pattern) => pattern.trim())
      .filter((pattern) => pattern !== '' && !pattern.startsWith('#'))
      .map(compileRule)
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0
  }

  /** @param path absolute, with a leading slash and none at the end */
  excludes(path: string, isDirectory: boolean): boolean {
    let isExcluded = false
    for (const rule of this.#rules) {
      if (rule.onlyDirectories && !isDirectory) continue
      if (rule.isNegated === isExcluded && rule.matches(path)) isExcluded = !rule.isNegated
    }
    return isExcluded
  }
}

function compileRule(pattern: string): ExcludeRule {
  const isNegated = pattern.startsWith('!')
  let glob = isNegated ? pattern.slice(1) : pattern
  const onlyDirectories = glob.endsWith('/') && glob.length > 1
  if (onlyDirectories) glob = glob.slice(0, -1)
  // Patterns and paths are compared without their leading slash: `**/` then also matches no directory at all.
  glob = glob.startsWith('/') ? glob.slice(1) : `**/${glob.replace(/^(\*\*\/)+/, '')}`
  const matches = pathGlob(glob)
  return { isNegated, onlyDirectories, matches: (path) => matches(path.slice(1)) }
}
