import { createHash } from 'node:crypto'
import { createReadStream, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { defaultDrill } from '../../config/defaults.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { dumpFile } from '../../operations/browse/dump-file.ts'
import { errorText } from '../error-text.ts'
import { operationsOf, tellNotice, type ServiceContext } from '../service-context.ts'
import { tellAlertsAfter } from '../tell-after-run.ts'
import { sampleFiles, type SampledFile } from './sample-files.ts'

export interface DrillResult {
  readonly snapshot: Snapshot
  readonly result: 'ok' | 'failed'
  /** That came back and are equal. */
  readonly files: number
  readonly bytes: number
  /** What was wrong first; empty when nothing was. */
  readonly message: string
  readonly durationMs: number
}

export interface DrillRequest {
  /** Default: the newest backup that is not known to be damaged. */
  readonly snapshot?: Snapshot
  readonly files?: number
  readonly bytesMax?: number
}

/**
 * Proves that restores work: a random sample of a backup is restored by the real restore into a private folder, compared byte for byte with what the
 * snapshot holds, and removed. The result is recorded; a failure raises an alert and is no error of this function.
 *
 * @throws {HoldfastError} `SNAPSHOT_NOT_FOUND` when there is nothing to restore
 */
export async function runDrill(
  context: ServiceContext,
  request: DrillRequest = {},
): Promise<DrillResult> {
  const startedAtMs = performance.now()
  const snapshot = request.snapshot ?? newestUsable(context)
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-drill-'))
  const proof = { files: 0, bytes: 0, message: '' }
  try {
    await prove(context, { snapshot, scratch, request, proof })
  } catch (error) {
    context.signal.throwIfAborted()
    proof.message = errorText(error)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  const durationMs = performance.now() - startedAtMs
  const result = proof.message === '' ? 'ok' : 'failed'
  const drill: DrillResult = { snapshot, result, ...proof, durationMs }
  await record(context, drill)
  await tellAlertsAfter(context)
  return drill
}

function newestUsable({ repository }: ServiceContext): Snapshot {
  const { snapshots } = repository.catalogue
  const usable = snapshots.list().findLast(({ damagedAtMs }) => damagedAtMs === null)
  const snapshot = usable === undefined ? undefined : snapshots.get(usable.id)
  if (snapshot !== undefined) return snapshot
  throw new HoldfastError(
    'SNAPSHOT_NOT_FOUND',
    `Cannot make a restore drill with "${repository.location}": there is no backup that is not known to be damaged`,
    { remedy: 'Make one with `holdfast create`' },
  )
}

interface Proving {
  readonly snapshot: Snapshot
  readonly scratch: string
  readonly request: DrillRequest
  /** Counts up. */
  readonly proof: { files: number; bytes: number; message: string }
}

async function prove(context: ServiceContext, proving: Proving): Promise<void> {
  const { snapshot, scratch, request, proof } = proving
  const { repository, configuration, onEvent, signal } = context
  const limits = configuration?.settings.drill ?? defaultDrill
  const sample = sampleFiles(repository, snapshot, {
    files: request.files ?? limits.files,
    bytesMax: request.bytesMax ?? limits.bytesMax,
  })
  const bytesTotal = sample.reduce((sum, { size }) => sum + size, 0)
  for (const [index, file] of sample.entries()) {
    signal.throwIfAborted()
    await restoreOne(context, snapshot, file, join(scratch, String(index)))
    const different = await compare(context, snapshot, file, join(scratch, String(index)))
    if (different !== undefined) {
      proof.message = `"${escapeBytes(file.path)}" ${different}`
      return
    }
    proof.files += 1
    proof.bytes += file.size
    onEvent({
      type: 'progress',
      phase: 'drilling',
      filesDone: proof.files,
      filesTotal: sample.length,
      bytesDone: proof.bytes,
      bytesTotal,
      errors: 0,
    })
  }
}

async function restoreOne(
  context: ServiceContext,
  snapshot: Snapshot,
  { path }: SampledFile,
  target: string,
): Promise<void> {
  const failures: string[] = []
  const { errors } = await operationsOf(context).restore(context.repository, {
    snapshot,
    path,
    target: Buffer.from(target),
    // Neither devices nor set-id bits may come to be in a scratch folder.
    untrusted: true,
    verify: false,
    record: null,
    signal: context.signal,
    onEvent: (event) => {
      if (event.type === 'failure') failures.push(event.message)
    },
  })
  if (errors > 0) throw new Error(failures[0] ?? `"${escapeBytes(path)}" was not restored`)
}

/** @returns what differs; undefined when nothing does */
async function compare(
  { repository, signal }: ServiceContext,
  snapshot: Snapshot,
  file: SampledFile,
  folder: string,
): Promise<string | undefined> {
  const name = file.path.subarray(file.path.lastIndexOf(0x2f) + 1)
  const restored = Buffer.concat([Buffer.from(`${folder}/`), name])
  const status = lstatSync(restored)
  if (!status.isFile()) return 'is no file'
  if (status.size !== file.size) return `has ${status.size} bytes instead of ${file.size}`
  if (Math.floor(status.mtimeMs / 1000) !== file.mtimeSeconds) return 'has another time'
  const wanted = createHash('sha256')
  const sink = new Writable({
    write(part: Buffer, _, done) {
      wanted.update(part)
      done()
    },
  })
  await dumpFile(repository, snapshot, file.path, sink, signal)
  const found = createHash('sha256')
  await pipeline(createReadStream(restored), found, { signal })
  return wanted.digest('hex') === found.digest('hex') ? undefined : 'has other content'
}

async function record(context: ServiceContext, drill: DrillResult): Promise<void> {
  const { snapshot, result, files, bytes, message, durationMs } = drill
  try {
    await operationsOf(context).writeJournal(context.repository, {
      kind: 'drill',
      snapshotId: snapshot.id,
      backupId: snapshot.backupId,
      result,
      files,
      bytes,
      message,
      durationMs: Math.round(durationMs),
      actor: { ...context.actor },
    })
  } catch (error) {
    tellNotice(context, `The drill could not be recorded in the journal: ${errorText(error)}`)
  }
}
