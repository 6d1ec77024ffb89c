/* Open files: read, write, holes, durability and metadata through the descriptor. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * (dirfd, name, flags): O_CLOEXEC is always added, O_NOATIME dropped where the kernel refuses it.
 */
NATIVE(native_open_file) {
  Name name;
  Call call = call_begin(env, info, 3);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  int flags = (int)call_integer(&call, 2, 0, INT32_MAX);
  if (call.failed) return NULL;
  if (flags & (O_CREAT | O_TRUNC)) {
    return call_throw_range(&call, "openFile() neither creates nor truncates");
  }
  int fd = openat(directory, name.text, flags | O_CLOEXEC);
  if (fd < 0 && errno == EPERM && flags & O_NOATIME) {
    fd = openat(directory, name.text, (flags & ~O_NOATIME) | O_CLOEXEC);
  }
  return finish_number(env, fd, "openat");
}

/* (dirfd, name, mode?) */
NATIVE(native_create_file) {
  Name name;
  Call call = call_begin(env, info, 2);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  mode_t mode = call_has(&call, 2) ? (mode_t)call_integer(&call, 2, 0, 07777) : 0600;
  if (call.failed) return NULL;
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  return finish_number(env, openat(directory, name.text, flags, mode), "openat");
}

NATIVE(native_close) {
  Call call = call_begin(env, info, 1);
  int fd = call_descriptor(&call, 0);
  if (call.failed) return NULL;
  /*
   * Linux has released the descriptor even when close() reports EINTR; a second close could hit a
   * stranger's.
   */
  if (close(fd) != 0 && errno != EINTR) return throw_errno(env, errno, "close");
  return NULL;
}

typedef struct {
  int fd;
  uint8_t *data;
  size_t length;
  int64_t position;
} Transfer;

/* (fd, buffer, offset, length, position); position -1 means the file's own position. */
static bool read_transfer(Call *call, Transfer *transfer) {
  transfer->fd = call_descriptor(call, 0);
  Bytes buffer = call_bytes(call, 1);
  int64_t offset = call_integer(call, 2, 0, SAFE_INTEGER_MAX);
  int64_t length = call_integer(call, 3, 0, SAFE_INTEGER_MAX);
  transfer->position = call_integer(call, 4, -1, SAFE_INTEGER_MAX);
  if (!call_check_range(call, buffer.length, (uint64_t)offset, (uint64_t)length)) return false;
  transfer->data = buffer.data + offset;
  transfer->length = (size_t)length;
  return true;
}

static ssize_t read_once(const Transfer *transfer, size_t done) {
  uint8_t *target = transfer->data + done;
  size_t room = transfer->length - done;
  if (transfer->position < 0) return read(transfer->fd, target, room);
  return pread(transfer->fd, target, room, transfer->position + (off_t)done);
}

static ssize_t write_once(const Transfer *transfer, size_t done) {
  const uint8_t *source = transfer->data + done;
  size_t rest = transfer->length - done;
  if (transfer->position < 0) return write(transfer->fd, source, rest);
  return pwrite(transfer->fd, source, rest, transfer->position + (off_t)done);
}

