/*
 * Makes the Nth call that a process makes below a folder fail, for the failure sweeps (docs/RELIABILITY.md). Loaded with
 * LD_PRELOAD, told what to do through a file that is mapped (fault-control.ts). One counter for all threads of the process:
 * strace's `inject` counts each thread by itself, and libuv has four.
 *
 * What a call touches is found by asking the kernel for the path of its descriptor, so nothing has to be followed through
 * dup, and nothing is missed that was opened before the shim was told to begin.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* fault-control.ts has the same list in the same order. */
enum Kind {
  KIND_OPEN,
  KIND_CREATE,
  KIND_READ,
  KIND_WRITE,
  KIND_SYNC,
  KIND_RENAME,
  KIND_LINK,
  KIND_UNLINK,
  KIND_MAKE,
  KIND_TRUNCATE,
  KIND_LIST,
  KIND_STATUS,
  KIND_CLOSE,
  KIND_GET_ATTRIBUTE,
  KIND_SET_ATTRIBUTE,
  KIND_METADATA,
  KIND_LOCK,
  KIND_SEEK,
  KIND_MAP,
};

enum Mode { MODE_ONCE, MODE_FROM, MODE_SHORT_ONCE, MODE_SHORT_ALWAYS };

enum { ROOTS_MAX = 4, PATH_BYTES = 512, FAILED_SYNCS_MAX = 64 };

/* Offsets in fault-control.ts. */
typedef struct {
  _Atomic uint32_t armed;
  uint32_t mode;
  uint32_t error;
  uint32_t kinds;
  uint64_t nth;
  _Atomic uint64_t count;
  _Atomic uint64_t hits;
  _Atomic uint64_t syncs_after_failure;
  _Atomic uint32_t first_hit_taken;
  uint32_t hit_kind;
  char hit_call[32];
  char hit_path[PATH_BYTES];
  char roots[ROOTS_MAX][PATH_BYTES];
} Control;

static Control *control;

static struct {
  _Atomic uint64_t device, inode;
} failed_syncs[FAILED_SYNCS_MAX];
static _Atomic uint32_t failed_sync_count;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("HOLDFAST_FAULT_CONTROL");
  if (path == NULL) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  void *memory = (void *)syscall(SYS_mmap, NULL, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (memory != MAP_FAILED) control = memory;
}

/* The wrapped function itself: `REAL(read)(fd, ...)`. Looked up at each first use, because constructors of others may run earlier. */
#define REAL(name)                                                                       \
  ({                                                                                     \
    static __typeof__(&name) real;                                                       \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                 \
    real;                                                                                \
  })

static bool path_of_descriptor(int fd, char *path) {
  char link[32];
  if (fd == AT_FDCWD) {
    strcpy(link, "/proc/self/cwd");
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  }
  long bytes = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_BYTES - 1);
  if (bytes <= 0) return false;
  path[bytes] = 0;
  return path[0] == '/';
}

/* Names may be relative to a descriptor, or go through /proc/self/fd, as the addon's do. */
static bool path_of_name(int directory, const char *name, char *path) {
  if (name == NULL || name[0] == 0) return path_of_descriptor(directory, path);
  if (strncmp(name, "/proc/self/fd/", 14) == 0) {
    char *rest;
    long fd = strtol(name + 14, &rest, 10);
    if (!path_of_descriptor((int)fd, path)) return false;
    strncat(path, rest, PATH_BYTES - 1 - strlen(path));
    return true;
  }
  if (name[0] == '/') {
    strncpy(path, name, PATH_BYTES - 1);
    path[PATH_BYTES - 1] = 0;
    return true;
  }
  if (!path_of_descriptor(directory, path)) return false;
  strncat(path, "/", PATH_BYTES - 1 - strlen(path));
  strncat(path, name, PATH_BYTES - 1 - strlen(path));
  return true;
}

