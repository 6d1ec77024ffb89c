import { readFileSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'

/** File systems of other machines, by the kernel's names. A FUSE one says its program's name behind a dot. */
const networkTypes: ReadonlySet<string> = new Set([
  '9p',
  'afs',
  'beegfs',
  'ceph',
  'cifs',
  'fuse.ceph',
  'fuse.davfs',
  'fuse.glusterfs',
  'fuse.juicefs',
  'fuse.rclone',
  'fuse.s3fs',
  'fuse.sshfs',
  'glusterfs',
  'gpfs',
  'lustre',
  'ncpfs',
  'nfs',
  'nfs4',
  'smb3',
  'smbfs',
])

/**
 * Whether a folder is on another machine: SQLite's locks and its shared memory do not hold there, and each of its many small writes would
 * cross the network.
 *
 * @param path of the folder, which need not be there yet
 */
export function isNetworkFolder(path: string): boolean {
  try {
    return isNetworkType(mountTypeOf(readFileSync('/proc/self/mountinfo', 'utf8'), real(path)))
  } catch {
    // Not Linux, or a machine that does not tell.
    return false
  }
}

export function isNetworkType(type: string | undefined): boolean {
  return type !== undefined && networkTypes.has(type)
}

/**
 * The type of the file system that a path is on. By the table of mounts and not by `statfs`, which calls every FUSE file system the same.
 *
 * @param mountinfo as in proc(5): id, parent, device, root, mount point, options, tags, `-`, type, source, options
 * @param path absolute, without links
 */
export function mountTypeOf(mountinfo: string, path: string): string | undefined {
  let best: { readonly point: string; readonly type: string | undefined } | undefined
  for (const line of mountinfo.split('\n')) {
    const [front = '', back = ''] = line.split(' - ')
    const point = unescapeOctal(front.split(' ')[4] ?? '')
    if (point === '' || !isBelow(path, point)) continue
    // Of two on one point the later covers the other.
    if (!best || point.length >= best.point.length) best = { point, type: back.split(' ')[0] }
  }
  return best?.type
}

function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`)
}

/** Blanks, tabs, line ends and backslashes. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/** Of what is not there yet, the nearest that is. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : real(above)
  }
}
