import { isMainThread, MessageChannel, type Worker } from 'node:worker_threads'
import { RepositoryError } from '../../foundation/errors.ts'
import { threadEntry } from '../../foundation/installed-files.ts'
import { startThread } from '../../foundation/start-thread.ts'
import { offerLink, takeLink } from '../../foundation/thread-links.ts'
import { RequestChannel } from './request-channel.ts'
import type { S3Settings } from './s3-settings.ts'

/** Bodies of requests and answers are not in its heap; what is there is short-lived. */
const youngGenerationMb = 16

/** A thread's way to the requests of a repository, for as long as it has users. */
interface Connection {
  readonly channel: RequestChannel
  /** On the main thread, which has started it. */
  readonly thread: Worker | undefined
  users: number
}

const connections = new Map<string, Connection>()

/**
 * This thread's way to the requests of a repository, until `leaveChannel`. All threads of the process share the one that does them, and with
 * it the connections and the limits. The main thread starts it, and ends it when nobody there uses it any more.
 *
 * @param makeSettings called when the thread has to be started
 */
export function enterChannel(location: string, makeSettings: () => S3Settings): RequestChannel {
  let connection = connections.get(location)
  if (!connection || connection.channel.isClosed) {
    connection = isMainThread ? start(makeSettings()) : join(location)
    connections.set(location, connection)
  }
  connection.users += 1
  return connection.channel
}

export async function leaveChannel(location: string, channel: RequestChannel): Promise<void> {
  const connection = connections.get(location)
  if (!connection || connection.channel !== channel) return
  connection.users -= 1
  // The port of a thread that does not start others lasts as long as that thread.
  if (connection.users > 0 || !connection.thread) return
  connections.delete(location)
  offerLink(linkName(location), null)
  await connection.thread.terminate()
}

function start(settings: S3Settings): Connection {
  const { port1: near, port2: far } = new MessageChannel()
  const thread = startThread({
    entryUrl: threadEntry('storage/s3/s3-thread-entry').href,
    data: { settings, port: far },
    youngGenerationMb,
    transfer: [far],
  })
  // It never keeps the process alive; a request that somebody waits for does (`RequestChannel`).
  thread.unref()
  // Whoever waits for an answer learns it from the port that closes.
  thread.on('error', () => undefined)
  offerLink(linkName(settings.location), () => connectTo(thread))
  return { channel: new RequestChannel(near), thread, users: 0 }
}

function connectTo(thread: Worker): MessageChannel['port1'] {
  const { port1: near, port2: far } = new MessageChannel()
  thread.postMessage(far, [far])
  return near
}

function join(location: string): Connection {
  const port = takeLink(linkName(location))
  if (port) return { channel: new RequestChannel(port), thread: undefined, users: 0 }
  throw new RepositoryError(
    'INTERNAL',
    `Cannot reach "${location}" from this thread: the main thread has not opened it`,
    { facts: { location } },
  )
}

function linkName(location: string): string {
  return `storage ${location}`
}
