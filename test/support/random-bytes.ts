import { createCipheriv, createHash } from 'node:crypto'

/** Bytes that do not compress, the same for the same seed. */
export function randomBytesOf(seed: number | string, lengthBytes: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(lengthBytes))
}

/** Text that compresses about as well as logs do, the same for the same seed. */
export function logLines(seed: number | string, lengthBytes: number): Buffer {
  const words = randomBytesOf(seed, Math.ceil(lengthBytes / 8)).toString('hex')
  const lines: string[] = []
  let bytes = 0
  for (let line = 0; bytes < lengthBytes; line++) {
    const text = `{"line":${line},"level":"info","value":"${words.slice(line * 6, line * 6 + 6)}"}\n`
    lines.push(text)
    bytes += text.length
  }
  return Buffer.from(lines.join('')).subarray(0, lengthBytes)
}
