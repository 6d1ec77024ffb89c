import type { Mutant } from '../mutant.ts'

/** Writing into a target that nobody trusts. */
export const writeMutants: readonly Mutant[] = [
  {
    name: 'a name of the repository may lead out of its folder',
    class: 'no-follow',
    file: 'src/filesystem/write/writer-context.ts',
    text: 'if (!isEntryName(entry.name)) throw',
    replacement: 'if (entry.name.length < 0) throw',
    tests: [
      { file: 'test/unit/filesystem/write/safe-writer-attacks.test.ts', only: 'are refused for' },
    ],
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
    name: 'files in folders that others can enter have their modes at once',
    class: 'exclusive',
    file: 'src/filesystem/write/small-file-writer.ts',
    text: 'return isCreated && !hasDefaultAcl',
    replacement: 'return !hasDefaultAcl',
    tests: [
      {
        file: 'test/hostile/target-matrix.test.ts',
        only: 'nothing is open to others before it is finished',
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
        file: 'test/unit/filesystem/write/safe-writer-attacks.test.ts',
        only: 'keeps a directory out, unless obstacles may be replaced',
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
    tests: [
      {
        file: 'test/unit/filesystem/write/safe-writer-attacks.test.ts',
        only: 'may not replace it',
      },
    ],
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
]
