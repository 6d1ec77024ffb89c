import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from '../../../src/index.ts'
import { engine } from '../../support/built-engine.ts'
import { cheapenKey, passphrase } from '../../support/cheap-key.ts'
import { removeTree } from '../../support/remove-tree.ts'
import { scanTree, treeDifferences } from '../../support/scan-tree.ts'
import type { Ledger } from './ledger.ts'
import type { SourceFolder } from './source-folder.ts'

/** A repository under attack, and how its state is judged. */
export interface CrashRepository {
  readonly location: string
  readonly cacheDirectory: string
  readonly passphrase: string | undefined
  readonly ledger: Ledger
  readonly sources: readonly SourceFolder[]
}

export async function createRepository(
  location: string,
  isEncrypted: boolean,
): Promise<Pick<CrashRepository, 'location' | 'cacheDirectory' | 'passphrase'>> {
  const chunkAverageBytes = 16 * 1024
  await engine.initRepository({ location, chunkAverageBytes, ...(isEncrypted && { passphrase }) })
  if (isEncrypted) await cheapenKey(location)
  return {
    location,
    cacheDirectory: `${location}-cache`,
    passphrase: isEncrypted ? passphrase : undefined,
  }
}

export function openAgain(
  target: CrashRepository,
  cacheDirectory: string = target.cacheDirectory,
): Promise<Repository> {
  const { location, passphrase: secret } = target
  return engine.openRepository({
    location,
    cacheDirectory,
    ...(secret !== undefined && { passphrase: secret }),
  })
}

/** Opens it as any next command does, and looks whether everything acknowledged is there. */
export async function checkPresence(target: CrashRepository): Promise<string[]> {
  const repository = await openAgain(target)
  try {
    const unusable = repository.unusable.map(({ name, error }) => `${name}: ${error.message}`)
    return [...unusable, ...settle(target, repository)]
  } finally {
    await repository.close()
  }
}

function settle({ ledger, sources }: CrashRepository, repository: Repository): string[] {
  const present = engine
    .listSnapshots(repository)
    .map(({ id, description }) => ({ id, state: description ?? '' }))
  const violations = ledger.settle(present)
  const used = new Set([...ledger.entries.values()].map(({ state }) => state))
  for (const source of sources) source.keep(used)
  return violations
}

/** Reads every byte of the repository, and compares restored snapshots with their sources: all of them, or a choice. */
export async function checkContents(
  target: CrashRepository,
  choose: (ids: readonly string[]) => readonly string[] = (ids) => ids,
): Promise<string[]> {
  const repository = await openAgain(target)
  try {
    const violations = settle(target, repository)
    const { damaged } = await engine.verify(repository, {})
    for (const { message, objectId } of damaged) violations.push(`${objectId ?? ''}: ${message}`)
    for (const id of choose(target.ledger.saved())) {
      violations.push(...(await restoredDifferences(target, repository, id)))
    }
    return violations
  } finally {
    await repository.close()
  }
}

/** Reads and compares the snapshot that the last crash could have harmed most. */
export async function checkNewest(target: CrashRepository): Promise<string[]> {
  const repository = await openAgain(target)
  try {
    const violations = settle(target, repository)
    const id = target.ledger.saved().at(-1)
    if (id === undefined) return violations
    const snapshots = [engine.resolveSnapshot(repository, id)]
    const { damaged } = await engine.verify(repository, { snapshots })
    for (const { message } of damaged) violations.push(`snapshot ${id}: ${message}`)
    return [...violations, ...(await restoredDifferences(target, repository, id))]
  } finally {
    await repository.close()
  }
}

async function restoredDifferences(
  { location, ledger, sources }: CrashRepository,
  repository: Repository,
  id: string,
): Promise<string[]> {
  const state = ledger.entries.get(id)?.state ?? ''
  const expected = sources.map((source) => source.scanned(state)).find((found) => found)
  if (!expected) return [`snapshot ${id}: nobody knows what "${state}" was`]
  const target = `${location}-restored`
  const problems: string[] = []
  try {
    await engine.restore(repository, {
      snapshot: engine.resolveSnapshot(repository, id),
      target: Buffer.from(target),
      verify: false,
      onEvent: (event) => {
        if (event.type !== 'progress') problems.push(`${event.type}: ${event.message}`)
      },
    })
  } catch (error) {
    return [`snapshot ${id} (${state}): ${String(error)}`]
  }
  const differences = treeDifferences(expected, scanTree(target))
  removeTree(target)
  return [...problems, ...differences].map((line) => `snapshot ${id} (${state}): ${line}`)
}

/** The catalogue that many crashes have left is the one that the objects alone give; no lock and no unfinished file stays. */
export async function checkLeftovers(target: CrashRepository): Promise<string[]> {
  const violations: string[] = []
  const repository = await openAgain(target)
  try {
    await engine.prune(repository, { unused: { ratio: 0 }, graceMs: 0 })
    for (const folder of ['locks', 'tmp']) {
      const path = join(target.location, folder)
      for (const name of existsSync(path) ? readdirSync(path) : []) {
        violations.push(`${folder}/${name} is left after a prune`)
      }
    }
    const before = [...repository.catalogue.dump()]
    await engine.repairCatalogue(repository)
    const after = [...repository.catalogue.dump()]
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      violations.push('the catalogue differs from one that is built anew')
    }
  } finally {
    await repository.close()
  }
  return violations
}
