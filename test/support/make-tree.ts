import { constants } from 'node:fs'
import { AT_FDCWD, posix } from '../../src/filesystem/posix/posix.ts'

/** What every entry may have besides its kind; what is missing stays as the system makes it. */
export interface Metadata {
  /** Permission bits, setuid, setgid and sticky included. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds and nanoseconds. */
  readonly mtime?: readonly [number, number]
  readonly xattrs?: Readonly<Record<string, string | Uint8Array>>
}

export interface FileNode extends Metadata {
  readonly kind: 'file'
  /** Data by offset; what lies between is a hole. */
  readonly parts: readonly (readonly [number, Uint8Array])[]
  readonly sizeBytes: number
}

export type TreeNode =
  | FileNode
  | (Metadata & { readonly kind: 'directory'; readonly children: Tree })
  | (Metadata & { readonly kind: 'symlink'; readonly target: Uint8Array })
  | (Metadata & {
      readonly kind: 'special'
      readonly type: number
      readonly device: readonly [number, number]
    })
  /** Another name of the file at this path, from the root of the tree. */
  | { readonly kind: 'hard link'; readonly to: string }

/** Entries by name. Names are bytes as latin1 text, so that any byte can be written: `byteName('ä')`. */
export type Tree = Readonly<Record<string, TreeNode>>

export const fileType = {
  fifo: 0o010000,
  character: 0o020000,
  block: 0o060000,
  socket: 0o140000,
} as const

/** The bytes of a text as one character each. */
export function byteName(text: string): string {
  return Buffer.from(text).toString('latin1')
}

export function file(content: string | Uint8Array, metadata: Metadata = {}): FileNode {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return { ...metadata, kind: 'file', parts: [[0, bytes]], sizeBytes: bytes.length }
}

export function sparseFile(
  sizeBytes: number,
  parts: readonly (readonly [number, Uint8Array])[],
  metadata: Metadata = {},
): FileNode {
  return { ...metadata, kind: 'file', parts, sizeBytes }
}

export function directory(children: Tree, metadata: Metadata = {}): TreeNode {
  return { ...metadata, kind: 'directory', children }
}

export function symlink(target: string | Uint8Array, metadata: Metadata = {}): TreeNode {
  return { ...metadata, kind: 'symlink', target: Buffer.from(target as string) }
}

export function special(
  type: keyof typeof fileType,
  device: readonly [number, number] = [0, 0],
  metadata: Metadata = {},
): TreeNode {
  return { ...metadata, kind: 'special', type: fileType[type], device }
}

export function hardLink(to: string): TreeNode {
  return { kind: 'hard link', to }
}

interface Made {
  readonly fd: number
  readonly name: Buffer
}

/** Makes the entries in an existing folder. Works through descriptors, so paths may be longer than 4,096 bytes. */
export function makeTree(root: string, tree: Tree): void {
  const fd = posix.openDirectory(AT_FDCWD, Buffer.from(root))
  const links: (() => void)[] = []
  const finishing: (() => void)[] = []
  const made = new Map<string, Made>()
  makeChildren(fd, '', tree, { links, finishing, made })
  for (const link of links) link()
  // Times of directories come last: everything made in them changes them.
  for (const finish of finishing.reverse()) finish()
}

interface Making {
  readonly links: (() => void)[]
  readonly finishing: (() => void)[]
  readonly made: Map<string, Made>
}

function makeChildren(fd: number, path: string, tree: Tree, making: Making): void {
  making.finishing.push(() => posix.close(fd))
  for (const [key, node] of Object.entries(tree)) {
    const name = Buffer.from(key, 'latin1')
    const childPath = path === '' ? key : `${path}/${key}`
    making.made.set(childPath, { fd, name })
    if (node.kind === 'hard link') {
      making.links.push(() => {
        const source = making.made.get(node.to)
        if (!source) throw new RangeError(`Nothing to link to: ${node.to}`)
        posix.linkAt(source.fd, source.name, fd, name)
      })
      continue
    }
    makeNode(fd, name, node)
    making.finishing.push(() => applyMetadata(fd, name, node))
    if (node.kind === 'directory') {
      makeChildren(posix.openDirectory(fd, name), childPath, node.children, making)
    }
  }
}

function makeNode(fd: number, name: Buffer, node: Exclude<TreeNode, { kind: 'hard link' }>): void {
  switch (node.kind) {
    case 'file':
      writeFile(fd, name, node)
      return
    case 'directory':
      posix.mkdirAt(fd, name, 0o755)
      return
    case 'symlink':
      posix.symlinkAt(node.target, fd, name)
      return
    case 'special':
      posix.mknodAt(fd, name, node.type | 0o644, node.device[0], node.device[1])
  }
}

function writeFile(fd: number, name: Buffer, node: FileNode): void {
  const descriptor = posix.createFile(fd, name, 0o644)
  posix.ftruncate(descriptor, node.sizeBytes)
  for (const [offset, bytes] of node.parts) {
    posix.write(descriptor, bytes, 0, bytes.length, offset)
  }
  posix.close(descriptor)
}

function applyMetadata(fd: number, name: Buffer, node: Metadata & { kind: string }): void {
  const { mode, uid, gid, mtime, xattrs } = node
  if (uid !== undefined || gid !== undefined) posix.chownAt(fd, name, uid ?? 0, gid ?? 0)
  if (xattrs !== undefined) {
    const descriptor = posix.openFile(fd, name, constants.O_RDONLY | constants.O_NONBLOCK)
    for (const [attribute, value] of Object.entries(xattrs)) {
      posix.setXattr(descriptor, Buffer.from(attribute, 'latin1'), Buffer.from(value as string))
    }
    posix.close(descriptor)
  }
  if (mode !== undefined && node.kind !== 'symlink') posix.chmodAt(fd, name, mode)
  if (mtime !== undefined) posix.setTimesAt(fd, name, mtime[0], mtime[1])
}
