import type { Mutant } from '../mutant.ts'

/** Writing into a target that nobody trusts, and telling what has changed in a source. */
export const restoreMutants: readonly Mutant[] = [
  {
    name: 'directories are opened through links',
    class: 'no-follow',
    file: 'src/filesystem/posix/directory.c',
    text: 'flags & FOLLOW_LINKS ? 0 : O_NOFOLLOW',
    replacement: '0',
    tests: [
      {
        file: 'test/unit/filesystem/posix/directory.test.ts',
        only: 'refuses a symbolic link unless it is told to follow',
      },
    ],
  },
  {
    name: 'small files are not made exclusively',
    class: 'exclusive',
    file: 'src/filesystem/posix/small-files.c',
    text: 'O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW',
    replacement: 'O_WRONLY | O_CREAT',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'refuses what exists unless told to replace it',
      },
    ],
  },
  {
    name: 'small files are open to others while they are written',
    class: 'exclusive',
    file: 'src/filesystem/posix/small-files.c',
    text: 'int fd = openat(request->directory, name, flags, 0600);',
    replacement: 'int fd = openat(request->directory, name, flags, 0666);',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'keeps a file private, whatever the umask, until it is told a mode',
      },
    ],
  },
  {
    name: 'a small file in the way is opened and not removed',
    class: 'exclusive',
    file: 'src/filesystem/posix/small-files.c',
    text: 'fd = openat(request->directory, name, flags, 0600);\n  }',
    replacement: 'fd = openat(request->directory, name, O_WRONLY | O_TRUNC, 0600);\n  }',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'refuses what exists unless told to replace it',
      },
    ],
  },
  {
    name: 'a small file may have any name',
    class: 'no-follow',
    file: 'src/filesystem/posix/small-files.c',
    text: '      !is_single_component(name.text)) {',
    replacement: '      0) {',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'refuses names that lead elsewhere and goes on with the next file',
      },
    ],
  },
  {
    name: 'half of a small file stays',
    class: 'verify-before-publish',
    file: 'src/filesystem/posix/small-files.c',
    text: 'if (!is_complete) unlinkat(request->directory, name.text, 0);',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'leaves no partial file behind when a write fails half way',
      },
    ],
  },
  {
    name: 'set-id bits are given to a file that did not get its owner',
    class: 'exclusive',
    file: 'src/filesystem/posix/small-files.c',
    text: 'mode &= ~(uint32_t)(S_ISUID | S_ISGID);',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'keeps set-id bits from a file whose owner is refused',
      },
    ],
  },
  {
    name: 'small files are read through links',
    class: 'no-follow',
    file: 'src/filesystem/posix/small-files.c',
    text: 'O_RDONLY | O_NOFOLLOW | O_NONBLOCK',
    replacement: 'O_RDONLY | O_NONBLOCK',
    tests: [
      {
        file: 'test/unit/filesystem/posix/read-small-files.test.ts',
        only: 'goes on after files that vanished or became something else',
      },
    ],
  },
  {
    name: 'a fifo in the place of a small file is waited for',
    class: 'bounds',
    file: 'src/filesystem/posix/small-files.c',
    text: 'O_RDONLY | O_NOFOLLOW | O_NONBLOCK',
    replacement: 'O_RDONLY | O_NOFOLLOW',
    tests: [
      {
        file: 'test/unit/filesystem/posix/read-small-files.test.ts',
        only: 'goes on after files that vanished or became something else',
      },
    ],
  },
  {
    name: 'a small file that changes while it is read is not marked',
    class: 'change',
    file: 'src/filesystem/posix/small-files.c',
    text: 'if (!same_version(&before, &after)) record.flags |= FLAG_CHANGED;',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/posix/read-small-files.test.ts',
        only: 'flags a file that shrinks while it is read, and never mistakes its size',
      },
    ],
  },
  {
    name: 'large files are not made exclusively',
    class: 'exclusive',
    file: 'src/filesystem/posix/descriptor.c',
    text: 'O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW',
    replacement: 'O_WRONLY | O_CREAT | O_NOFOLLOW',
    tests: [
      {
        file: 'test/unit/filesystem/posix/descriptor.test.ts',
        only: 'makes a private file and never opens one that exists',
      },
    ],
  },
  {
    name: 'large files are open to others while they are written',
    class: 'exclusive',
    file: 'src/filesystem/posix/descriptor.c',
    text: '07777) : 0600;',
    replacement: '07777) : 0644;',
    tests: [
      {
        file: 'test/unit/filesystem/posix/descriptor.test.ts',
        only: 'makes a private file and never opens one that exists',
      },
    ],
  },
  {
    name: 'the mode of what a link leads to is changed',
    class: 'no-follow',
    file: 'src/filesystem/posix/directory.c',
    text: 'fchmodat(directory, name.text, mode, AT_SYMLINK_NOFOLLOW)',
    replacement: 'fchmodat(directory, name.text, mode, 0)',
    tests: [
      {
        file: 'test/unit/filesystem/posix/directory.test.ts',
        only: 'changes mode and owner without following a link',
      },
    ],
  },
  {
    name: 'the owner of what a link leads to is changed',
    class: 'no-follow',
    file: 'src/filesystem/posix/directory.c',
    text: 'fchownat(directory, name.text, uid, gid, AT_SYMLINK_NOFOLLOW)',
    replacement: 'fchownat(directory, name.text, uid, gid, 0)',
    tests: [
      {
        file: 'test/unit/filesystem/posix/directory.test.ts',
        only: 'changes mode and owner without following a link',
      },
    ],
  },
  {
    name: 'the status of entries follows links',
    class: 'no-follow',
    file: 'src/filesystem/posix/status.c',
    text: 'fstatat(directory, name.text, &status, AT_SYMLINK_NOFOLLOW) != 0',
    replacement: 'fstatat(directory, name.text, &status, 0) != 0',
    tests: [
      {
        file: 'test/unit/filesystem/posix/directory.test.ts',
        only: 'describes every type of file as lstat does',
      },
    ],
  },
  {
    name: 'a name of the repository may lead out of its folder',
    class: 'no-follow',
    file: 'src/filesystem/write/writer-context.ts',
    text: 'if (!isEntryName(entry.name)) throw',
    replacement: 'if (entry.name.length < 0) throw',
    tests: [{ file: 'test/unit/filesystem/write/safe-writer.test.ts', only: 'are refused for' }],
  },
  {
    name: '`..` is a name',
    class: 'no-follow',
    file: 'src/filesystem/write/entry-name.ts',
    text: 'if (name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot))) return false',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/write/entry-name.test.ts',
        only: 'refuses what is no single component',
      },
    ],
  },
  {
    name: 'a slash may be in a name',
    class: 'no-follow',
    file: 'src/filesystem/write/entry-name.ts',
    text: '!name.includes(slash) && ',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/write/entry-name.test.ts',
        only: 'refuses what is no single component',
      },
    ],
  },
  {
    name: 'a hard link goes to what stood in the target',
    class: 'no-follow',
    file: 'src/filesystem/write/special-files.ts',
    text: 'if (isSameFile(openedStatus(fd), identity)) return fd',
    replacement: 'if (fd >= 0) return fd',
    tests: [
      {
        file: 'test/unit/filesystem/write/safe-writer.test.ts',
        only: 'are refused when another file or a link has taken the place of the first name',
      },
    ],
  },
  {
    name: 'a directory that was swapped while it was parked is written to',
    class: 'no-follow',
    file: 'src/filesystem/write/held-directories.ts',
    text: 'if (isSameFile(openedStatus(fd), handle.identity)) return fd',
    replacement: 'if (fd >= 0) return fd',
    tests: [
      {
        file: 'test/unit/filesystem/write/safe-writer.test.ts',
        only: 'that were swapped while they were parked are not written to',
      },
    ],
  },
  {
    name: 'root lends its power to a stranger who swaps directories',
    class: 'no-follow',
    file: 'src/filesystem/write/child-directory.ts',
    text: 'if (isCreated) checkOwnDirectory(context, { status, parent, path })\n      else checkMount',
    replacement: 'if (!isCreated) checkMount',
    tests: [
      {
        file: 'test/unit/filesystem/write/swapped-in.test.ts',
        only: 'is not taken for a directory that was swapped in behind mkdir',
      },
    ],
  },
  {
    name: 'a mounted file system is entered',
    class: 'bounds',
    file: 'src/filesystem/write/child-directory.ts',
    text: 'else checkMount(context, status, path)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/write/safe-writer.test.ts',
        only: 'of another file system are refused unless they may be crossed',
      },
    ],
  },
  {
    name: 'new directories inherit what is open to others',
    class: 'exclusive',
    file: 'src/filesystem/write/child-directory.ts',
    text: 'if (parent?.hasDefaultAcl !== false) dropInheritedAcls(fd)',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/write/safe-writer.test.ts',
        only: 'inherit no ACL and hand none on',
      },
    ],
  },
  {
    name: 'directories are open to others while they are filled',
    class: 'exclusive',
    file: 'src/filesystem/write/child-directory.ts',
    text: 'posix.mkdirAt(parentFd, name, ownerMayAll)\n    return true',
    replacement: 'posix.mkdirAt(parentFd, name, 0o777)\n    return true',
    tests: [
      {
        file: 'test/unit/filesystem/write/existing-entries.test.ts',
        only: 'a directory is private while it is filled, whatever the umask',
      },
    ],
  },
  {
    name: 'a file in the way of a directory is removed unasked',
    class: 'exclusive',
    file: 'src/filesystem/write/child-directory.ts',
    text: 'if (!context.replaceObstacles || (code',
    replacement: 'if ((code',
    tests: [
      {
        file: 'test/unit/filesystem/write/safe-writer.test.ts',
        only: 'keeps a directory out, unless obstacles may be replaced',
      },
    ],
  },
  {
    name: 'what was created is not looked at again before its metadata is set',
    class: 'no-follow',
    file: 'src/filesystem/write/special-files.ts',
    text: 'if (!isOurs(context, directory, status, FILE_TYPE[content.type])) {',
    replacement: 'if (status.nlink === 0) {',
    tests: [
      {
        file: 'test/unit/filesystem/write/swapped-in.test.ts',
        only: 'that was swapped in behind mknod',
      },
    ],
  },
  {
    name: 'an existing file is opened through a link',
    class: 'no-follow',
    file: 'src/filesystem/write/existing-entries.ts',
    text: 'constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK',
    replacement: 'constants.O_RDONLY | constants.O_NONBLOCK',
    tests: [
      {
        file: 'test/unit/filesystem/write/existing-entries.test.ts',
        only: 'is read when it is a file, and never through a link',
      },
    ],
  },
  {
    name: 'a link is followed when what is there gets its metadata',
    class: 'no-follow',
    file: 'src/filesystem/write/existing-entries.ts',
    text: 'if ((mode & FILE_TYPE.mask) !== FILE_TYPE.regular || nlink !== 1) return',
    replacement: '',
    tests: [
      {
        file: 'test/unit/filesystem/write/existing-entries.test.ts',
        only: 'gets metadata when it is a file, and never one that has another name',
      },
    ],
  },
  {
    name: 'a large file has its name before it is whole',
    class: 'verify-before-publish',
    file: 'src/filesystem/write/large-file-writer.ts',
    text: 'finishFile(this.#context, fd, metadata, () => pathText(this.#context, directory, name))\n        const identity = identityOf(fileStatus(fd))\n        this.#publish(directoryFd)',
    replacement:
      'this.#publish(directoryFd)\n        finishFile(this.#context, fd, metadata, () => pathText(this.#context, directory, name))\n        const identity = identityOf(fileStatus(fd))',
    tests: [
      {
        file: 'test/unit/filesystem/write/existing-entries.test.ts',
        only: 'a large file has its metadata before it has its name',
      },
    ],
  },
  {
    name: 'a large file overwrites where it must not',
    class: 'exclusive',
    file: 'src/filesystem/write/large-file-writer.ts',
    text: 'if (this.#context.replaceFiles)',
    replacement: 'if (!this.#context.replaceFiles || this.#fd >= 0)',
    tests: [{ file: 'test/unit/filesystem/write/safe-writer.test.ts', only: 'may not replace it' }],
  },
  {
    name: 'set-id bits come before the owner',
    class: 'order',
    file: 'src/filesystem/metadata/apply-metadata.ts',
    text: 'const isOwned = applyOwner(task, status)\n  if (!isLink) applyMode(task, isOwned)',
    replacement: 'if (!isLink) applyMode(task, true)\n  applyOwner(task, status)',
    tests: [
      {
        file: 'test/unit/filesystem/metadata/apply-metadata.test.ts',
        only: 'keeps set-id bits through the change of owner, or withholds them',
      },
    ],
  },
  {
    name: 'set-id bits of a file that did not get its owner',
    class: 'exclusive',
    file: 'src/filesystem/metadata/apply-metadata.ts',
    text: '!(policy.setIdBits && isOwned)',
    replacement: '!policy.setIdBits',
    tests: [
      {
        file: 'test/unit/filesystem/metadata/apply-metadata.test.ts',
        only: 'withholds set-id bits when the owner is refused',
      },
    ],
  },
  {
    name: 'inherited access lists stay',
    class: 'exclusive',
    file: 'src/filesystem/metadata/apply-metadata.ts',
    text: "key.startsWith('user.') || aclNames.has(key)",
    replacement: "key.startsWith('user.')",
    tests: [
      {
        file: 'test/unit/filesystem/metadata/apply-metadata.test.ts',
        only: 'removes ACLs and attributes that the file should not have',
      },
    ],
  },
  {
    name: 'attributes of an untrusted source are all set',
    class: 'exclusive',
    file: 'src/filesystem/metadata/apply-metadata.ts',
    text: "if (policy.attributes === 'user' && !key.startsWith('user.')) {",
    replacement: "if (key === '') {",
    tests: [
      {
        file: 'test/unit/filesystem/metadata/apply-metadata.test.ts',
        only: 'keeps set-id bits, ACLs and capabilities of an untrusted source back and counts them',
      },
    ],
  },
  {
    name: 'a chunk of an existing file is taken without its hash',
    class: 'hash',
    file: 'src/operations/restore/existing-file.ts',
    text: 'this.#hasher.hash(bytes).compare(id) === 0 ? bytes',
    replacement: 'bytes.length > 0 ? bytes',
    tests: [
      {
        file: 'test/unit/operations/restore/existing-file.test.ts',
        only: 'gives a chunk only when its bytes have the hash',
      },
    ],
  },
  {
    name: "the size of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.size] === page.word(column.sizeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the nanoseconds of the mtime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.mtimeNsec] === page.word(column.mtimeNs, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the mtime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.mtimeSec] === page.word(column.mtimeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the nanoseconds of the ctime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ctimeNsec] === page.word(column.ctimeNs, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the ctime of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ctimeSec] === page.word(column.ctimeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the inode of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ino] === page.word(column.inodeLow, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the upper half of the inode of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.ino + 1] === page.word(column.inodeHigh, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the upper half of the size of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.size + 1] === page.word(column.sizeHigh, index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: "the mode of a file is not compared with its parent's",
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: 'record[at + word.mode] === page.mode(index) &&',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is unchanged only when nothing differs',
      },
    ],
  },
  {
    name: 'stamps that were too fresh are trusted',
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: '(flagRacy | flagChangedWhileRead)',
    replacement: 'flagChangedWhileRead',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is read again when its stamps could not be trusted',
      },
    ],
  },
  {
    name: 'a file that changed while it was read is taken for unchanged',
    class: 'change',
    file: 'src/operations/snapshot/parent-cursor.ts',
    text: '(flagRacy | flagChangedWhileRead)',
    replacement: 'flagRacy',
    tests: [
      {
        file: 'test/unit/operations/snapshot/parent-cursor.test.ts',
        only: 'is read again when its stamps could not be trusted',
      },
    ],
  },
  {
    name: 'fresh stamps are not noticed',
    class: 'change',
    file: 'src/operations/snapshot/racy-time.ts',
    text: 'return newestMs >= readAtMs - (isCoarse ? coarseTickMs : tickMs)',
    replacement: 'return newestMs > readAtMs + coarseTickMs',
    tests: [{ file: 'test/unit/operations/snapshot/racy-time.test.ts' }],
  },
  {
    name: 'whole seconds are trusted like nanoseconds',
    class: 'change',
    file: 'src/operations/snapshot/racy-time.ts',
    text: '(isCoarse ? coarseTickMs : tickMs)',
    replacement: 'tickMs',
    tests: [
      {
        file: 'test/unit/operations/snapshot/racy-time.test.ts',
        only: 'gives file systems that keep whole seconds two of them',
      },
    ],
  },
  {
    name: 'a fresh ctime is not looked at',
    class: 'change',
    file: 'src/operations/snapshot/racy-time.ts',
    text: 'stamps.ctimeSec * 1000 + stamps.ctimeNsec / 1e6,',
    replacement: '0,',
    tests: [{ file: 'test/unit/operations/snapshot/racy-time.test.ts' }],
  },
  {
    name: 'a fresh file is not marked',
    class: 'change',
    file: 'src/operations/snapshot/file-storer.ts',
    text: '(isStampRacy ? flagRacy : 0) |',
    replacement: '',
    tests: [
      {
        file: 'test/integration/change-detection.test.ts',
        only: 'although its stamps are as before, when they were too fresh at the first reading',
      },
    ],
  },
  {
    name: 'everything is taken from the parent although everything is to be read',
    class: 'change',
    file: 'src/operations/snapshot/source-walker.ts',
    text: 'isInParent && !this.#rules.readAll && job.parent.isUnchanged',
    replacement: 'isInParent && job.parent.isUnchanged',
    tests: [
      {
        file: 'test/integration/change-detection.test.ts',
        only: 'when everything is to be read, and is not stored again',
      },
    ],
  },
  {
    name: 'a large file is read through a link',
    class: 'no-follow',
    file: 'src/operations/snapshot/large-file.ts',
    text: 'constants.O_RDONLY | constants.O_NOFOLLOW |',
    replacement: 'constants.O_RDONLY |',
    tests: [
      {
        file: 'test/unit/operations/snapshot/large-file.test.ts',
        only: 'reads nothing through a link',
      },
    ],
  },
  {
    name: 'a large file that changes while it is read is not marked',
    class: 'change',
    file: 'src/operations/snapshot/large-file.ts',
    text: 'readBytes !== before.sizeBytes || isTouched(before, after)',
    replacement: 'readBytes < 0',
    tests: [
      {
        file: 'test/unit/operations/snapshot/large-file.test.ts',
        only: 'marks one that is written to meanwhile as changed',
      },
    ],
  },
  {
    name: 'anything in the place of a large file is read',
    class: 'type',
    file: 'src/operations/snapshot/large-file.ts',
    text: 'if ((before.mode & FILE_TYPE.mask) !== FILE_TYPE.regular) throw new NotRegularError()',
    replacement: '',
    tests: [
      {
        file: 'test/unit/operations/snapshot/large-file.test.ts',
        only: 'reads no fifo, and does not wait for one',
      },
    ],
  },
]
