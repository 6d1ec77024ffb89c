import { ArchiveFault } from '../../format/archive/archive-entry.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'

/** A directory of an archive. Names are bytes as latin1 text; a number is the record of an entry that is no directory. */
export class ArchiveFolder {
  /** Undefined for one that no member speaks of, only others lie in it. */
  record: number | undefined
  readonly children: Map<string, ArchiveFolder | number> = new Map()
}

/**
 * Where the entries of an archive belong. Nothing can be put below anything but a directory, and nothing takes the place of something else:
 * a name that means two things is how archives get files past a check.
 */
export class ArchiveTree {
  readonly root: ArchiveFolder = new ArchiveFolder()

  /** @throws {ArchiveFault} */
  addDirectory(components: readonly Buffer[], record: number): void {
    this.#enter(components).record = record
  }

  /**
   * @returns false when something has that name already
   * @throws {ArchiveFault} when it would lie below something that is no directory
   */
  addEntry(components: readonly Buffer[], record: number): boolean {
    const name = components.at(-1)
    if (!name) throw new ArchiveFault('its root is not a directory')
    const { children } = this.#enter(components.slice(0, -1))
    const key = name.toString('latin1')
    if (children.has(key)) return false
    children.set(key, record)
    return true
  }

  /**
   * Like `addEntry`, in place of the entry that has the name.
   *
   * @throws {ArchiveFault} also when a directory has it
   */
  replaceEntry(components: readonly Buffer[], record: number): void {
    if (this.addEntry(components, record)) return
    if (this.find(components) === undefined) throw this.#clash(components)
    const name = components[components.length - 1].toString('latin1')
    this.#enter(components.slice(0, -1)).children.set(name, record)
  }

  /** @returns the record of an entry that is no directory */
  find(components: readonly Buffer[]): number | undefined {
    let found: ArchiveFolder | number | undefined = this.root
    for (const component of components) {
      if (!(found instanceof ArchiveFolder)) return undefined
      found = found.children.get(component.toString('latin1'))
    }
    return typeof found === 'number' ? found : undefined
  }

  #enter(components: readonly Buffer[]): ArchiveFolder {
    let folder = this.root
    for (const [depth, component] of components.entries()) {
      const key = component.toString('latin1')
      const below = folder.children.get(key)
      if (typeof below === 'number') {
        throw this.#clash(components.slice(0, depth + 1))
      }
      const entered = below ?? new ArchiveFolder()
      if (!below) folder.children.set(key, entered)
      folder = entered
    }
    return folder
  }

  #clash(components: readonly Buffer[]): ArchiveFault {
    const path = Buffer.concat(components.flatMap((name) => [slash, name])).subarray(1)
    return new ArchiveFault(`"${escapeBytes(path)}" is a folder and something else`)
  }
}

const slash = Buffer.from('/')
