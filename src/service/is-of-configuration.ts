import type { Configuration } from '../config/load-config.ts'
import { resolveBytes } from '../foundation/byte-path.ts'
import type { PathText, SnapshotManifest } from '../model/snapshot.ts'

/**
 * True for a snapshot that was made of what a configuration names: what other projects and other commands put into the same repository is
 * none of its business.
 *
 * Such a snapshot begins at the configuration's folder. When a configured path lies outside of that it begins at the root, and has no path
 * that is not configured.
 */
export function isOfConfiguration(
  snapshot: Pick<SnapshotManifest, 'base' | 'paths'>,
  configuration: Configuration,
): boolean {
  const { folder, backup } = configuration
  const base = bytesOf(snapshot.base)
  if (folder !== '/' && base.equals(Buffer.from(folder))) return true
  const configured = Object.values(backup?.paths ?? {})
    .flat()
    .map((path) => resolveBytes(folder, Buffer.from(path)))
  return (
    base.toString() === '/' &&
    snapshot.paths.every((path) => configured.some((one) => one.equals(bytesOf(path))))
  )
}

function bytesOf(path: PathText): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : Buffer.from(path.base64, 'base64')
}
