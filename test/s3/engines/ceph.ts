import { tmpdir } from 'node:os'

import { fastFolder } from '../../support/fast-folder.ts'
import { startEngine, type Engine } from './engine.ts'

export interface CephOptions {
  /** Storage daemons, each of which has a copy of everything; parts osd0, osd1 … */
  readonly osds?: number
  /** `bluestore` survives that its daemon is killed, `memstore` does not. */
  readonly store?: 'memstore' | 'bluestore'
}

/** A new Ceph: conditional puts are atomic in a bucket without versions, and worth nothing in one with them. */
export async function startCeph({
  osds = 1,
  store = 'memstore',
}: CephOptions = {}): Promise<Engine> {
  return await startEngine({
    script: 'ceph.sh',
    portCount: 62,
    settings: { OSDS: String(osds), STORE: store },
    // Only a disk is sure to take the direct writes of bluestore.
    parent: store === 'memstore' ? fastFolder : tmpdir(),
  })
}
