import type { Readable } from 'node:stream'
import type { ByteRate } from './byte-rate.ts'
import { CutOffError } from './s3-faults.ts'

/**
 * Reads the body of an answer into one buffer of the announced length.
 *
 * @throws {CutOffError} when it ends earlier or goes on longer
 */
export async function readBody(
  body: Readable,
  lengthBytes: number,
  rate: ByteRate | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const target = new Uint8Array(lengthBytes)
  let done = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (done + chunk.length > lengthBytes) {
      throw new CutOffError(`the answer is longer than the ${lengthBytes} bytes that it announced`)
    }
    target.set(chunk, done)
    done += chunk.length
    await rate?.take(chunk.length)
  }
  if (done < lengthBytes) {
    throw new CutOffError(`the answer ended after ${done} of ${lengthBytes} bytes`)
  }
  return target
}
