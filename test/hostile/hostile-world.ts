import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HoldfastEvent, Repository, RestoreOptions, RestoreResult } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { openForge, type Forge } from '../support/forge/forge.ts'
import { newRepository, type TestRepository } from '../support/repositories.ts'
import { scanTree, treeDifferences } from '../support/scan-tree.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** A forged repository, a folder to restore into, and one beside it that nothing may touch. */
export interface HostileWorld {
  readonly test: TestRepository
  readonly forge: Forge
  readonly target: string
  /** Absolute path of the folder that must stay as it is; `../victim` from the target. */
  readonly victim: string
  /** What has changed outside of the target. */
  harm(): string[]
  open(): Promise<Repository>
  /** Restores a snapshot and tells of everything that was reported. */
  restore(id: string, options?: Partial<RestoreOptions>): Promise<Restored>
}

export interface Restored {
  readonly result: RestoreResult
  readonly messages: string[]
}

export async function hostileWorld(options: { isEncrypted?: boolean } = {}): Promise<HostileWorld> {
  const folder = scratchFolder(fastFolder)
  const test = await newRepository({ folder, isEncrypted: options.isEncrypted ?? false })
  const outside = join(folder, 'outside')
  const target = join(outside, 'target')
  const victim = join(outside, 'victim')
  mkdirSync(join(victim, 'inner'), { recursive: true })
  writeFileSync(join(victim, 'secret'), 'the secret', { mode: 0o600 })
  writeFileSync(join(victim, 'inner', 'file'), 'inner')
  const before = scanTree(outside)
  return {
    test,
    forge: await openForge(test),
    target,
    victim,
    harm() {
      const after = scanTree(outside)
      const isInside = (path: string): boolean => path === 'target' || path.startsWith('target/')
      for (const path of after.keys()) if (isInside(path)) after.delete(path)
      for (const path of before.keys()) if (isInside(path)) before.delete(path)
      return treeDifferences(before, after)
    },
    open: () => test.open(),
    async restore(id, more = {}) {
      const repository = await test.open()
      const events: HoldfastEvent[] = []
      try {
        const result = await engine.restore(repository, {
          snapshot: engine.resolveSnapshot(repository, id),
          target: Buffer.from(target),
          ...more,
          onEvent: (event) => events.push(event),
        })
        const messages = events.flatMap((event) =>
          event.type === 'progress' ? [] : [event.message],
        )
        return { result, messages }
      } finally {
        await repository.close()
      }
    },
  }
}

export function contentOfVictim({ victim }: HostileWorld): string {
  return readFileSync(join(victim, 'secret'), 'latin1')
}
