/**
 * Compares two folders byte for byte and modification time for modification time:
 *   node --import tsx native-bench/compare-trees.ts EXPECTED ACTUAL
 * Written for the bench and independent of Holdfast's own code, so that one mistake cannot hide
 * another.
 */
import {
  closeSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  type BigIntStats,
} from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface TreeComparison {
  /** Entries below the expected folder, of every type. */
  readonly entryCount: number
  /** Bytes of regular files that were read on each side. */
  readonly byteCount: number
  readonly differenceCount: number
  /** The first differences, one sentence each. */
  readonly differences: readonly string[]
}

const differencesShownMax = 20
const blockBytes = 4 << 20
const permissionBits = 0o7777n
const separator: Buffer = Buffer.from('/')

/**
 * Compares every entry below two folders: names, types, contents, link targets, modes, owners, link
 * counts and modification times in nanoseconds. The two folders' own metadata, extended attributes
 * and access times are not compared.
 *
 * Names are compared as bytes, so that names that are no UTF-8 cannot be confused.
 * @throws {Error} When one side cannot be read.
 */
export function compareTrees(expectedRoot: string, actualRoot: string): TreeComparison {
  const comparer = new TreeComparer(Buffer.from(expectedRoot), Buffer.from(actualRoot))
  comparer.compareFolder(Buffer.alloc(0))
  return comparer
}

class TreeComparer implements TreeComparison {
  entryCount = 0
  byteCount = 0
  differenceCount = 0
  readonly differences: string[] = []
  readonly #expectedRoot: Buffer
  readonly #actualRoot: Buffer
  readonly #expectedBlock: Buffer = Buffer.allocUnsafeSlow(blockBytes)
  readonly #actualBlock: Buffer = Buffer.allocUnsafeSlow(blockBytes)

  constructor(expectedRoot: Buffer, actualRoot: Buffer) {
    this.#expectedRoot = expectedRoot
    this.#actualRoot = actualRoot
  }

  compareFolder(path: Buffer): void {
    const expectedNames = sortedNames(Buffer.concat([this.#expectedRoot, path]))
    const actualNames = sortedNames(Buffer.concat([this.#actualRoot, path]))
    let actualIndex = 0
    for (const name of expectedNames) {
      this.entryCount += 1
      const entryPath = Buffer.concat([path, separator, name])
      while (actualIndex < actualNames.length && actualNames[actualIndex].compare(name) < 0) {
        this.#report(
          Buffer.concat([path, separator, actualNames[actualIndex++]]),
          'should not be there',
        )
      }
      if (actualIndex < actualNames.length && actualNames[actualIndex].equals(name)) {
        actualIndex += 1
        this.#compareEntry(entryPath)
      } else {
        this.#report(entryPath, 'is missing')
      }
    }
    for (const name of actualNames.slice(actualIndex)) {
      this.#report(Buffer.concat([path, separator, name]), 'should not be there')
    }
  }

  #compareEntry(path: Buffer): void {
    const expectedPath = Buffer.concat([this.#expectedRoot, path])
    const actualPath = Buffer.concat([this.#actualRoot, path])
    const expected = lstatSync(expectedPath, { bigint: true })
    const actual = lstatSync(actualPath, { bigint: true })
    if ((expected.mode & ~permissionBits) !== (actual.mode & ~permissionBits)) {
      this.#report(path, 'has another type')
      return
    }
    this.#compareMetadata(path, expected, actual)
    if (expected.isDirectory()) this.compareFolder(path)
    else if (expected.isSymbolicLink()) this.#compareLinks(path, expectedPath, actualPath)
    else if (expected.isFile()) this.#compareContents(path, Number(expected.size))
  }

  #compareMetadata(path: Buffer, expected: BigIntStats, actual: BigIntStats): void {
    const check = (name: string, expectedValue: bigint, actualValue: bigint): void => {
      if (expectedValue !== actualValue)
        this.#report(path, `has ${name} ${actualValue} instead of ${expectedValue}`)
    }
    check('mode', expected.mode & permissionBits, actual.mode & permissionBits)
    check('owner', expected.uid, actual.uid)
    check('group', expected.gid, actual.gid)
    check('modification time (ns)', expected.mtimeNs, actual.mtimeNs)
    check('device number', expected.rdev, actual.rdev)
    // A folder's size and link count are the file system's own affair.
    if (expected.isDirectory()) return
    check('link count', expected.nlink, actual.nlink)
    check('size', expected.size, actual.size)
  }

  #compareLinks(path: Buffer, expectedPath: Buffer, actualPath: Buffer): void {
    const expectedTarget = readlinkSync(expectedPath, { encoding: 'buffer' })
    if (!expectedTarget.equals(readlinkSync(actualPath, { encoding: 'buffer' }))) {
      this.#report(path, 'points elsewhere')
    }
  }

  #compareContents(path: Buffer, sizeBytes: number): void {
    const expectedFile = openSync(Buffer.concat([this.#expectedRoot, path]), 'r')
    const actualFile = openSync(Buffer.concat([this.#actualRoot, path]), 'r')
    try {
      for (let offsetBytes = 0; offsetBytes < sizeBytes; offsetBytes += blockBytes) {
        const wantedBytes = Math.min(blockBytes, sizeBytes - offsetBytes)
        const expected = readBlock(expectedFile, this.#expectedBlock, { offsetBytes, wantedBytes })
        const actual = readBlock(actualFile, this.#actualBlock, { offsetBytes, wantedBytes })
        this.byteCount += expected.length
        if (expected.equals(actual)) continue
        this.#report(path, `has other contents in the ${blockBytes} bytes from ${offsetBytes} on`)
        return
      }
    } finally {
      closeSync(expectedFile)
      closeSync(actualFile)
    }
  }

  #report(path: Buffer, difference: string): void {
    this.differenceCount += 1
    // JSON escapes control characters: a name must not be able to write to the terminal.
    if (this.differences.length < differencesShownMax)
      this.differences.push(`${JSON.stringify(path.toString())} ${difference}`)
  }
}

function sortedNames(folder: Buffer): Buffer[] {
  return readdirSync(folder, { encoding: 'buffer' }).sort(Buffer.compare)
}

/** A read may come back short at any time; only an empty one means the end of the file. */
function readBlock(
  file: number,
  block: Buffer,
  { offsetBytes, wantedBytes }: { offsetBytes: number; wantedBytes: number },
): Buffer {
  let filledBytes = 0
  while (filledBytes < wantedBytes) {
    const readBytes = readSync(
      file,
      block,
      filledBytes,
      wantedBytes - filledBytes,
      offsetBytes + filledBytes,
    )
    if (readBytes === 0) break
    filledBytes += readBytes
  }
  return block.subarray(0, filledBytes)
}

function main(): void {
  const [expectedRoot, actualRoot] = process.argv.slice(2)
  if (actualRoot === undefined) {
    console.error('Usage: compare-trees.ts EXPECTED ACTUAL')
    process.exitCode = 2
    return
  }
  const comparison = compareTrees(expectedRoot, actualRoot)
  for (const difference of comparison.differences) console.log(difference)
  const { entryCount, byteCount, differenceCount } = comparison
  console.log(`${entryCount} entries, ${byteCount} bytes, ${differenceCount} differences`)
  process.exitCode = comparison.differenceCount === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
