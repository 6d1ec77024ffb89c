import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'

import type { S3Access } from './engine.ts'
import { otherAccountPath, type CephState } from './shared-ceph.ts'

/**
 * The Ceph that all files of the project `s3` share; waits until it serves.
 *
 * Each file makes a bucket of its own in it (`newBucket`), and leaves it there.
 *
 * @throws with the reason when it cannot be installed or started
 */
export async function givenCeph(): Promise<S3Access> {
  return accessOf(await ask(inject('cephState')))
}

/** A new account of the same store, which sees nothing of what others have there. */
export async function givenOtherAccount(): Promise<S3Access> {
  return accessOf(await ask(new URL(otherAccountPath, inject('cephState')).href))
}

function accessOf(answer: string): S3Access {
  const state = JSON.parse(answer) as CephState
  if ('failure' in state) throw new Error(`No Ceph to test with: ${state.failure}`)
  return state.access
}

/** Not by `fetch`, which waits five minutes at most. */
function ask(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(address, (response) => resolve(text(response))).on('error', reject)
  })
}
