import type { Mutant } from '../mutant.ts'

/** System calls of the addon: what a link, a fifo or an older file in the place of a name must not do. */
export const posixMutants: readonly Mutant[] = [
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
    text: '!(request->flags & WRITE_CHMOD)) return 0600;',
    replacement: '!(request->flags & WRITE_CHMOD)) return 0666;',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'keeps a file private, whatever the umask, until it is told a mode',
      },
    ],
  },
  {
    name: 'a hidden file is open to a group that is not yet its own',
    class: 'exclusive',
    file: 'src/filesystem/posix/small-files.c',
    text: 'return (mode & 0700) | common << 3 | common;',
    replacement: 'return mode & 0777;',
    tests: [
      {
        file: 'test/hostile/target-matrix.test.ts',
        only: 'nothing is open to others before it is finished',
      },
    ],
  },
  {
    name: 'a hidden file keeps the mode it was made with',
    class: 'exclusive',
    file: 'src/filesystem/posix/small-files.c',
    text: 'request->flags & WRITE_HIDDEN && (status.st_mode & 07777) == mode',
    replacement: 'request->flags & WRITE_HIDDEN',
    tests: [
      {
        file: 'test/unit/filesystem/posix/write-small-files.test.ts',
        only: 'gives a hidden file its very mode and owner, whatever the umask',
      },
    ],
  },
  {
    name: 'a small file in the way is opened and not removed',
    class: 'exclusive',
    file: 'src/filesystem/posix/small-files.c',
    text: 'fd = openat(request->directory, name, flags, mode);\n  }',
    replacement: 'fd = openat(request->directory, name, O_WRONLY | O_TRUNC, mode);\n  }',
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
]
