import type { RequestContext } from './add-route.ts'
import { HttpError } from './http-error.ts'

/**
 * Reads the body of a request, as long as it is no longer than allowed, and leaves it where the framework looks for it. (The framework's own
 * limit makes a new request out of the old one, which Node 20 refuses.)
 *
 * @throws {HttpError} 413
 */
export async function readBody({ req }: RequestContext, bytesMax: number): Promise<void> {
  if (req.method === 'GET' || req.method === 'HEAD') return
  if (Number(req.header('content-length') ?? 0) > bytesMax) throw tooLarge(bytesMax)
  const { body } = req.raw
  if (body === null) return
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.length
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    parts.push(part)
  }
  const text = Promise.resolve(Buffer.concat(parts).toString('utf8'))
  // Promises are kept there, whatever the declared type says.
  req.bodyCache.text = text as unknown as string
}

function tooLarge(bytesMax: number): HttpError {
  return new HttpError(
    413,
    'BODY_TOO_LARGE',
    `Cannot read the request: its body is longer than ${bytesMax} bytes`,
    // What is left of it is not read.
    {
      headers: { connection: 'close' },
      remedy: 'Send less, or raise holdfast.server.body_size_max',
    },
  )
}
