import { ExcludeRules } from '../../filesystem/scan/exclude-rules.ts'
import { decodePathText } from '../../format/manifest/path-text.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { componentsInTree } from '../../repository/find-entry.ts'
import type { KeptPaths } from './kept-paths.ts'

/**
 * What `restore --delete` may remove. Only folders that were saved whole say what does not belong into them: of those on the way to a
 * saved path the snapshot knows one name, and the others are none of its business. What the backup was told to leave out is spared.
 */
export class DeletionRule {
  readonly #wholePaths: readonly string[]
  readonly #excludes: ExcludeRules
  readonly #prefix: string
  readonly #kept: KeptPaths

  /** @param prefix components of the restored folder in the snapshot */
  constructor(snapshot: Snapshot, prefix: readonly Buffer[], kept: KeptPaths) {
    this.#kept = kept
    this.#wholePaths = snapshot.paths.map((path) =>
      joined(componentsInTree(snapshot, decodePathText(path))),
    )
    this.#excludes = new ExcludeRules(snapshot.excludes)
    this.#prefix = joined(prefix)
  }

  /** @param path of a folder below the restored one: names joined by slashes, one character for each byte */
  appliesTo(path: string): boolean {
    const full = this.#fullPath(path)
    return this.#wholePaths.some(
      (whole) => whole === '' || full === whole || full.startsWith(`${whole}/`),
    )
  }

  spares(path: string, name: Buffer): boolean {
    if (this.#kept.holdsIn([path, name.toString('latin1')].filter((part) => part !== '').join('/')))
      return true
    if (this.#excludes.isEmpty) return false
    const folder = Buffer.from(this.#fullPath(path), 'latin1').toString()
    const text = `/${folder === '' ? '' : `${folder}/`}${name.toString()}`
    // Whether it is a folder is not known here: what either kind is excluded by is spared.
    return this.#excludes.excludes(text, true) || this.#excludes.excludes(text, false)
  }

  #fullPath(path: string): string {
    return [this.#prefix, path].filter((part) => part !== '').join('/')
  }
}

function joined(components: readonly Buffer[]): string {
  return components.map((name) => name.toString('latin1')).join('/')
}
