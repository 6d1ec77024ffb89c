import type { DirectoryHandle } from '../../filesystem/write/held-directories.ts'
import type { SafeWriter } from '../../filesystem/write/safe-writer.ts'

/**
 * The directories entered from the target down to the one that is being filled. Units come in the order of the tree, so going from one
 * directory to the next mostly changes only the last components.
 */
export class DirectoryStack {
  readonly #writer: SafeWriter
  readonly #handles: DirectoryHandle[] = []

  constructor(writer: SafeWriter) {
    this.#writer = writer
  }

  /** @throws {TargetError} when a directory on the way cannot be made or entered */
  enter(components: readonly Uint8Array[]): DirectoryHandle {
    let common = 0
    while (
      common < this.#handles.length &&
      common < components.length &&
      this.#handles[common].name.equals(components[common])
    ) {
      common += 1
    }
    this.leaveDownTo(common)
    for (let depth = common; depth < components.length; depth++) {
      this.#handles.push(this.#writer.enterDirectory(this.current, components[depth]))
    }
    return this.current
  }

  get current(): DirectoryHandle {
    return this.#handles.at(-1) ?? this.#writer.target
  }

  leaveDownTo(depth: number): void {
    while (this.#handles.length > depth) {
      const handle = this.#handles.pop()
      if (handle) this.#writer.leaveDirectory(handle)
    }
  }
}
