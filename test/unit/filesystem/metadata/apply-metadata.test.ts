import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { applyMetadata } from '../../../../src/filesystem/metadata/apply-metadata.ts'
import { chooseMetadataPolicy } from '../../../../src/filesystem/metadata/file-metadata.ts'
import type { FileMetadata } from '../../../../src/filesystem/metadata/file-metadata.ts'
import { readXattrs, readXattrsAt } from '../../../../src/filesystem/metadata/read-xattrs.ts'
import { fileStatus } from '../../../../src/filesystem/posix/file-status.ts'
import { posix } from '../../../../src/filesystem/posix/posix.ts'
import { aclTag, generousAcl, packAcl } from '../acl.ts'
import { isRoot, scratchDirectory } from '../scratch-directory.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
const plain: FileMetadata = { mode: 0o640, ...own, mtimeSec: 1, mtimeNsec: 0 }
const trusted = chooseMetadataPolicy({ isRoot, isUntrusted: false })
const untrusted = chooseMetadataPolicy({ isRoot, isUntrusted: true })
const nothingSkipped = { owner: 0, setIdBits: 0, attributes: 0 }

function attribute(name: string, value: Uint8Array): { name: Buffer; value: Uint8Array } {
  return { name: bytes(name), value }
}

describe('applyMetadata()', () => {
  it('sets mode, times and attributes exactly and reports nothing', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    const attributes = [attribute('user.b', bytes('2')), attribute('user.a', bytes('1'))]
    const metadata = { ...plain, mode: 0o100_751, mtimeSec: -2, mtimeNsec: 999_999_999, attributes }
    expect(applyMetadata(fd, metadata, trusted)).toEqual({ failures: [], skipped: nothingSkipped })
    expect(fileStatus(fd)).toMatchObject({
      mode: 0o100_751,
      mtimeSec: -2,
      mtimeNsec: 999_999_999,
      ...own,
    })
    const expected = [...attributes].reverse()
    expect(readXattrs(fd)).toEqual(expected)
    expect(readXattrsAt(scratch.fd, bytes('file'))).toEqual(expected)
    posix.close(fd)
  })

  it('keeps set-id bits through the change of owner, or withholds them', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    const metadata = { ...plain, mode: 0o6755, uid: 4321, gid: 8765 }
    const report = applyMetadata(fd, metadata, trusted)
    if (isRoot) {
      expect(report).toEqual({ failures: [], skipped: nothingSkipped })
      expect(fileStatus(fd)).toMatchObject({ mode: 0o106_755, uid: 4321, gid: 8765 })
    } else {
      expect(report.skipped).toEqual({ owner: 1, setIdBits: 1, attributes: 0 })
      expect(fileStatus(fd)).toMatchObject({ mode: 0o100_755, ...own })
    }
    posix.close(fd)
  })

  it('withholds set-id bits when the owner is refused', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    // No system lets a file belong to 2^32 - 2 and to a group beyond the namespace; root may, so use a closed door.
    const policy = { ...trusted, owner: !isRoot, setIdBits: true }
    const report = applyMetadata(fd, { ...plain, mode: 0o4755, uid: own.uid + 1 }, policy)
    expect(report.skipped.setIdBits).toBe(1)
    expect(fileStatus(fd).mode).toBe(0o100_755)
    if (!isRoot) expect(report.failures).toEqual([{ step: 'owner', code: 'EPERM' }])
    posix.close(fd)
  })

  it('keeps set-id bits, ACLs and capabilities of an untrusted source back and counts them', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    const attributes = [
      attribute('security.capability', Buffer.alloc(20)),
      attribute('system.posix_acl_access', generousAcl),
      attribute('user.kept', bytes('yes')),
    ]
    const report = applyMetadata(fd, { ...plain, mode: 0o6711, attributes }, untrusted)
    expect(report).toEqual({ failures: [], skipped: { owner: 0, setIdBits: 1, attributes: 2 } })
    expect(fileStatus(fd).mode).toBe(0o100_711)
    expect(readXattrs(fd).map(({ name }) => name.toString())).toEqual(['user.kept'])
    posix.close(fd)
  })

  it('restores ACLs, the mode that goes with them, and default ACLs of directories', () => {
    const scratch = scratchDirectory()
    fs.mkdirSync(scratch.at('directory'), { mode: 0o700 })
    const fd = posix.openDirectory(scratch.fd, bytes('directory'))
    const other = packAcl([
      [aclTag.owner, 6, -1],
      [aclTag.group, 4, -1],
      [aclTag.other, 4, -1],
    ])
    const attributes = [
      attribute('system.posix_acl_access', generousAcl),
      attribute('system.posix_acl_default', other),
    ]
    const report = applyMetadata(fd, { ...plain, mode: 0o770, attributes }, trusted)
    expect(report.failures).toEqual([])
    expect(readXattrs(fd)).toEqual(attributes)
    expect(fileStatus(fd).mode & 0o7777).toBe(0o770)
    posix.close(fd)
  })

  it('removes ACLs and attributes that the file should not have', () => {
    const scratch = scratchDirectory()
    posix.setXattr(scratch.fd, bytes('system.posix_acl_default'), generousAcl)
    const fd = posix.createFile(scratch.fd, bytes('file'))
    posix.setXattr(fd, bytes('user.stale'), bytes('x'))
    expect(readXattrs(fd)).toHaveLength(2)
    expect(applyMetadata(fd, plain, trusted).failures).toEqual([])
    expect(readXattrs(fd)).toEqual([])
    expect(fileStatus(fd).mode & 0o7777).toBe(0o640)
    posix.close(fd)
  })

  it('goes on after an attribute that the system refuses and names it safely', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    const attributes = [
      attribute('nonsense.\u001b[31m', bytes('x')),
      attribute('user.a', bytes('1')),
    ]
    const report = applyMetadata(fd, { ...plain, attributes }, trusted)
    expect(report.failures).toEqual([
      { step: 'attribute', code: 'EOPNOTSUPP', attribute: 'nonsense.\\x1b[31m' },
    ])
    expect(readXattrs(fd)).toHaveLength(1)
    expect(fileStatus(fd)).toMatchObject({ mode: 0o100_640, mtimeSec: 1 })
    posix.close(fd)
  })

  it('reports values that no system call takes instead of throwing', () => {
    const scratch = scratchDirectory()
    const fd = posix.createFile(scratch.fd, bytes('file'))
    const attributes = [attribute('user.nul\0', bytes('x'))]
    const report = applyMetadata(fd, { ...plain, mtimeNsec: 2_000_000_000, attributes }, trusted)
    expect(report.failures.map(({ step }) => step)).toEqual(['attribute', 'times'])
    posix.close(fd)
  })
})
