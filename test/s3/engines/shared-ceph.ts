import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'

import { startCeph } from './ceph.ts'
import type { S3Access } from './engine.ts'

/** What `given-ceph.ts` is told: where the Ceph of this run is, or why there is none. */
export type CephState = { readonly access: S3Access } | { readonly failure: string }

declare module 'vitest' {
  export interface ProvidedContext {
    /** An address that answers with a `CephState` as soon as there is one. */
    readonly cephState: string
  }
}

/**
 * One Ceph for all files of the project `s3`.
 *
 * vitest calls it only when it runs one of them, but before all tests of all projects. So that nobody else is kept waiting, the Ceph
 * is installed and started beside the tests, and those that need it ask.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const starting = startCeph()
  const state: Promise<CephState> = starting.then(
    ({ access }) => ({ access }),
    (error: Error) => ({ failure: error.message }),
  )
  const server = createServer((_request, response) => {
    void state.then((known) => response.end(JSON.stringify(known)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  project.provide('cephState', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return async () => {
    server.close()
    server.closeAllConnections()
    const engine = await starting.catch(() => undefined)
    await engine?.remove()
  }
}