static bool is_below_root(const char *path) {
  for (int index = 0; index < ROOTS_MAX; index++) {
    const char *root = control->roots[index];
    size_t bytes = strlen(root);
    if (bytes > 0 && strncmp(path, root, bytes) == 0 && (path[bytes] == '/' || path[bytes] == 0))
      return true;
  }
  return false;
}

static bool is_armed(enum Kind kind) {
  return control != NULL && control->armed != 0 && (control->kinds >> kind & 1) != 0;
}

static bool is_short_mode(void) {
  return control->mode == MODE_SHORT_ONCE || control->mode == MODE_SHORT_ALWAYS;
}

/* Counts a call that touches the path, and tells whether it is one that has to go wrong. */
static bool is_hit(enum Kind kind, const char *call, const char *path) {
  uint64_t number = atomic_fetch_add(&control->count, 1) + 1;
  bool is_once = control->mode == MODE_ONCE || control->mode == MODE_SHORT_ONCE;
  if (control->nth == 0 || (is_once ? number != control->nth : number < control->nth)) return false;
  atomic_fetch_add(&control->hits, 1);
  if (atomic_exchange(&control->first_hit_taken, 1) == 0) {
    control->hit_kind = kind;
    strncpy(control->hit_call, call, sizeof control->hit_call - 1);
    strncpy(control->hit_path, path, PATH_BYTES - 1);
  }
  return true;
}

static bool hits_name(enum Kind kind, const char *call, int directory, const char *name) {
  char path[PATH_BYTES];
  return is_armed(kind) && !is_short_mode() && path_of_name(directory, name, path) &&
         is_below_root(path) && is_hit(kind, call, path);
}

static bool hits_names(enum Kind kind, const char *call, int from, const char *from_name, int to,
                       const char *to_name) {
  char path[PATH_BYTES];
  if (!is_armed(kind) || is_short_mode()) return false;
  bool is_below = (path_of_name(from, from_name, path) && is_below_root(path)) ||
                  (path_of_name(to, to_name, path) && is_below_root(path));
  return is_below && is_hit(kind, call, path);
}

static bool hits_descriptor(enum Kind kind, const char *call, int fd) {
  char path[PATH_BYTES];
  return is_armed(kind) && !is_short_mode() && path_of_descriptor(fd, path) &&
         is_below_root(path) && is_hit(kind, call, path);
}

/* How many bytes a read or write may move: half of what was asked for when it has to be a short one. */
static size_t shortened(enum Kind kind, const char *call, int fd, size_t bytes) {
  char path[PATH_BYTES];
  if (!is_armed(kind) || !is_short_mode() || bytes < 2) return bytes;
  bool is_short = path_of_descriptor(fd, path) && is_below_root(path) && is_hit(kind, call, path);
  return is_short ? bytes / 2 : bytes;
}

static int failed(void) {
  errno = (int)control->error;
  return -1;
}

#define FAIL_NAME(kind, call, directory, name) \
  if (hits_name(kind, call, directory, name)) return failed()
#define FAIL_NAMES(kind, call, from, from_name, to, to_name) \
  if (hits_names(kind, call, from, from_name, to, to_name)) return failed()
#define FAIL_DESCRIPTOR(kind, call, fd) \
  if (hits_descriptor(kind, call, fd)) return failed()

/* Opening. */

static mode_t mode_argument(int flags, va_list arguments) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

static enum Kind opening(int flags) { return (flags & O_CREAT) != 0 ? KIND_CREATE : KIND_OPEN; }

