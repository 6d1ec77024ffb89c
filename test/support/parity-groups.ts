import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from '../../src/index.ts'
import type * as ObjectNameModule from '../../src/format/object/object-name.ts'
import type { ProtectedPack } from '../../src/format/parity/parity-head.ts'
import type { ObjectId, PackId } from '../../src/model/ids.ts'
import type * as ReconstructModule from '../../src/repository/parity/reconstruct-packs.ts'
import type * as WriteGroupModule from '../../src/repository/parity/write-group.ts'
import { engineModule } from './built-engine.ts'
import { randomBytesOf } from './random-bytes.ts'

export const { writeGroup } = await engineModule<typeof WriteGroupModule>(
  'repository/parity/write-group',
)
export const { reconstructPacks } = await engineModule<typeof ReconstructModule>(
  'repository/parity/reconstruct-packs',
)
const { objectIdOf } = await engineModule<typeof ObjectNameModule>('format/object/object-name')

/** Puts files of random bytes where packs are: parity looks at nothing else of them. */
export function putPacks(
  location: string,
  lengths: readonly number[],
  seed: number,
): ProtectedPack[] {
  return lengths.map((lengthBytes, index) => {
    const bytes = randomBytesOf(seed * 1000 + index, lengthBytes)
    const id = objectIdOf(bytes)
    writeFileSync(join(location, 'packs', id), bytes)
    return { id, bytes: lengthBytes }
  })
}

/** Ids of the parity objects of the only group. */
export function parityObjects(repository: Repository): ObjectId[] {
  return repository.catalogue.parity
    .groups()
    .flatMap(({ objects }) => objects.filter((id) => id !== null))
}

/** Runs `work` without the named objects and puts them back. */
export async function without<T>(
  location: string,
  names: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const contents = names.map((name) => readFileSync(join(location, name)))
  for (const name of names) rmSync(join(location, name))
  try {
    return await work()
  } finally {
    for (const [index, name] of names.entries())
      writeFileSync(join(location, name), contents[index])
  }
}

/** Packs that come back, with their bytes; null for those that do not. */
export async function reconstructed(
  repository: Repository,
  ids: readonly PackId[],
): Promise<Map<PackId, Buffer | null>> {
  const found = new Map<PackId, Buffer | null>()
  for await (const { packId, bytes } of reconstructPacks(repository, ids)) found.set(packId, bytes)
  return found
}
