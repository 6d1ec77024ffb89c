import { readFileSync } from 'node:fs'
import { HoldfastError } from '../../foundation/errors.ts'
import { programFile } from '../../foundation/installed-files.ts'
import { chunkRanges } from './chunk-range.ts'
import type { Chunker } from './chunk-range.ts'
import { deriveChunkerKeys, writeChunkerKeys } from './chunker-keys.ts'
import { chunkLimitsOf } from './chunker-parameters.ts'
import type { ChunkerParameters } from './chunker-parameters.ts'
import { wasm } from './web-assembly.ts'
import type { WasmMemory, WasmModule } from './web-assembly.ts'

export type { Chunker } from './chunk-range.ts'
export type { ChunkerParameters } from './chunker-parameters.ts'

interface KernelExports {
  /** Addresses in, address out; 0 for no cut. */
  scan(first: number, last: number, verdictBits: number): number
}

const wasmPageBytes = 65_536
/**
 * The keys lie below; the data begins at a page of the processor, which the kernel of the system
 * copies to fastest.
 */
const dataAddress = 4096
/** The vector loads of the last step reach up to 31 bytes behind the data. */
const slackBytes = 64
/** Addresses are 32-bit and must not become negative on the way through the kernel. */
const capacityBytesMax = 1024 * 1024 * 1024

let compiledKernel: WasmModule | undefined

/**
 * Makes the chunker of one thread: the WebAssembly kernel, which cuts where the reference does
 * (reference-chunker.ts).
 *
 * Equal bytes, parameters and secret give equal chunks on every machine and version: old backups
 * are found again by it.
 *
 * @param secret 32 bytes.
 * @param capacityBytes Size of the memory, at least eight times the average.
 * @throws {RangeError} for an average, a secret or a capacity that is not supported.
 * @throws {HoldfastError} `INTERNAL` when the kernel is missing from the installation.
 */
export function createChunker(
  parameters: ChunkerParameters,
  secret: Uint8Array,
  capacityBytes: number,
): Chunker {
  const limits = chunkLimitsOf(parameters)
  const keys = deriveChunkerKeys(secret)
  const memory = reserveMemory(capacityBytes)
  writeChunkerKeys(new DataView(memory.buffer), keys)
  const kernel = instantiateKernel(memory)
  const data = new Uint8Array(memory.buffer, dataAddress, capacityBytes)
  return chunkRanges(data, limits, (first, last) => {
    const cut = kernel.scan(dataAddress + first, dataAddress + last, limits.verdictBits)
    return cut === 0 ? -1 : cut - dataAddress
  })
}

function reserveMemory(capacityBytes: number): WasmMemory {
  if (!(capacityBytes >= 0 && capacityBytes <= capacityBytesMax)) {
    throw new RangeError(
      `Chunker memory of ${capacityBytes} bytes: takes up to ${capacityBytesMax}`,
    )
  }
  const pageCount = Math.ceil((dataAddress + capacityBytes + slackBytes) / wasmPageBytes)
  // Equal bounds: a memory that grows would detach every view of it.
  return new wasm.Memory({ initial: pageCount, maximum: pageCount })
}

function instantiateKernel(memory: WasmMemory): KernelExports {
  compiledKernel ??= compileKernel()
  return new wasm.Instance<KernelExports>(compiledKernel, { env: { memory } }).exports
}

function compileKernel(): WasmModule {
  const location = programFile('format/chunker/kernel.wasm')
  try {
    return new wasm.Module(readFileSync(location))
  } catch (cause) {
    throw new HoldfastError('INTERNAL', `Cannot load the chunker "${location.pathname}"`, {
      cause,
      remedy: 'Reinstall holdfast; in a checkout run `npm run build:kernel`',
    })
  }
}
