import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type {
  HoldfastEvent,
  Repository,
  Snapshot,
  SnapshotOptions,
  SnapshotResult,
  VerifyResult,
} from '../../src/index.ts'
import { engine } from './built-engine.ts'
import { cheapenKey, passphrase } from './cheap-key.ts'
import { scanTree, treeDifferences, type ScannedEntry } from './scan-tree.ts'
import { fastFolder, scratchFolder } from './scratch.ts'

export { passphrase } from './cheap-key.ts'
/** The smallest that the format allows, so that small files have many chunks. */
export const smallChunks = 16 * 1024

/** A repository on the disk; each `open` gives a handle of its own. */
export interface TestRepository {
  readonly location: string
  /** Where the catalogue of an encrypted repository is. */
  readonly cacheDirectory: string
  readonly isEncrypted: boolean
  /** The handle is closed when the test ends, if the test did not. */
  open(options?: { readonly cacheDirectory?: string }): Promise<Repository>
}

/** Makes a repository in a scratch folder. */
export async function newRepository(
  options: { readonly isEncrypted?: boolean; readonly folder?: string } = {},
): Promise<TestRepository> {
  const folder = options.folder ?? scratchFolder(fastFolder)
  const location = join(folder, 'repository')
  const isEncrypted = options.isEncrypted ?? false
  await engine.initRepository({
    location,
    chunkAverageBytes: smallChunks,
    ...(isEncrypted && { passphrase }),
  })
  if (isEncrypted) await cheapenKey(location)
  return repositoryAt(location, isEncrypted)
}

export function repositoryAt(
  location: string,
  isEncrypted: boolean,
  cacheDirectory: string = `${location}-cache`,
): TestRepository {
  return {
    location,
    cacheDirectory,
    isEncrypted,
    async open(options = {}) {
      const repository = await engine.openRepository({
        location,
        cacheDirectory: options.cacheDirectory ?? cacheDirectory,
        ...(isEncrypted && { passphrase }),
      })
      onTestFinished(() => repository.close())
      return repository
    },
  }
}

/** A copy with a life of its own, catalogue included. */
export function cloneRepository(original: TestRepository, folder: string): TestRepository {
  const location = join(folder, 'repository')
  cpSync(original.location, location, { recursive: true })
  const clone = repositoryAt(location, original.isEncrypted)
  if (original.isEncrypted) {
    cpSync(original.cacheDirectory, clone.cacheDirectory, { recursive: true })
  }
  return clone
}

/** Objects of a repository as paths below it: everything that is the truth. */
export function objectPaths(location: string): string[] {
  const folders = ['packs', 'index', 'snapshots', 'journal', 'keys']
  const paths = folders.flatMap((folder) =>
    readdirSync(join(location, folder)).map((name) => `${folder}/${name}`),
  )
  return ['config', ...paths.sort()]
}

export function namesIn(location: string, folder: string): string[] {
  mkdirSync(join(location, folder), { recursive: true })
  return readdirSync(join(location, folder)).sort()
}

/** Contents of all objects, to be compared before and after something that must change nothing. */
export function objectContents(location: string): Map<string, string> {
  return new Map(
    [...objectPaths(location), ...namesIn(location, 'locks').map((name) => `locks/${name}`)].map(
      (path) => [path, readFileSync(join(location, path)).toString('base64')],
    ),
  )
}

export function packBytesOf(location: string): number {
  const packs = join(location, 'packs')
  return readdirSync(packs).reduce((sum, name) => sum + statSync(join(packs, name)).size, 0)
}

/** Threads for what runs inside of `work`; without a call it is none, which is the fastest for small trees. */
export async function withThreads<T>(count: number, work: () => Promise<T>): Promise<T> {
  const before = process.env['HOLDFAST_THREADS']
  process.env['HOLDFAST_THREADS'] = String(count)
  try {
    return await work()
  } finally {
    process.env['HOLDFAST_THREADS'] = before
  }
}
process.env['HOLDFAST_THREADS'] = '0'

