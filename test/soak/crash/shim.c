/*
 * Preloaded into the processes of the crash soaks. Counts the calls that change a file system, over all threads, and does one
 * thing at the Nth of them. It sleeps until the process asks for it by `access("/.holdfast-soak/<what>/<N>")`:
 *
 *   kill-before/N   kills the process in place of the Nth call
 *   kill-after/N    kills the process when the Nth call has been done
 *   cut-before/N    makes the whole file system fail (the shutdown ioctl) in place of the Nth call, and after it
 *   count/0         only counts
 *
 * `readlink("/.holdfast-soak/count")` says how many there were. With HOLDFAST_SOAK_NO_SYNC set, fsync and its relatives
 * succeed and do nothing: a disk that lies, to see that the soaks notice.
 *
 * It also lets a Node process copy itself, so that thousands of processes need not load Node and the modules each: `access` of
 * `fork/0`, `readlink` of `pid` (the child's, 0 in the child; and one's own) and of `wait`, `access` of `exit/<status>`. Only the thread
 * that asks lives on in the copy: the process has to run with --single-threaded --v8-pool-size=0, and to leave by `exit`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char prefix[] = "/.holdfast-soak/";

enum action { ASLEEP, COUNT, KILL_BEFORE, KILL_AFTER, CUT_BEFORE };
static _Atomic int action = ASLEEP;
static _Atomic long calls = 0;
static _Atomic long target = 0;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void cut(void) {
  const char *path = getenv("HOLDFAST_SOAK_CUT");
  int fd = path ? open(path, O_RDONLY | O_DIRECTORY) : -1;
  uint32_t flag = 2;
  if (fd < 0 || ioctl(fd, 0x8004587d, &flag) != 0) abort();
  close(fd);
}

/* Before a call: its number, or 0 while asleep. */
static long enter(void) {
  int what = atomic_load(&action);
  if (what == ASLEEP) return 0;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (number == atomic_load(&target)) {
    if (what == KILL_BEFORE) kill(getpid(), SIGKILL);
    if (what == CUT_BEFORE) cut();
  }
  return number;
}

static void leave(long number) {
  if (number != 0 && number == atomic_load(&target) && atomic_load(&action) == KILL_AFTER) {
    kill(getpid(), SIGKILL);
  }
}

static pid_t copied = 0;

static void copy(void) {
  copied = fork();
  if (copied != 0) return;
  void *(*loop)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "uv_default_loop");
  int (*renew)(void *) = (int (*)(void *))dlsym(RTLD_DEFAULT, "uv_loop_fork");
  if (!loop || !renew || renew(loop()) != 0) abort();
}

/* V8 asks that its heap is left out of copies. */
int madvise(void *address, size_t size, int advice) {
  REAL(madvise);
  return advice == MADV_DONTFORK ? 0 : real(address, size, advice);
}

static int order(const char *path) {
  if (strncmp(path, prefix, sizeof prefix - 1) != 0) return 0;
  const char *what = path + sizeof prefix - 1;
  const char *slash = strchr(what, '/');
  if (!strncmp(what, "fork/", 5)) return copy(), 1;
  if (!strncmp(what, "exit/", 5)) _exit(atoi(what + 5));
  atomic_store(&calls, 0);
  atomic_store(&target, slash ? atol(slash + 1) : 0);
  if (!strncmp(what, "count/", 6)) atomic_store(&action, COUNT);
  if (!strncmp(what, "kill-before/", 12)) atomic_store(&action, KILL_BEFORE);
  if (!strncmp(what, "kill-after/", 11)) atomic_store(&action, KILL_AFTER);
  if (!strncmp(what, "cut-before/", 11)) atomic_store(&action, CUT_BEFORE);
  return 1;
}

int access(const char *path, int mode) {
  REAL(access);
  return order(path) ? 0 : real(path, mode);
}

ssize_t readlink(const char *path, char *buffer, size_t size) {
  REAL(readlink);
  if (strncmp(path, prefix, sizeof prefix - 1) != 0) return real(path, buffer, size);
  const char *what = path + sizeof prefix - 1;
  if (!strcmp(what, "pid")) return snprintf(buffer, size, "%d %d", copied, getpid());
  if (!strcmp(what, "wait")) {
    int status = 0;
    while (waitpid(copied, &status, 0) < 0 && errno == EINTR) continue;
    return snprintf(buffer, size, "%d", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
  }
  return snprintf(buffer, size, "%ld", atomic_load(&calls));
}

#define WRAP(result, name, parameters, arguments) \
  result name parameters { \
    REAL(name); \
    long number = enter(); \
    result value = real arguments; \
    int saved = errno; \
    leave(number); \
    errno = saved; \
    return value; \
  }

/* Standard output is how the process acknowledges: not a change of a file system. */
#define WRAP_FD(result, name, parameters, arguments) \
  result name parameters { \
    REAL(name); \
    long number = fd > 2 ? enter() : 0; \
    result value = real arguments; \
    int saved = errno; \
    leave(number); \
    errno = saved; \
    return value; \
  }

#define WRAP_SYNC(name, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    long number = enter(); \
    int value = lies() ? 0 : real arguments; \
    int saved = errno; \
    leave(number); \
    errno = saved; \
    return value; \
  }

static int lies(void) {
  static int known = -1;
  if (known < 0) known = getenv("HOLDFAST_SOAK_NO_SYNC") != NULL;
  return known;
}

WRAP_FD(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
WRAP_FD(ssize_t, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
WRAP_FD(ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
WRAP_FD(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRAP_FD(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRAP_FD(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
WRAP_FD(int, ftruncate, (int fd, off_t size), (fd, size))
WRAP_FD(int, ftruncate64, (int fd, off64_t size), (fd, size))
WRAP(int, link, (const char *old, const char *path), (old, path))
WRAP(int, linkat, (int a, const char *old, int b, const char *path, int flags), (a, old, b, path, flags))
WRAP(int, rename, (const char *old, const char *path), (old, path))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, rmdir, (const char *path), (path))
WRAP_SYNC(fsync, (int fd), (fd))
WRAP_SYNC(fdatasync, (int fd), (fd))
WRAP_SYNC(syncfs, (int fd), (fd))
WRAP_SYNC(sync_file_range, (int fd, off64_t at, off64_t size, unsigned flags), (fd, at, size, flags))

#define WRAP_OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list list; \
    va_start(list, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list); \
    long number = flags & O_CREAT ? enter() : 0; \
    int value = real(path, flags, mode); \
    int saved = errno; \
    leave(number); \
    errno = saved; \
    return value; \
  }

#define WRAP_OPENAT(name) \
  int name(int fd, const char *path, int flags, ...) { \
    REAL(name); \
    va_list list; \
    va_start(list, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list); \
    long number = flags & O_CREAT ? enter() : 0; \
    int value = real(fd, path, flags, mode); \
    int saved = errno; \
    leave(number); \
    errno = saved; \
    return value; \
  }

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
