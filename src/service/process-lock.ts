import { createHash } from 'node:crypto'
import { createConnection, createServer, type Server } from 'node:net'

import { HoldfastError } from '../foundation/errors.ts'

export interface ProcessLock {
  release(): Promise<void>
}

/**
 * Lets one process of this machine at a time do something. The lock is a socket in Linux's abstract namespace: the kernel takes it back when the process ends, however it ends, so
 * that there is no stale lock file to find out about. Who holds it says its process id to whoever asks.
 *
 * @param name what is locked, such as `daemon` and the id of the repository
 * @throws {HoldfastError} `ALREADY_RUNNING`
 */
export async function lockProcess(name: string, what: string): Promise<ProcessLock> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(`${process.pid}\n`)
  })
  try {
    await listen(server, addressOf(name))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    const pid = await lockHolder(name)
    const holder = pid === undefined ? 'another process' : `process ${pid}`
    throw new HoldfastError('ALREADY_RUNNING', `Cannot start ${what}: ${holder} does it already`, {
      remedy: 'Wait until it has ended, or stop it',
      facts: pid === undefined ? {} : { pid },
    })
  }
  // A lock keeps nobody alive.
  server.unref()
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

/** @returns the process id of the holder; undefined when nobody holds it, or it does not answer */
export function lockHolder(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = createConnection(addressOf(name))
    const finish = (): void => {
      socket.destroy()
      const pid = Number.parseInt(text, 10)
      resolve(Number.isSafeInteger(pid) ? pid : undefined)
    }
    socket.setTimeout(1_000, finish)
    socket.on('data', (part: Buffer) => {
      if (text.length < 32) text += part.toString('latin1')
    })
    socket.on('end', finish)
    socket.on('error', finish)
  })
}

/** Every user has locks of their own: nobody else's can stand in the way by chance. */
function addressOf(name: string): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return `\0holdfast-${process.getuid?.() ?? 0}-${digest}`
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
