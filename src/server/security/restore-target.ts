import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'

import type { Configuration } from '../../config/load-config.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { PathText, Snapshot } from '../../model/snapshot.ts'

/**
 * Where a restore over HTTP may go: below one of `holdfast.server.restore_roots`, or back to where the files came from, when that is in the
 * project's folder. Links on the way are followed first, so that none leads out. (Below the target the writer follows none.)
 *
 * @returns the folder, absolute and without links; undefined for back to where the files came from
 * @throws {HoldfastError} `TARGET_REFUSED`
 */
export function checkRestoreTarget(
  configuration: Configuration | undefined,
  snapshot: Pick<Snapshot, 'base' | 'backupId'>,
  target: string | undefined,
): string | undefined {
  const roots = configuration?.settings.server.restoreRoots ?? []
  const project = configuration?.folder
  if (target === undefined || target === '') {
    const base = pathOf(snapshot.base)
    if (project !== undefined && base !== undefined && isWithin(base, [project, ...roots])) {
      return undefined
    }
    throw refused(
      `Cannot restore ${snapshot.backupId} to where it came from: that is not in the project's folder`,
      roots,
    )
  }
  const wanted = isAbsolute(target) ? resolve(target) : resolve(project ?? '/', target)
  if (project !== undefined && wanted === project && pathOf(snapshot.base) === project)
    return undefined
  if (!isWithin(wanted, roots)) {
    throw refused(`Cannot restore to "${target}": it is not below a folder that is allowed`, roots)
  }
  return realPath(wanted)
}

function pathOf(path: PathText): string | undefined {
  return typeof path === 'string' ? path : undefined
}

function isWithin(path: string, folders: readonly string[]): boolean {
  const real = realPath(path)
  return folders.some((folder) => {
    const root = realPath(folder)
    return real === root || real.startsWith(root === '/' ? '/' : `${root}/`)
  })
}

const linksMax = 40

/** What is not there yet has no links, and only what is above it is looked at; a link to what is not there yet leads there all the same. */
function realPath(path: string, links = 0): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    if (parent === path) return path
    const link = readLink(path)
    if (link === undefined) return join(realPath(parent, links), basename(path))
    // A loop leads nowhere that is allowed.
    return links >= linksMax ? '/' : realPath(resolve(parent, link), links + 1)
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function refused(message: string, roots: readonly string[]): HoldfastError {
  return new HoldfastError('TARGET_REFUSED', message, {
    remedy:
      roots.length === 0
        ? 'Name folders under holdfast.server.restore_roots, or restore with the command line'
        : `Choose a folder below ${roots.join(' or ')}`,
    facts: { roots },
  })
}
