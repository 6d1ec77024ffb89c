import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import {
  isNetworkFolder,
  isNetworkType,
  mountTypeOf,
} from '../../../src/storage/local/network-folder.ts'

const mountinfo = `22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:25 / /proc rw - proc proc rw
41 22 0:44 / /mnt/backup rw,relatime shared:9 - nfs4 nas:/export rw,vers=4.2
42 41 254:3 / /mnt/backup/local rw - xfs /dev/vdb rw
43 22 0:50 / /mnt/a\\040b rw - fuse.sshfs host:/ rw
44 22 0:51 / /mnt/twice rw - ext4 /dev/vdc rw
45 22 0:52 / /mnt/twice rw - cifs //nas/x rw
`

describe('mountTypeOf', () => {
  it.each([
    ['/home/repo', 'ext4'],
    ['/mnt/backup', 'nfs4'],
    ['/mnt/backup/repo', 'nfs4'],
    ['/mnt/backup2/repo', 'ext4'],
    ['/mnt/backup/local/repo', 'xfs'],
    ['/mnt/a b/repo', 'fuse.sshfs'],
    ['/mnt/twice/repo', 'cifs'],
  ])('finds the file system of %s', (path, type) => {
    expect(mountTypeOf(mountinfo, path)).toBe(type)
  })

  it('knows nothing of a table that tells nothing', () => {
    expect(mountTypeOf('', '/x')).toBeUndefined()
    expect(mountTypeOf('nonsense\n\n - \n', '/x')).toBeUndefined()
  })
})

it('tells folders of other machines from those of this one', () => {
  for (const type of ['nfs', 'nfs4', 'cifs', 'fuse.sshfs', '9p', 'ceph']) {
    expect(isNetworkType(type), type).toBe(true)
  }
  for (const type of ['ext4', 'xfs', 'btrfs', 'tmpfs', 'zfs', 'overlay', 'fuseblk', undefined]) {
    expect(isNetworkType(type), type).toBe(false)
  }
  expect(isNetworkFolder(join(tmpdir(), 'not', 'there', 'yet'))).toBe(false)
})
