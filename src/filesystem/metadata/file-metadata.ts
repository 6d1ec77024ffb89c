/** An extended attribute; the name carries its namespace, such as `user.origin`. */
export interface FileAttribute {
  readonly name: Uint8Array
  readonly value: Uint8Array
}

/** What a file has besides its name, type and content. */
export interface FileMetadata {
  /** Permission bits; those of the file type are ignored. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeSec: number
  readonly mtimeNsec: number
  /** POSIX ACLs are among them. None is the same as an empty list. */
  readonly attributes?: readonly FileAttribute[]
}

/** What of it may be set on a file that is being restored. */
export interface MetadataPolicy {
  /** Owner and group; otherwise they are whoever runs the restore. */
  readonly owner: boolean
  /** The set-user-id and set-group-id bits. */
  readonly setIdBits: boolean
  /** 'user' leaves out ACLs, capabilities and labels: everything that the kernel acts upon. */
  readonly attributes: 'all' | 'user'
  /** Block and character devices. */
  readonly devices: boolean
}

/**
 * Root restores everything, unless the snapshot comes from somebody who must not gain root's power
 * by it: set-id programs, devices, file capabilities and ACLs are exactly that power. Everybody
 * else may not set them anyway.
 */
export function chooseMetadataPolicy(options: {
  readonly isRoot: boolean
  readonly isUntrusted: boolean
}): MetadataPolicy {
  const isPrivileged = options.isRoot && !options.isUntrusted
  return {
    owner: isPrivileged,
    setIdBits: isPrivileged,
    attributes: options.isUntrusted ? 'user' : 'all',
    devices: isPrivileged,
  }
}
