import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from '../../../src/index.ts'
import { engine } from '../built-engine.ts'
import { cheapenKey, passphrase } from '../cheap-key.ts'
import { directory, file, makeTree, sparseFile, symlink } from '../make-tree.ts'
import { logLines, randomBytesOf } from '../random-bytes.ts'
import { scanTree, type ScannedTree } from '../scan-tree.ts'

/** A small repository with every type of object, and what its snapshots hold. */
export interface DamageSample {
  readonly location: string
  readonly cacheDirectory: string
  readonly isEncrypted: boolean
  /** Every object by its name, as it was stored. */
  readonly objects: ReadonlyMap<string, Buffer>
  /** What a restore of each snapshot has to give. */
  readonly trees: ReadonlyMap<string, ScannedTree>
  open(): Promise<Repository>
}

/** Folders whose objects are not the truth: locks come and go. */
const objectFolders = ['packs', 'index', 'snapshots', 'journal', 'keys'] as const

/** Two snapshots of a few files in two packs, verified once; some 40 KB in all. */
export async function makeDamageSample(
  folder: string,
  isEncrypted: boolean,
): Promise<DamageSample> {
  const location = join(folder, 'repository')
  const cacheDirectory = join(folder, 'cache')
  const source = join(folder, 'source')
  mkdirSync(source, { recursive: true })
  await engine.initRepository({
    location,
    chunkAverageBytes: 16 * 1024,
    ...(isEncrypted && { passphrase }),
  })
  if (isEncrypted) await cheapenKey(location, cacheDirectory)
  makeTree(source, {
    text: file(logLines('text', 20_000)),
    random: file(randomBytesOf('random', 3000)),
    folder: directory({ inner: directory({ a: file('a'), link: symlink('a') }), b: file('b') }),
    empty: file(''),
    holes: sparseFile(300_000, [[100_000, Buffer.from('not a hole')]]),
  })
  const open = (): Promise<Repository> =>
    engine.openRepository({
      location,
      cacheDirectory,
      ...(isEncrypted && { passphrase }),
    })
  const trees = new Map<string, ScannedTree>()
  const handle = await open()
  const save = async (): Promise<void> => {
    const { snapshot } = await engine.snapshot(handle, { paths: [source], base: source })
    if (snapshot) trees.set(snapshot.id, scanTree(source))
  }
  await save()
  writeFileSync(join(source, 'folder/b'), logLines('changed', 3000))
  await save()
  await engine.verify(handle, {})
  await handle.close()
  return { location, cacheDirectory, isEncrypted, objects: readObjects(location), trees, open }
}

/** Objects that a repository has now. */
export function readObjects(location: string): Map<string, Buffer> {
  const objects = new Map([['config', readFileSync(join(location, 'config'))]])
  for (const folder of objectFolders) {
    for (const name of readdirSync(join(location, folder)).sort()) {
      objects.set(`${folder}/${name}`, readFileSync(join(location, folder, name)))
    }
  }
  return objects
}

/** The next opening takes everything in again. */
export function forgetCatalogue({ location, cacheDirectory, isEncrypted }: DamageSample): void {
  if (isEncrypted) rmSync(cacheDirectory, { recursive: true, force: true })
  for (const end of ['', '-wal', '-shm'])
    rmSync(join(location, `catalogue.db${end}`), { force: true })
}

/** Puts every object back, and removes what came since. */
export function resetObjects({ location, objects }: DamageSample): void {
  for (const folder of [...objectFolders, 'locks']) {
    for (const name of readdirSync(join(location, folder))) {
      if (!objects.has(`${folder}/${name}`)) rmSync(join(location, folder, name))
    }
  }
  for (const [name, bytes] of objects) writeFileSync(join(location, name), bytes)
}
