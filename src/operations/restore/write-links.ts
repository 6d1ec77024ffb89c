import type { DirectoryHandle } from '../../filesystem/write/held-directories.ts'
import { openTarget, type SafeWriter } from '../../filesystem/write/safe-writer.ts'
import type { CreatedFile } from '../../filesystem/write/writer-context.ts'
import { TargetError } from '../../foundation/errors.ts'
import { DirectoryStack } from './directory-stack.ts'
import type { RestoreTally } from './restore-tally.ts'

/** A further name of a file that some worker writes. */
export interface DeferredLink {
  /** Of its group of hard links. */
  readonly key: string
  readonly components: readonly Buffer[]
  readonly name: Buffer
}

export interface LinkOptions {
  readonly links: readonly DeferredLink[]
  readonly sources: ReadonlyMap<string, CreatedFile>
  readonly target: Buffer
  readonly crossMounts: boolean
  /** Leave what stands there already. */
  readonly keepsExisting: boolean
  readonly tally: RestoreTally
}

/** Makes the hard links, after all files: the one that a link leads to may have been written by any worker. */
export function writeLinks(options: LinkOptions): void {
  if (options.links.length === 0) return
  const writer = openTarget(options.target, { crossMounts: options.crossMounts })
  const stack = new DirectoryStack(writer)
  try {
    for (const link of options.links) {
      try {
        writeLink(options, writer, stack.enter(link.components), link)
      } catch (error) {
        if (!(error instanceof TargetError)) throw error
        options.tally.fail(error.message)
      }
    }
    stack.leaveDownTo(0)
  } finally {
    writer.close()
  }
}

function writeLink(
  { sources, keepsExisting, tally }: LinkOptions,
  writer: SafeWriter,
  directory: DirectoryHandle,
  { key, name }: DeferredLink,
): void {
  const source = sources.get(key)
  if (keepsExisting && (!source || writer.hasEntry(directory, name))) {
    tally.skip()
    return
  }
  if (!source) {
    const path = writer.describe(directory, name)
    tally.fail(`Cannot restore hard link "${path}": the file it leads to was not restored`)
    return
  }
  writer.makeHardLink(directory, name, source)
  tally.link()
}
