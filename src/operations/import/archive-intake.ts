import { ArchiveFault, type ArchiveEntry } from '../../format/archive/archive-entry.ts'
import { decodeArchiveOrigin, type ArchiveOrigin } from '../../format/archive/archive-origin.ts'
import type { TarHandler } from '../../format/archive/tar-reader.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { FileContent } from '../../repository/file-content.ts'
import type { StreamCutter } from '../../repository/stream-cutter.ts'
import { ArchiveTree } from './archive-tree.ts'
import { EntryRecords } from './entry-records.ts'
import { memberComponents } from './member-path.ts'
import { lastOfEach, unflatten, type Unflattened } from './unflatten.ts'

export interface IntakeLimits {
  readonly entriesMax: number
  readonly bytesMax: number
}

/** Where contents go; without it they are only counted. */
export interface ContentStore {
  readonly content: FileContent
  readonly cutter: StreamCutter
}

/** Shorter ones stay in the chunks around them: what an archive calls a hole may be a block of 512 zeros anywhere in a file. */
const holeBytesMin = 64 * 1024
const zeros = Buffer.alloc(holeBytesMin)

const noContent = {
  ids: Buffer.alloc(0),
  lengths: new Float64Array(0),
  count: 0,
  depth: 0,
}

/**
 * Takes in the members of one archive: contents are cut and stored as they come, the rest is remembered until the end of the archive says where
 * everything belongs. Nothing is written to any disk under a name out of the archive.
 */
export class ArchiveIntake implements TarHandler {
  readonly records: EntryRecords = new EntryRecords()
  origin: ArchiveOrigin | undefined
  /** Of all members, for an archive that nothing else tells the date of. */
  newestMtimeSeconds = 0
  readonly #limits: IntakeLimits
  readonly #store: ContentStore | null
  readonly #tree = new ArchiveTree()
  /** Members while all of them stand in the root and are no directories; null from the first other one on. */
  #flat: Map<string, number[]> | null = new Map()
  #duplicate: Buffer | undefined
  #entries = 0
  #bytes = 0
  #current: { readonly entry: ArchiveEntry; readonly components: Buffer[] } | undefined

  constructor(limits: IntakeLimits, store: ContentStore | null) {
    this.#limits = limits
    this.#store = store
  }

  onComment(comment: Buffer): void {
    this.origin ??= decodeArchiveOrigin(comment)
  }

  onEntry(entry: ArchiveEntry): void {
    this.#entries += 1
    if (this.#entries > this.#limits.entriesMax) {
      throw new ArchiveFault(`it has more than ${this.#limits.entriesMax} members`)
    }
    this.#bytes += entry.size
    if (this.#bytes > this.#limits.bytesMax) {
      throw new ArchiveFault(`it unpacks to more than ${this.#limits.bytesMax} bytes`)
    }
    const components = memberComponents(entry.path)
    this.newestMtimeSeconds = Math.max(this.newestMtimeSeconds, entry.mtimeSeconds)
    this.#store?.content.reset()
    this.#current = { entry, components }
  }

  onData(bytes: Buffer): void {
    this.#store?.cutter.push(bytes)
  }

  onHole(bytes: number): void {
    if (!this.#store) return
    const { content, cutter } = this.#store
    if (bytes < holeBytesMin) {
      cutter.push(zeros.subarray(0, bytes))
      return
    }
    cutter.end()
    content.appendHole(bytes)
  }

  onEntryEnd(): void {
    const current = this.#current
    if (!current) throw new RangeError('There is no entry to end')
    const { entry, components } = current
    if (entry.type === 'directory') this.#addDirectory(entry, components)
    else this.#addEntry(entry, components, this.#recordOf(entry))
  }

  /**
   * Where everything belongs.
   *
   * @param files the record's list of paths, for archives without folders
   */
  finish(files: readonly string[] | null): Unflattened {
    const flat = this.#flat
    if (flat && !this.origin) {
      const isFlattened = files?.some((file) => file.includes('/')) === true
      if (isFlattened && files) return unflatten(flat, files)
      if (this.#duplicate) return lastOfEach(flat)
    }
    if (this.#duplicate) {
      throw new ArchiveFault(`it has two members "${escapeBytes(this.#duplicate)}"`)
    }
    return { tree: this.#tree, notices: [] }
  }

  #addDirectory(entry: ArchiveEntry, components: Buffer[]): void {
    if (components.length === 0) return
    this.#flat = null
    this.#assertUnique()
    this.#tree.addDirectory(components, this.records.add(entry, null))
  }

  #addEntry(entry: ArchiveEntry, components: Buffer[], record: number): void {
    if (components.length !== 1) this.#flat = null
    const isNew = this.#tree.addEntry(components, record)
    if (!isNew) this.#duplicate ??= entry.path
    if (!this.#flat) {
      this.#assertUnique()
      return
    }
    const name = components[0].toString('latin1')
    const known = this.#flat.get(name)
    if (known) known.push(record)
    else this.#flat.set(name, [record])
  }

  #assertUnique(): void {
    if (!this.#duplicate) return
    throw new ArchiveFault(`it has two members "${escapeBytes(this.#duplicate)}"`)
  }

  #recordOf(entry: ArchiveEntry): number {
    if (entry.type === 'hardLink') return this.#linkedRecord(entry)
    if (entry.type === 'symlink' && !isLinkTarget(entry.linkTarget)) {
      throw new ArchiveFault(`"${escapeBytes(entry.path)}" is a link without a target`)
    }
    if (entry.type !== 'file') return this.records.add(entry, null)
    if (!this.#store) return this.records.add(entry, { ...noContent, totalBytes: entry.size })
    const { content, cutter } = this.#store
    cutter.end()
    content.finish()
    return this.records.add(entry, content)
  }

  #linkedRecord({ path, linkTarget = Buffer.alloc(0) }: ArchiveEntry): number {
    const components = memberComponents(linkTarget)
    const name = components[0]?.toString('latin1') ?? ''
    // Of several members of one name a link means the one before it.
    const flat = components.length === 1 ? this.#flat?.get(name)?.at(-1) : undefined
    const record = flat ?? this.#tree.find(components)
    if (record === undefined) {
      throw new ArchiveFault(
        `"${escapeBytes(path)}" is a link to "${escapeBytes(linkTarget)}", which is no member before it`,
      )
    }
    this.records.markLinked(record)
    return record
  }
}

function isLinkTarget(target: Buffer | undefined): boolean {
  return target !== undefined && target.length > 0 && !target.includes(0)
}