#define DEFINE_OPEN(name)                                          \
  int name(const char *path, int flags, ...) {                     \
    va_list arguments;                                             \
    va_start(arguments, flags);                                    \
    mode_t mode = mode_argument(flags, arguments);                 \
    va_end(arguments);                                             \
    FAIL_NAME(opening(flags), #name, AT_FDCWD, path);              \
    return REAL(name)(path, flags, mode);                          \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                        \
  int name(int directory, const char *path, int flags, ...) {      \
    va_list arguments;                                             \
    va_start(arguments, flags);                                    \
    mode_t mode = mode_argument(flags, arguments);                 \
    va_end(arguments);                                             \
    FAIL_NAME(opening(flags), #name, directory, path);             \
    return REAL(name)(directory, path, flags, mode);               \
  }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

/* A close that fails has closed all the same, as on Linux. */
int close(int fd) {
  bool is_failing = hits_descriptor(KIND_CLOSE, "close", fd);
  int result = REAL(close)(fd);
  return is_failing ? failed() : result;
}

/* Reading and writing. */

ssize_t read(int fd, void *target, size_t bytes) {
  FAIL_DESCRIPTOR(KIND_READ, "read", fd);
  return REAL(read)(fd, target, shortened(KIND_READ, "read", fd, bytes));
}

ssize_t write(int fd, const void *source, size_t bytes) {
  FAIL_DESCRIPTOR(KIND_WRITE, "write", fd);
  return REAL(write)(fd, source, shortened(KIND_WRITE, "write", fd, bytes));
}

#define DEFINE_AT(name, kind, pointer, offset_type)                        \
  ssize_t name(int fd, pointer memory, size_t bytes, offset_type offset) { \
    FAIL_DESCRIPTOR(kind, #name, fd);                                      \
    return REAL(name)(fd, memory, shortened(kind, #name, fd, bytes), offset); \
  }
DEFINE_AT(pread, KIND_READ, void *, off_t)
DEFINE_AT(pread64, KIND_READ, void *, off64_t)
DEFINE_AT(pwrite, KIND_WRITE, const void *, off_t)
DEFINE_AT(pwrite64, KIND_WRITE, const void *, off64_t)

/* A short one moves the first part only. */
static int shortened_parts(enum Kind kind, const char *call, int fd, int count) {
  return count > 1 && shortened(kind, call, fd, 2) == 1 ? 1 : count;
}

#define DEFINE_VECTOR(name, kind)                                             \
  ssize_t name(int fd, const struct iovec *parts, int count) {                \
    FAIL_DESCRIPTOR(kind, #name, fd);                                         \
    return REAL(name)(fd, parts, shortened_parts(kind, #name, fd, count));    \
  }
DEFINE_VECTOR(readv, KIND_READ)
DEFINE_VECTOR(writev, KIND_WRITE)

#define DEFINE_VECTOR_AT(name, kind)                                                \
  ssize_t name(int fd, const struct iovec *parts, int count, off64_t offset) {      \
    FAIL_DESCRIPTOR(kind, #name, fd);                                               \
    return REAL(name)(fd, parts, shortened_parts(kind, #name, fd, count), offset);  \
  }
DEFINE_VECTOR_AT(preadv64, KIND_READ)
DEFINE_VECTOR_AT(pwritev64, KIND_WRITE)

ssize_t sendfile64(int target, int source, off64_t *offset, size_t bytes) {
  FAIL_DESCRIPTOR(KIND_READ, "sendfile64", source);
  FAIL_DESCRIPTOR(KIND_WRITE, "sendfile64", target);
  ssize_t (*real)(int, int, off64_t *, size_t) = dlsym(RTLD_NEXT, "sendfile64");
  return real(target, source, offset, bytes);
}

/* Durability. */

static void note_failed_sync(int fd) {
  struct stat status;
  if (syscall(SYS_fstat, fd, &status) != 0) return;
  uint32_t index = atomic_fetch_add(&failed_sync_count, 1) % FAILED_SYNCS_MAX;
  failed_syncs[index].device = status.st_dev;
  failed_syncs[index].inode = status.st_ino;
}

/* The kernel forgets the pages that it could not write: a second fsync that succeeds proves nothing. */
static void count_second_sync(int fd) {
  struct stat status;
  char path[PATH_BYTES];
  /* SQLite writes the pages anew before it syncs again. */
  if (path_of_descriptor(fd, path) && strstr(path, "catalogue.db") != NULL) return;
  if (failed_sync_count == 0 || syscall(SYS_fstat, fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  for (int index = 0; index < FAILED_SYNCS_MAX; index++) {
    if (failed_syncs[index].device == status.st_dev && failed_syncs[index].inode == status.st_ino)
      atomic_fetch_add(&control->syncs_after_failure, 1);
  }
}

static int synced(const char *call, int fd, int (*real)(int)) {
  if (is_armed(KIND_SYNC)) count_second_sync(fd);
  if (!hits_descriptor(KIND_SYNC, call, fd)) return real(fd);
  note_failed_sync(fd);
  return failed();
}

int fsync(int fd) { return synced("fsync", fd, REAL(fsync)); }
int fdatasync(int fd) { return synced("fdatasync", fd, REAL(fdatasync)); }
int syncfs(int fd) { return synced("syncfs", fd, REAL(syncfs)); }

/* Names. */

int rename(const char *from, const char *to) {
  FAIL_NAMES(KIND_RENAME, "rename", AT_FDCWD, from, AT_FDCWD, to);
  return REAL(rename)(from, to);
}

int renameat(int from, const char *from_name, int to, const char *to_name) {
  FAIL_NAMES(KIND_RENAME, "renameat", from, from_name, to, to_name);
  return REAL(renameat)(from, from_name, to, to_name);
}

int link(const char *from, const char *to) {
  FAIL_NAMES(KIND_LINK, "link", AT_FDCWD, from, AT_FDCWD, to);
  return REAL(link)(from, to);
}

int linkat(int from, const char *from_name, int to, const char *to_name, int flags) {
  FAIL_NAMES(KIND_LINK, "linkat", from, from_name, to, to_name);
  return REAL(linkat)(from, from_name, to, to_name, flags);
}

int unlink(const char *path) {
  FAIL_NAME(KIND_UNLINK, "unlink", AT_FDCWD, path);
  return REAL(unlink)(path);
}

int unlinkat(int directory, const char *name, int flags) {
  FAIL_NAME(KIND_UNLINK, "unlinkat", directory, name);
  return REAL(unlinkat)(directory, name, flags);
}

int rmdir(const char *path) {
  FAIL_NAME(KIND_UNLINK, "rmdir", AT_FDCWD, path);
  return REAL(rmdir)(path);
}

int mkdir(const char *path, mode_t mode) {
  FAIL_NAME(KIND_MAKE, "mkdir", AT_FDCWD, path);
  return REAL(mkdir)(path, mode);
}

int mkdirat(int directory, const char *name, mode_t mode) {
  FAIL_NAME(KIND_MAKE, "mkdirat", directory, name);
  return REAL(mkdirat)(directory, name, mode);
}

int mknodat(int directory, const char *name, mode_t mode, dev_t device) {
  FAIL_NAME(KIND_MAKE, "mknodat", directory, name);
  return REAL(mknodat)(directory, name, mode, device);
}

int symlink(const char *target, const char *path) {
  FAIL_NAME(KIND_MAKE, "symlink", AT_FDCWD, path);
  return REAL(symlink)(target, path);
}

int symlinkat(const char *target, int directory, const char *name) {
  FAIL_NAME(KIND_MAKE, "symlinkat", directory, name);
  return REAL(symlinkat)(target, directory, name);
}

int ftruncate64(int fd, off64_t bytes) {
  FAIL_DESCRIPTOR(KIND_TRUNCATE, "ftruncate64", fd);
  return REAL(ftruncate64)(fd, bytes);
}

/* Looking. */

DIR *opendir(const char *path) {
  if (hits_name(KIND_LIST, "opendir", AT_FDCWD, path)) {
    failed();
    return NULL;
  }
  return REAL(opendir)(path);
}

/* The C library's own calls inside cannot be met, so it fails as a whole. */
int scandir64(const char *path, struct dirent64 ***names, int (*filter)(const struct dirent64 *),
              int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  FAIL_NAME(KIND_LIST, "scandir64", AT_FDCWD, path);
  return REAL(scandir64)(path, names, filter, compare);
}

int stat64(const char *path, struct stat64 *status) {
  FAIL_NAME(KIND_STATUS, "stat64", AT_FDCWD, path);
  return REAL(stat64)(path, status);
}

int lstat64(const char *path, struct stat64 *status) {
  FAIL_NAME(KIND_STATUS, "lstat64", AT_FDCWD, path);
  return REAL(lstat64)(path, status);
}

int fstat64(int fd, struct stat64 *status) {
  FAIL_DESCRIPTOR(KIND_STATUS, "fstat64", fd);
  return REAL(fstat64)(fd, status);
}

int fstatat64(int directory, const char *name, struct stat64 *status, int flags) {
  FAIL_NAME(KIND_STATUS, "fstatat64", directory, name);
  return REAL(fstatat64)(directory, name, status, flags);
}

int access(const char *path, int mode) {
  FAIL_NAME(KIND_STATUS, "access", AT_FDCWD, path);
  return REAL(access)(path, mode);
}

ssize_t readlink(const char *path, char *target, size_t bytes) {
  FAIL_NAME(KIND_STATUS, "readlink", AT_FDCWD, path);
  return REAL(readlink)(path, target, bytes);
}

ssize_t readlinkat(int directory, const char *name, char *target, size_t bytes) {
  FAIL_NAME(KIND_STATUS, "readlinkat", directory, name);
  return REAL(readlinkat)(directory, name, target, bytes);
}

off64_t lseek64(int fd, off64_t offset, int whence) {
  FAIL_DESCRIPTOR(KIND_SEEK, "lseek64", fd);
  return REAL(lseek64)(fd, offset, whence);
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset) {
  if (fd >= 0 && hits_descriptor(KIND_MAP, "mmap64", fd)) {
    failed();
    return MAP_FAILED;
  }
  return REAL(mmap64)(address, bytes, protection, flags, fd, offset);
}

/* Metadata. */

int chmod(const char *path, mode_t mode) {
  FAIL_NAME(KIND_METADATA, "chmod", AT_FDCWD, path);
  return REAL(chmod)(path, mode);
}

int fchmod(int fd, mode_t mode) {
  FAIL_DESCRIPTOR(KIND_METADATA, "fchmod", fd);
  return REAL(fchmod)(fd, mode);
}

int fchmodat(int directory, const char *name, mode_t mode, int flags) {
  FAIL_NAME(KIND_METADATA, "fchmodat", directory, name);
  return REAL(fchmodat)(directory, name, mode, flags);
}

int fchown(int fd, uid_t owner, gid_t group) {
  FAIL_DESCRIPTOR(KIND_METADATA, "fchown", fd);
  return REAL(fchown)(fd, owner, group);
}

int fchownat(int directory, const char *name, uid_t owner, gid_t group, int flags) {
  FAIL_NAME(KIND_METADATA, "fchownat", directory, name);
  return REAL(fchownat)(directory, name, owner, group, flags);
}

int utimensat(int directory, const char *name, const struct timespec times[2], int flags) {
  FAIL_NAME(KIND_METADATA, "utimensat", directory, name);
  return REAL(utimensat)(directory, name, times, flags);
}

int futimens(int fd, const struct timespec times[2]) {
  FAIL_DESCRIPTOR(KIND_METADATA, "futimens", fd);
  return REAL(futimens)(fd, times);
}

#define DEFINE_GET_ATTRIBUTE(name)                                            \
  ssize_t name(const char *path, const char *key, void *value, size_t bytes) { \
    FAIL_NAME(KIND_GET_ATTRIBUTE, #name, AT_FDCWD, path);                     \
    ssize_t (*real)(const char *, const char *, void *, size_t) = dlsym(RTLD_NEXT, #name); \
    return real(path, key, value, bytes);                                     \
  }
DEFINE_GET_ATTRIBUTE(getxattr)
DEFINE_GET_ATTRIBUTE(lgetxattr)

#define DEFINE_LIST_ATTRIBUTES(name)                            \
  ssize_t name(const char *path, char *names, size_t bytes) {   \
    FAIL_NAME(KIND_GET_ATTRIBUTE, #name, AT_FDCWD, path);       \
    ssize_t (*real)(const char *, char *, size_t) = dlsym(RTLD_NEXT, #name); \
    return real(path, names, bytes);                            \
  }
DEFINE_LIST_ATTRIBUTES(listxattr)
DEFINE_LIST_ATTRIBUTES(llistxattr)

ssize_t fgetxattr(int fd, const char *key, void *value, size_t bytes) {
  FAIL_DESCRIPTOR(KIND_GET_ATTRIBUTE, "fgetxattr", fd);
  ssize_t (*real)(int, const char *, void *, size_t) = dlsym(RTLD_NEXT, "fgetxattr");
  return real(fd, key, value, bytes);
}

ssize_t flistxattr(int fd, char *names, size_t bytes) {
  FAIL_DESCRIPTOR(KIND_GET_ATTRIBUTE, "flistxattr", fd);
  ssize_t (*real)(int, char *, size_t) = dlsym(RTLD_NEXT, "flistxattr");
  return real(fd, names, bytes);
}

int setxattr(const char *path, const char *key, const void *value, size_t bytes, int flags) {
  FAIL_NAME(KIND_SET_ATTRIBUTE, "setxattr", AT_FDCWD, path);
  int (*real)(const char *, const char *, const void *, size_t, int) = dlsym(RTLD_NEXT, "setxattr");
  return real(path, key, value, bytes, flags);
}

int fsetxattr(int fd, const char *key, const void *value, size_t bytes, int flags) {
  FAIL_DESCRIPTOR(KIND_SET_ATTRIBUTE, "fsetxattr", fd);
  int (*real)(int, const char *, const void *, size_t, int) = dlsym(RTLD_NEXT, "fsetxattr");
  return real(fd, key, value, bytes, flags);
}

int fremovexattr(int fd, const char *key) {
  FAIL_DESCRIPTOR(KIND_SET_ATTRIBUTE, "fremovexattr", fd);
  int (*real)(int, const char *) = dlsym(RTLD_NEXT, "fremovexattr");
  return real(fd, key);
}

/* Locks of SQLite and of the addon. */

int flock(int fd, int operation) {
  FAIL_DESCRIPTOR(KIND_LOCK, "flock", fd);
  int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
  return real(fd, operation);
}

int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  bool is_lock = command == F_SETLK || command == F_SETLKW || command == F_GETLK;
  if (is_lock && hits_descriptor(KIND_LOCK, "fcntl64", fd)) return failed();
  return REAL(fcntl64)(fd, command, argument);
}

/* What the addon and libuv call by number. */

long syscall(long number, ...) {
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (int index = 0; index < 6; index++) a[index] = va_arg(arguments, long);
  va_end(arguments);
  long (*real)(long, ...) = dlsym(RTLD_NEXT, "syscall");
  if (control != NULL && control->armed != 0) {
    switch (number) {
      case SYS_getdents64:
        FAIL_DESCRIPTOR(KIND_LIST, "getdents64", (int)a[0]);
        break;
      case SYS_renameat2:
        FAIL_NAMES(KIND_RENAME, "renameat2", (int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3]);
        break;
      case SYS_statx:
        FAIL_NAME(KIND_STATUS, "statx", (int)a[0], (const char *)a[1]);
        break;
      case SYS_copy_file_range:
        FAIL_DESCRIPTOR(KIND_READ, "copy_file_range", (int)a[0]);
        FAIL_DESCRIPTOR(KIND_WRITE, "copy_file_range", (int)a[2]);
        break;
      default:
        break;
    }
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
