import { randomBytesOf } from './random-bytes.ts'

export const churnedFiles = 24
export const churnedFolders = 4
const streamBytes = 2_500_000

const streams = new Map<number, Buffer>()

/** What the file of that number holds a prefix of. */
export function streamOf(number: number): Buffer {
  let stream = streams.get(number)
  if (!stream) streams.set(number, (stream = randomBytesOf(`stream ${number}`, streamBytes)))
  return stream
}
