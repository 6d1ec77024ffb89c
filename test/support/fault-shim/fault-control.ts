import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** In the order of `enum Kind` in fault-shim.c. */
export const callKinds = [
  'open',
  'create',
  'read',
  'write',
  'sync',
  'rename',
  'link',
  'unlink',
  'make',
  'truncate',
  'list',
  'status',
  'close',
  'get attribute',
  'set attribute',
  'metadata',
  'lock',
  'seek',
  'map',
] as const
export type CallKind = (typeof callKinds)[number]

/** `once`: the Nth call fails; `from`: it and all later ones; the short ones move half the bytes instead. */
export const faultModes = ['once', 'from', 'short once', 'short always'] as const
export type FaultMode = (typeof faultModes)[number]

/** Linux's numbers, on every architecture that Node runs on. */
export const errnos = {
  EPERM: 1,
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ESTALE: 116,
  EDQUOT: 122,
} as const
export type ErrnoName = keyof typeof errnos

export interface PlannedFault {
  readonly kinds: readonly CallKind[]
  /** Absolute paths; only what touches something below one of them counts. */
  readonly roots: readonly string[]
  readonly mode: FaultMode
  readonly error: ErrnoName
  /** Which of the calls, from 1; 0 counts and lets everything pass. */
  readonly nth: number
}

export interface MetFault {
  /** Calls of these kinds below these roots so far. */
  readonly count: number
  readonly hits: number
  /** Of the first one that went wrong. */
  readonly kind: CallKind | null
  readonly call: string
  readonly path: string
  /** `fsync`s of files after one of them had failed. */
  readonly syncsAfterFailure: number
}

const rootsMax = 4
const pathBytes = 512
const callBytes = 32
const offsets = {
  armed: 0,
  mode: 4,
  error: 8,
  kinds: 12,
  nth: 16,
  count: 24,
  hits: 32,
  syncsAfterFailure: 40,
  firstHitTaken: 48,
  hitKind: 52,
  hitCall: 56,
  hitPath: 56 + callBytes,
  roots: 56 + callBytes + pathBytes,
} as const
const controlBytes = offsets.roots + rootsMax * pathBytes

/** Compiles the shim; it takes a third of a second. */
export function compileFaultShim(folder: string): string {
  const library = join(folder, 'fault-shim.so')
  const source = join(import.meta.dirname, 'fault-shim.c')
  execFileSync('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl'])
  return library
}

/** Makes the file that the shim maps. It has to be there before the process starts that loads the shim. */
export function createFaultControl(path: string): void {
  const descriptor = openSync(path, 'w', 0o600)
  writeSync(descriptor, Buffer.alloc(controlBytes))
  closeSync(descriptor)
}

/** What the environment of a process needs so that its calls can be made to fail. */
export function faultEnvironment(library: string, controlPath: string): Record<string, string> {
  return { LD_PRELOAD: library, HOLDFAST_FAULT_CONTROL: controlPath }
}

/** Tells the shim what to do, from within the process that loaded it or from another one. */
export class FaultControl {
  readonly #descriptor: number

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r+')
  }

  arm(fault: PlannedFault): void {
    if (fault.roots.length > rootsMax) throw new RangeError('Too many roots')
    const bytes = Buffer.alloc(controlBytes)
    bytes.writeUInt32LE(faultModes.indexOf(fault.mode), offsets.mode)
    bytes.writeUInt32LE(errnos[fault.error], offsets.error)
    const mask = fault.kinds.reduce((sum, kind) => sum | (1 << callKinds.indexOf(kind)), 0)
    bytes.writeUInt32LE(mask >>> 0, offsets.kinds)
    bytes.writeBigUInt64LE(BigInt(fault.nth), offsets.nth)
    for (const [index, root] of fault.roots.entries()) {
      bytes.write(root, offsets.roots + index * pathBytes, pathBytes - 1)
    }
    writeSync(this.#descriptor, bytes, 0, controlBytes, 0)
    // Last, so that no call meets a plan that is written half.
    writeSync(this.#descriptor, Buffer.from([1]), 0, 1, offsets.armed)
  }

  disarm(): MetFault {
    writeSync(this.#descriptor, Buffer.from([0]), 0, 1, offsets.armed)
    const bytes = Buffer.alloc(controlBytes)
    readSync(this.#descriptor, bytes, 0, controlBytes, 0)
    const text = (offset: number, length: number): string => {
      const part = bytes.subarray(offset, offset + length)
      return part.subarray(0, part.indexOf(0)).toString()
    }
    const isHit = bytes.readUInt32LE(offsets.firstHitTaken) !== 0
    return {
      count: Number(bytes.readBigUInt64LE(offsets.count)),
      hits: Number(bytes.readBigUInt64LE(offsets.hits)),
      kind: isHit ? callKinds[bytes.readUInt32LE(offsets.hitKind)] : null,
      call: text(offsets.hitCall, callBytes),
      path: text(offsets.hitPath, pathBytes),
      syncsAfterFailure: Number(bytes.readBigUInt64LE(offsets.syncsAfterFailure)),
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
