/* What the thread that does the requests of one repository runs; the client for S3 is loaded here and nowhere else. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { ObjectClient } from './object-client.ts'
import { RequestServer } from './request-server.ts'
import type { S3Settings } from './s3-settings.ts'

const { settings, port } = workerData as { settings: S3Settings; port: MessagePort }
const server = new RequestServer(() => new ObjectClient(settings), settings)
server.serve(port)
parentPort?.on('message', (another: MessagePort) => server.serve(another))
