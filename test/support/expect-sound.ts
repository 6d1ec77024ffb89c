import { expect } from 'vitest'
import { engine } from './built-engine.ts'
import { findings, namesIn, type TestRepository } from './repositories.ts'

/** Opens the repository, and asks whether everything in it is whole and nothing is in the way. */
export async function expectSound(repository: TestRepository, snapshots: number): Promise<void> {
  const handle = await repository.open()
  expect(handle.unusable).toEqual([])
  expect(engine.listSnapshots(handle)).toHaveLength(snapshots)
  expect(await findings(handle)).toEqual([])
  expect(namesIn(repository.location, 'locks')).toEqual([])
  await handle.close()
}
