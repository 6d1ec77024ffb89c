import { statSync } from 'node:fs'

import type { Configuration } from '../config/load-config.ts'
import type { PathText, Snapshot } from '../model/snapshot.ts'
import { isOfConfiguration } from './is-of-configuration.ts'

export interface WantedPlace {
  readonly snapshot: Snapshot
  readonly path?: Buffer
  readonly target?: Buffer
}

/**
 * What the documented system means by `--target data/index/`: what was saved from there goes there, and not into a folder `data/index` below it. Holds for
 * backups of a configuration whose own path is the target; everywhere else a whole snapshot keeps its paths below the target.
 */
export function placeOfBackup(
  configuration: Configuration | undefined,
  { snapshot, path, target }: WantedPlace,
): { readonly path?: Buffer; readonly target?: Buffer } {
  const asked = { ...(path !== undefined && { path }), ...(target !== undefined && { target }) }
  if (target === undefined || (path !== undefined && path.length > 0)) return asked
  if (configuration === undefined || !isOfConfiguration(snapshot, configuration)) return asked
  const isSaved = snapshot.paths.some((saved) => bytesOf(saved).equals(target))
  const base = bytesOf(snapshot.base)
  if (!isSaved || target.equals(base) || isFile(target)) return asked
  const start = base.equals(Buffer.from('/')) ? 1 : base.length + 1
  return { path: target.subarray(start), target }
}

function isFile(path: Buffer): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function bytesOf(path: PathText): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : Buffer.from(path.base64, 'base64')
}
