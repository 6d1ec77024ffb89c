import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'

import { startCeph } from './ceph.ts'
import type { S3Access } from './engine.ts'

/** Asked for this, it makes another account and tells of that. */
export const otherAccountPath = '/other-account'

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
  const server = createServer((request, response) => {
    const answer = request.url === otherAccountPath ? state.then(withAccount) : state
    void answer.then((known) => response.end(JSON.stringify(known)))
  })
  /** Makes another account, which sees nothing of what the first one has. */
  async function withAccount(known: CephState): Promise<CephState> {
    if ('failure' in known) return known
    const name = `other-${randomBytes(4).toString('hex')}`
    const access = { ...known.access, accessKeyId: name, secretAccessKey: `${name}-secret` }
    const words = `--uid=${name} --display-name=${name} --access-key=${name} --secret=${name}-secret`
    const admin = ['radosgw-admin', '-c', '/lab/ceph.conf', '-n', 'client.rgw', 'user', 'create']
    try {
      await (await starting).run(...admin, ...words.split(' '))
      return { access }
    } catch (error) {
      return { failure: (error as Error).message }
    }
  }
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
