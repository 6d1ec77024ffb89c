/** The binary form of POSIX ACLs that Linux keeps in `system.posix_acl_*`: version 2, then tag, permissions, id. */
export function packAcl(entries: readonly (readonly [number, number, number])[]): Buffer {
  const acl = Buffer.alloc(4 + entries.length * 8)
  acl.writeUInt32LE(2, 0)
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    acl.writeUInt16LE(tag, 4 + index * 8)
    acl.writeUInt16LE(permissions, 6 + index * 8)
    acl.writeInt32LE(id, 8 + index * 8)
  }
  return acl
}

export const aclTag = { owner: 1, user: 2, group: 4, mask: 16, other: 32 } as const

/** rwx for the owner and for user 1000, r-x for the group, nothing for others. */
export const generousAcl: Buffer = packAcl([
  [aclTag.owner, 7, -1],
  [aclTag.user, 7, 1000],
  [aclTag.group, 5, -1],
  [aclTag.mask, 7, -1],
  [aclTag.other, 0, -1],
])