export interface Saved extends SnapshotResult {
  readonly snapshot: Snapshot
  readonly events: readonly HoldfastEvent[]
}

/** Saves a folder under itself as base, so that the snapshot's root is the folder. */
export async function save(
  repository: Repository,
  folder: string,
  options: Partial<SnapshotOptions> = {},
): Promise<Saved> {
  const events: HoldfastEvent[] = []
  const result = await engine.snapshot(repository, {
    paths: [folder],
    base: folder,
    ...options,
    onEvent: (event) => {
      events.push(event)
      options.onEvent?.(event)
    },
  })
  if (!result.snapshot) throw new Error('There is no snapshot')
  return { ...result, snapshot: result.snapshot, events }
}

/** Saves paths below the folder; the snapshot's root is the folder. */
export async function savePaths(
  folder: string,
  paths: readonly (string | Buffer)[],
  options: Partial<SnapshotOptions> = {},
): Promise<Saved & { repository: Repository; names: string[] }> {
  const repository = await (await newRepository()).open()
  const saved = await save(repository, folder, {
    ...options,
    paths: paths.map((path) => (typeof path === 'string' ? join(folder, path) : path)),
  })
  return { ...saved, repository, names: pathsOf(repository, saved.snapshot) }
}

/** Notices and unreadable paths as text, for comparison. */
export function remarks(events: readonly HoldfastEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'progress'
      ? []
      : [`${event.type} ${event.path?.toString('latin1') ?? ''}: ${event.message}`],
  )
}

/** Restores a snapshot into an empty folder. */
export async function restoreTo(
  repository: Repository,
  snapshot: Snapshot,
  target: string = join(scratchFolder(), 'restored'),
): Promise<{ target: string; problems: string[] }> {
  const events: HoldfastEvent[] = []
  await engine.restore(repository, {
    snapshot,
    target: Buffer.from(target),
    onEvent: (event) => events.push(event),
  })
  return { target, problems: remarks(events) }
}

/** Differences between a folder and what a restore of its snapshot gives, problems of the restore included. */
export async function restoreDifferences(
  repository: Repository,
  snapshot: Snapshot,
  folder: string,
  ignored: readonly (keyof ScannedEntry)[] = [],
): Promise<string[]> {
  const { target, problems } = await restoreTo(repository, snapshot)
  return [...problems, ...treeDifferences(scanTree(folder), scanTree(target), ignored)]
}

/** What a full verification finds, as text. */
export async function findings(repository: Repository): Promise<string[]> {
  return describeDamage(await engine.verify(repository, {}))
}

export function describeDamage(result: VerifyResult): string[] {
  return result.damaged.map(
    ({ message, objectId, path, offsetBytes }) =>
      `${objectId ?? ''}${path?.toString('latin1') ?? ''}${offsetBytes === undefined ? '' : `@${offsetBytes}`}: ${message}`,
  )
}

/** Content of a file of a snapshot. */
export async function contentOf(
  repository: Repository,
  snapshot: Snapshot,
  path: string | Buffer,
): Promise<Buffer> {
  const parts: Buffer[] = []
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // A copy, because chunks are views of a cache.
      parts.push(Buffer.from(chunk))
      done()
    },
  })
  await engine.dumpFile(repository, snapshot, Buffer.from(path as string), output)
  return Buffer.concat(parts)
}

/** All paths of a snapshot, bytes as latin1 text. */
export function pathsOf(repository: Repository, snapshot: Snapshot): string[] {
  return [...engine.listTree(repository, snapshot, Buffer.from('/'), { recursive: true })]
    .map(({ path }) => path.toString('latin1'))
    .sort()
}

/** The code of the typed error that the work ends with, `no error`, or any other error as text. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    return error instanceof engine.HoldfastError ? error.code : `not typed: ${String(error)}`
  }
}

/** Sleeps until time stamps made from now on differ from those made before: see `racy-time.ts`. */
export async function letStampsAge(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30))
}
