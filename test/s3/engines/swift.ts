import { tmpdir } from 'node:os'

import { startEngine, type Engine } from './engine.ts'

export interface SwiftOptions {
  /** Devices, each of which has a copy of everything. */
  readonly replicas?: number
}

/** A new Swift: it answers conditional puts with 501, or lets several win. */
export async function startSwift({ replicas = 1 }: SwiftOptions = {}): Promise<Engine> {
  return await startEngine({
    script: 'swift.sh',
    portCount: 5,
    settings: { REPLICAS: String(replicas) },
    // Objects have extended attributes, which not every memory file system takes.
    parent: tmpdir(),
  })
}
