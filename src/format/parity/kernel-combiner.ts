import { readFileSync } from 'node:fs'
import { HoldfastError } from '../../foundation/errors.ts'
import { programFile } from '../../foundation/installed-files.ts'
import { wasm } from '../chunker/web-assembly.ts'
import type { WasmModule } from '../chunker/web-assembly.ts'
import { multiply } from './galois-field.ts'
import { assertSummand, type ShardCombiner } from './shard-combiner.ts'

interface KernelExports {
  addProduct(source: number, target: number, coefficient: number, lengthBytes: number): void
  addProducts(
    source: number,
    firstTarget: number,
    firstCoefficient: number,
    secondTarget: number,
    secondCoefficient: number,
    lengthBytes: number,
  ): void
}

const wasmPageBytes = 65_536
const vectorBytes = 16
const coefficientCount = 256
/** Products with the 16 low halves and with the 16 high halves of a byte. */
const tableBytes = 32
const windowsAddress = coefficientCount * tableBytes
/**
 * The kernel goes over this much of a window for one sum after the other, so that the input and the sums stay in the processor's
 * first cache.
 */
const blockBytes = 8 * 1024
const windowBytesMax = 16 * 1024 * 1024
const sumsMax = 16

let compiledKernel: WasmModule | undefined

/**
 * Makes a combiner on the WebAssembly kernel, which gives what reference-combiner.ts gives.
 *
 * @param sumCount 1 to 16.
 * @throws {RangeError} for a number of sums or a window that is not supported.
 * @throws {HoldfastError} `INTERNAL` when the kernel is missing from the installation.
 */
export function createShardCombiner(sumCount: number, windowBytes: number): ShardCombiner {
  if (!(sumCount >= 1 && sumCount <= sumsMax)) throw new RangeError(`${sumCount} sums: 1 to 16`)
  if (!(windowBytes > 0 && windowBytes <= windowBytesMax)) {
    throw new RangeError(`A window of ${windowBytes} bytes: takes up to ${windowBytesMax}`)
  }
  const strideBytes = roundUp(windowBytes, vectorBytes)
  const pageCount = Math.ceil((windowsAddress + strideBytes * (1 + sumCount)) / wasmPageBytes)
  const memory = new wasm.Memory({ initial: pageCount, maximum: pageCount })
  writeTables(new Uint8Array(memory.buffer, 0, windowsAddress))
  compiledKernel ??= compileKernel()
  const kernel = new wasm.Instance<KernelExports>(compiledKernel, { env: { memory } }).exports
  const sumAddresses = Array.from(
    { length: sumCount },
    (_, index) => windowsAddress + strideBytes * (1 + index),
  )
  const combiner: ShardCombiner = {
    windowBytes,
    input: new Uint8Array(memory.buffer, windowsAddress, windowBytes),
    sums: sumAddresses.map((address) => new Uint8Array(memory.buffer, address, windowBytes)),
    clear() {
      for (const sum of combiner.sums) sum.fill(0)
    },
    add(coefficients, lengthBytes) {
      assertSummand(combiner, coefficients, lengthBytes)
      const wholeBytes = roundUp(lengthBytes, vectorBytes)
      // What lies behind the summand must not get into the sums.
      new Uint8Array(memory.buffer, windowsAddress + lengthBytes, wholeBytes - lengthBytes).fill(0)
      for (let offset = 0; offset < wholeBytes; offset += blockBytes) {
        const length = Math.min(blockBytes, wholeBytes - offset)
        addBlock(kernel, { coefficients, sumAddresses, offset, length })
      }
    },
  }
  return combiner
}

interface Block {
  readonly coefficients: readonly number[]
  readonly sumAddresses: readonly number[]
  readonly offset: number
  readonly length: number
}

function addBlock(
  kernel: KernelExports,
  { coefficients, sumAddresses, offset, length }: Block,
): void {
  const source = windowsAddress + offset
  let sum = 0
  for (; sum + 1 < sumAddresses.length; sum += 2) {
    kernel.addProducts(
      source,
      sumAddresses[sum] + offset,
      coefficients[sum],
      sumAddresses[sum + 1] + offset,
      coefficients[sum + 1],
      length,
    )
  }
  if (sum < sumAddresses.length) {
    kernel.addProduct(source, sumAddresses[sum] + offset, coefficients[sum], length)
  }
}

function writeTables(tables: Uint8Array): void {
  const half = tableBytes / 2
  for (let coefficient = 0; coefficient < coefficientCount; coefficient++) {
    for (let digit = 0; digit < half; digit++) {
      tables[coefficient * tableBytes + digit] = multiply(coefficient, digit)
      tables[coefficient * tableBytes + half + digit] = multiply(coefficient, digit << 4)
    }
  }
}

function roundUp(bytes: number, multiple: number): number {
  return Math.ceil(bytes / multiple) * multiple
}

function compileKernel(): WasmModule {
  const location = programFile('format/parity/kernel.wasm')
  try {
    return new wasm.Module(readFileSync(location))
  } catch (cause) {
    throw new HoldfastError('INTERNAL', `Cannot load the parity kernel "${location.pathname}"`, {
      cause,
      remedy: 'Reinstall holdfast; in a checkout run `npm run build:kernel`',
    })
  }
}
