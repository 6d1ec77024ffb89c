import { Worker, type Transferable } from 'node:worker_threads'
import { linksForThread } from './thread-links.ts'

export interface ThreadOptions {
  /** Of the module that the thread begins with (`installed-files.ts`). */
  readonly entryUrl: string
  /** What the module finds in `workerData`, besides the ports of `thread-links.ts`. */
  readonly data: Readonly<Record<string, unknown>>
  /** Room for short-lived objects, in MB. */
  readonly youngGenerationMb: number
  /** What of the data is handed over and not copied. */
  readonly transfer?: readonly Transferable[]
}

/** Sources run through a loader, in tests only; built files run as they are. Node 20 gives threads no loader by `--import`. */
const sourceBootstrap = `
void import('tsx/esm/api').then(({ register }) => {
  register()
  return import(require('node:worker_threads').workerData.entryUrl)
})
`

/** Starts a thread that has a port to all that serve other threads. */
export function startThread(options: ThreadOptions): Worker {
  const { entryUrl, data, youngGenerationMb, transfer = [] } = options
  const isSource = entryUrl.endsWith('.ts')
  const links = linksForThread()
  return new Worker(isSource ? sourceBootstrap : new URL(entryUrl), {
    eval: isSource,
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    workerData: { ...data, entryUrl, links },
    transferList: [...Object.values(links), ...transfer] as Transferable[],
  })
}
