import type { Repository } from '../../src/index.ts'
import { engine } from '../support/built-engine.ts'
import { file, makeTree, type Tree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { newRepository, type TestRepository } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** As many files of random bytes, each a byte longer than the one before. */
export function files(seed: string, count: number, bytes: number): Tree {
  const tree: Record<string, Tree[string]> = {}
  for (let index = 0; index < count; index++) {
    tree[`${seed}-${index}`] = file(randomBytesOf(`${seed} ${index}`, bytes + index))
  }
  return tree
}

export function newSource(tree: Tree): string {
  const folder = scratchFolder(fastFolder)
  makeTree(folder, tree)
  return folder
}

export async function scene(
  isEncrypted = false,
): Promise<{ repository: TestRepository; handle: Repository }> {
  const repository = await newRepository({ isEncrypted })
  return { repository, handle: await repository.open() }
}

/** Leaves nothing that no snapshot needs, and waits for nothing. */
export function prune(handle: Repository): ReturnType<typeof engine.prune> {
  return engine.prune(handle, { unused: { ratio: 0 }, graceMs: 0 })
}