NATIVE(native_read) {
  Transfer transfer;
  size_t done = 0;
  Call call = call_begin(env, info, 5);
  if (!read_transfer(&call, &transfer)) return NULL;
  while (done < transfer.length) {
    ssize_t got = read_once(&transfer, done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return throw_errno(env, errno, "read");
    if (got == 0) break;
    done += (size_t)got;
  }
  return make_number(env, (double)done);
}

NATIVE(native_write) {
  Transfer transfer;
  size_t done = 0;
  Call call = call_begin(env, info, 5);
  if (!read_transfer(&call, &transfer)) return NULL;
  while (done < transfer.length) {
    ssize_t put = write_once(&transfer, done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return throw_errno(env, errno, "write");
    /*
     * A regular file never takes zero bytes; treating it as an error keeps a broken file system
     * from hanging us.
     */
    if (put == 0) return throw_errno(env, EIO, "write");
    done += (size_t)put;
  }
  return NULL;
}

static napi_value seek_extent(napi_env env, napi_callback_info info, int whence) {
  Call call = call_begin(env, info, 2);
  int fd = call_descriptor(&call, 0);
  int64_t offset = call_integer(&call, 1, 0, SAFE_INTEGER_MAX);
  if (call.failed) return NULL;
  off_t found = lseek(fd, offset, whence);
  if (found < 0 && errno == ENXIO) return make_number(env, -1);
  return finish_number(env, found, "lseek");
}

NATIVE(native_seek_data) { return seek_extent(env, info, SEEK_DATA); }

NATIVE(native_seek_hole) { return seek_extent(env, info, SEEK_HOLE); }

/* (fd, advice): a hint, so that a refusal is no error. */
NATIVE(native_advise) {
  Call call = call_begin(env, info, 2);
  int fd = call_descriptor(&call, 0);
  int advice = (int)call_integer(&call, 1, 0, 7);
  if (!call.failed) (void)posix_fadvise(fd, 0, 0, advice);
  return NULL;
}

NATIVE(native_ftruncate) {
  Call call = call_begin(env, info, 2);
  int fd = call_descriptor(&call, 0);
  int64_t length = call_integer(&call, 1, 0, SAFE_INTEGER_MAX);
  return call.failed ? NULL : finish(env, ftruncate(fd, length), "ftruncate");
}

NATIVE(native_fsync) {
  Call call = call_begin(env, info, 1);
  int fd = call_descriptor(&call, 0);
  return call.failed ? NULL : finish(env, fsync(fd), "fsync");
}

NATIVE(native_syncfs) {
  Call call = call_begin(env, info, 1);
  int fd = call_descriptor(&call, 0);
  return call.failed ? NULL : finish(env, syncfs(fd), "syncfs");
}

NATIVE(native_fchown) {
  Call call = call_begin(env, info, 3);
  int fd = call_descriptor(&call, 0);
  uid_t uid = call_uint32(&call, 1);
  gid_t gid = call_uint32(&call, 2);
  if (call.failed) return NULL;
  int result = fchown(fd, uid, gid);
  /* Only O_PATH descriptors and bad ones fail so, and the latter fail again. */
  if (result != 0 && errno == EBADF) result = fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
  return finish(env, result, "fchown");
}

NATIVE(native_fchmod) {
  DescriptorPath path;
  Call call = call_begin(env, info, 2);
  int fd = call_descriptor(&call, 0);
  mode_t mode = (mode_t)call_integer(&call, 1, 0, 07777);
  if (call.failed) return NULL;
  int result = fchmod(fd, mode);
  if (result != 0 && errno == EBADF && is_path_descriptor(fd, &path)) {
    result = chmod(path.text, mode);
  }
  return finish(env, result, "fchmod");
}

/* (fd, mtimeSec, mtimeNsec); the access time stays. */
NATIVE(native_set_times) {
  DescriptorPath path;
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};
  Call call = call_begin(env, info, 3);
  int fd = call_descriptor(&call, 0);
  times[1].tv_sec = (time_t)call_integer(&call, 1, -SAFE_INTEGER_MAX, SAFE_INTEGER_MAX);
  times[1].tv_nsec = (long)call_integer(&call, 2, 0, 999999999);
  if (call.failed) return NULL;
  int result = futimens(fd, times);
  if (result != 0 && errno == EBADF && is_path_descriptor(fd, &path)) {
    result = utimensat(AT_FDCWD, path.text, times, 0);
  }
  return finish(env, result, "futimens");
}

/*
 * (fd) -> false when another open file description holds the lock; it ends with the last
 * descriptor.
 */
NATIVE(native_lock) {
  napi_value result = NULL;
  Call call = call_begin(env, info, 1);
  int fd = call_descriptor(&call, 0);
  if (call.failed) return NULL;
  bool is_locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (!is_locked && errno != EWOULDBLOCK) return throw_errno(env, errno, "flock");
  napi_get_boolean(env, is_locked, &result);
  return result;
}

/* Raises the soft limit of open descriptors to the hard one and returns what holds now. */
NATIVE(native_raise_descriptor_limit) {
  struct rlimit limit;
  (void)info;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return throw_errno(env, errno, "getrlimit");
  struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (limit.rlim_cur != limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  rlim_t count = limit.rlim_cur;
  if (count > (rlim_t)SAFE_INTEGER_MAX) count = (rlim_t)SAFE_INTEGER_MAX;
  return make_number(env, (double)count);
}
