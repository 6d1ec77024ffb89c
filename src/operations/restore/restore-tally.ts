import { Pace } from '../../foundation/pace.ts'
import { decodeTreePage } from '../../format/tree/tree-page.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import type { RestoreReply, RestoreUnit } from './restore-batch.ts'
import type { RestoreOptions, RestoreResult, WithheldCounts } from './restore-options.ts'
import type { RestorePlace } from './restore-target.ts'

const progressEveryMs = 100
/** Longer lists are for nobody, and the record must stay small. */
const restoredPathsMax = 1_000

/** Counts what a restore did and tells about it. */
export class RestoreTally {
  readonly #options: RestoreOptions
  readonly #startedAtMs = Date.now()
  /** Totals if everything is restored. */
  readonly expected: { readonly files: number; readonly bytes: number }
  #filesRestored = 0
  #filesUnchanged = 0
  #filesSkipped = 0
  #filesDeleted = 0
  #directories = 0
  #others = 0
  #bytesRestored = 0
  #bytesUnchanged = 0
  readonly #withheld = { owner: 0, setIdBits: 0, attributes: 0, devices: 0 }
  #errors = 0
  readonly #pace = new Pace(progressEveryMs)
  readonly #paths: string[] = []
  #pathsOmitted = 0
  #firstFailure: string | undefined

  constructor(options: RestoreOptions, place: RestorePlace) {
    this.#options = options
    this.expected = expect(options, place)
  }

  add(reply: RestoreReply): void {
    this.#filesRestored += reply.filesRestored
    this.#filesUnchanged += reply.filesUnchanged
    this.#filesSkipped += reply.filesSkipped
    this.#others += reply.others
    this.#bytesRestored += reply.bytesRestored
    this.#bytesUnchanged += reply.bytesUnchanged
    this.withhold(reply.withheld)
    for (const { message } of reply.failures) this.fail(message)
    this.#tell()
  }

  /** Counts a unit as if it had been written. */
  preview(unit: RestoreUnit): void {
    if (unit.indexes.length === 0) return
    const page = decodeTreePage(Buffer.from(unit.page))
    for (const index of unit.indexes) {
      if (isRegular(page.mode(index))) {
        this.#filesRestored += 1
        this.#bytesRestored += page.sizeOf(index)
      } else this.#others += 1
    }
  }

  /** Remembers what a unit restores, the first of it by name. */
  name(unit: RestoreUnit, prefix: readonly Uint8Array[]): void {
    const count = unit.indexes.length
    const named = Math.min(count, restoredPathsMax - this.#paths.length)
    this.#pathsOmitted += count - named
    if (named === 0) return
    const page = decodeTreePage(Buffer.from(unit.page))
    const folder = [...prefix, ...unit.components].map((part) => `${Buffer.from(part).toString()}/`)
    for (const index of unit.indexes.subarray(0, named)) {
      this.#paths.push(folder.join('') + page.name(index).toString())
    }
  }

  fail(message: string): void {
    this.#firstFailure ??= message
    this.#errors += 1
    this.#options.onEvent?.({ type: 'failure', message })
  }

  withhold(counts: WithheldCounts): void {
    this.#withheld.owner += counts.owner
    this.#withheld.setIdBits += counts.setIdBits
    this.#withheld.attributes += counts.attributes
    this.#withheld.devices += counts.devices
  }

  skip(): void {
    this.#filesSkipped += 1
  }

  link(): void {
    this.#others += 1
  }

  directory(): void {
    this.#directories += 1
  }

  remove(count: number): void {
    this.#filesDeleted += count
  }

  /** What could not be restored first. */
  get firstFailure(): string | undefined {
    return this.#firstFailure
  }

  result(): RestoreResult {
    return {
      filesRestored: this.#filesRestored,
      filesUnchanged: this.#filesUnchanged,
      filesSkipped: this.#filesSkipped,
      filesDeleted: this.#filesDeleted,
      directories: this.#directories,
      others: this.#others,
      bytesRestored: this.#bytesRestored,
      bytesUnchanged: this.#bytesUnchanged,
      withheld: { ...this.#withheld },
      errors: this.#errors,
      paths: this.#paths,
      pathsOmitted: this.#pathsOmitted,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  #tell(): void {
    if (!this.#pace.isDue()) return
    this.#options.onEvent?.({
      type: 'progress',
      phase: 'restoring',
      filesDone: this.#filesRestored + this.#filesUnchanged + this.#filesSkipped,
      filesTotal: this.expected.files,
      bytesDone: this.#bytesRestored + this.#bytesUnchanged,
      bytesTotal: this.expected.bytes,
      errors: this.#errors,
    })
  }
}

function expect(
  { snapshot }: RestoreOptions,
  { source }: RestorePlace,
): { files: number; bytes: number } {
  const { files, bytes } = snapshot.statistics
  if (source.kind === 'entry') {
    return { files: 1, bytes: source.entry.page.sizeOf(source.entry.index) }
  }
  // A folder's entry knows the bytes below it; the files can only be more than none.
  if (source.entry) return { files, bytes: source.entry.page.sizeOf(source.entry.index) }
  return { files, bytes }
}
