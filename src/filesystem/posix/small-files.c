/*
 * The two hot paths: many small files read, or written, by one call. A call from JavaScript into C,
 * with its argument checks, costs about as much as a warm system call; a batch pays it once.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* One file to read; offsets in small-file-batch.ts. */
typedef struct {
  int32_t directory;
  uint32_t name_offset;
  uint32_t name_bytes;
  uint32_t expected_bytes;
} ReadRequest;

_Static_assert(sizeof(ReadRequest) == 16, "small-file-batch.ts depends on this size");

enum { FLAG_CHANGED = 1, FLAG_MORE = 2, FLAG_NOT_REGULAR = 4 };

static int open_for_reading(int directory, const char *name) {
  /* Without O_NONBLOCK a fifo that took the file's place would hang the whole run. */
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  int fd = openat(directory, name, flags | O_NOATIME);
  /* Only the owner and root may leave the access time alone. */
  return fd >= 0 || errno != EPERM ? fd : openat(directory, name, flags);
}

/*
 * Reads to the end of the file, or until `room` is full. Having got exactly the file's size while
 * asking for more, the end was seen, and the second fstat confirms it: no read() that only returns
 * zero is needed.
 */
static ssize_t read_content(int fd, uint8_t *target, size_t room, uint64_t size) {
  size_t done = 0;
  while (done < room) {
    ssize_t got = read(fd, target + done, room - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    done += (size_t)got;
    if (got == 0 || done == size) break;
  }
  return (ssize_t)done;
}

static bool same_time(struct timespec left, struct timespec right) {
  return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

static bool same_version(const struct stat *left, const struct stat *right) {
  return left->st_size == right->st_size && same_time(left->st_mtim, right->st_mtim) &&
         same_time(left->st_ctim, right->st_ctim);
}

static StatRecord read_open_file(int fd, uint8_t *target, size_t room) {
  struct stat before, after;
  if (fstat(fd, &before) != 0) return record_from_error(errno);
  if (!S_ISREG(before.st_mode)) {
    StatRecord record = record_from_stat(&before);
    record.status = EINVAL;
    record.flags = FLAG_NOT_REGULAR;
    return record;
  }
  uint64_t size = (uint64_t)before.st_size;
  if (size >= room) {
    StatRecord record = record_from_stat(&before);
    record.flags = FLAG_MORE;
    return record;
  }
  ssize_t got = read_content(fd, target, (size_t)size + 1, size);
  if (got < 0 || fstat(fd, &after) != 0) return record_from_error(errno);
  StatRecord record = record_from_stat(&after);
  if (record.status != 0) return record;
  record.content_bytes = (uint32_t)got;
  record.xattr_list_bytes = xattr_list_bytes(fd);
  if (!same_version(&before, &after)) record.flags |= FLAG_CHANGED;
  /*
   * More than the status said: grown meanwhile, or a file such as those in /proc whose size is not
   * known.
   */
  if ((uint64_t)got > size || (uint64_t)got < record.size) record.flags |= FLAG_MORE;
  return record;
}

static StatRecord read_small_file(int directory, Bytes name_bytes, uint8_t *target, size_t room) {
  Name name;
  if (!name_from_bytes(&name, name_bytes.data, name_bytes.length)) return record_from_error(EINVAL);
  int fd = open_for_reading(directory, name.text);
  if (fd < 0) return record_from_error(errno);
  StatRecord record = read_open_file(fd, target, room);
  close(fd);
  return record;
}

/*
 * (requests, names, records, range: start, end, target, targetOffset) -> index after the last file
 * done
 */
NATIVE(native_read_small_files) {
  Call call = call_begin(env, info, 6);
  Bytes requests = call_bytes(&call, 0);
  Bytes names = call_bytes(&call, 1);
  Bytes records = call_bytes(&call, 2);
  size_t index = (size_t)call_integer(&call, 3, 0, UINT32_MAX);
  size_t end = (size_t)call_integer(&call, 4, 0, UINT32_MAX);
  Bytes target = call_bytes(&call, 5);
  size_t position = call_optional_offset(&call, 6, target.length, 0);
  if (call.failed) return NULL;
  if (index > end || end > requests.length / sizeof(ReadRequest) ||
      end > records.length / STAT_RECORD_BYTES) {
    return call_throw_range(&call, "The requests or records end before the last index");
  }
  size_t room = target.length - position;
  /* content_bytes has 32 bits. */
  if (room > UINT32_MAX) room = UINT32_MAX;
  for (; index < end; index++) {
    ReadRequest request;
    memcpy(&request, requests.data + index * sizeof request, sizeof request);
    if (!call_check_range(&call, names.length, request.name_offset, request.name_bytes)) {
      return NULL;
    }
    /* One byte more than expected, to notice a file that has grown. */
    if (request.expected_bytes >= room) break;
    Bytes name = {names.data + request.name_offset, request.name_bytes};
    StatRecord record = read_small_file(request.directory, name, target.data + position, room);
    memcpy(records.data + index * STAT_RECORD_BYTES, &record, sizeof record);
    position += record.content_bytes;
    room -= record.content_bytes;
  }
  return make_number(env, (double)index);
}

/* One file to write, and what became of it; offsets in small-file-batch.ts. */
typedef struct {
  int32_t directory;
  uint32_t name_offset;
  uint32_t name_bytes;
  uint32_t content_offset;
  uint32_t content_bytes;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  int64_t mtime_sec;
  uint32_t mtime_nsec;
  uint32_t flags;
  uint32_t result_errno;
  uint32_t result_step;
  uint32_t dev_major;
  uint32_t dev_minor;
  uint64_t ino;
} WriteRequest;

_Static_assert(sizeof(WriteRequest) == 72, "small-file-batch.ts depends on this size");

enum {
  WRITE_CHOWN = 1,
  WRITE_CHMOD = 2,
  WRITE_TIMES = 4,
  WRITE_REPLACE = 8,
  WRITE_CLEAR_ACL = 16,
  WRITE_HIDDEN = 32
};
/* In the order of WRITE_STEPS in small-file-batch.ts. */
enum {
  STEP_NAME = 1,
  STEP_REMOVE,
  STEP_CREATE,
  STEP_WRITE,
  STEP_STATUS,
  STEP_CHOWN,
  STEP_ACL,
  STEP_CHMOD,
  STEP_TIMES,
  STEP_CLOSE
};

/* The first failure is the one worth reporting; later ones often follow from it. */
static void note_failure(WriteRequest *request, uint32_t step, int error) {
  if (request->result_step != 0) return;
  request->result_step = step;
  request->result_errno = (uint32_t)error;
}

/*
 * The mode to create a file with. Where nobody else gets in anyway that is the last one without its
 * set-id bits, which for most files saves the call that sets it. It has its owner and group only
 * later; until then group and others have what all three classes will have, so that nobody ever may
 * more than at the end, whichever class he is in.
 */
static mode_t first_mode(const WriteRequest *request) {
  mode_t mode = request->mode;
  if (!(request->flags & WRITE_HIDDEN) || !(request->flags & WRITE_CHMOD)) return 0600;
  mode_t common = mode & mode >> 3 & mode >> 6 & 07;
  return (mode & 0700) | common << 3 | common;
}

static int create_exclusively(WriteRequest *request, const char *name) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const mode_t mode = first_mode(request);
  int fd = openat(request->directory, name, flags, mode);
  if (fd < 0 && errno == EEXIST && request->flags & WRITE_REPLACE) {
    /*
     * Removed, never opened: writing into what is there could write through a link, or into a
     * device.
     */
    if (unlinkat(request->directory, name, 0) != 0 && errno != ENOENT) {
      note_failure(request, STEP_REMOVE, errno);
      return -1;
    }
    fd = openat(request->directory, name, flags, mode);
  }
  if (fd < 0) note_failure(request, STEP_CREATE, errno);
  return fd;
}

static bool write_content(int fd, const uint8_t *data, size_t length) {
  while (length > 0) {
    ssize_t put = write(fd, data, length);
    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = EIO;
    if (put <= 0) return false;
    data += put;
    length -= (size_t)put;
  }
  return true;
}

static void clear_acl(WriteRequest *request, int fd) {
  if (fremovexattr(fd, "system.posix_acl_access") == 0) return;
  if (errno != ENODATA && errno != EOPNOTSUPP) note_failure(request, STEP_ACL, errno);
}

/*
 * Owner before mode, since chown clears set-id bits; times last, since everything else changes
 * them.
 */
static void apply_metadata(WriteRequest *request, int fd) {
  struct stat status;
  uint32_t mode = request->mode & 07777;
  if (fstat(fd, &status) != 0) {
    note_failure(request, STEP_STATUS, errno);
    return;
  }
  request->dev_major = major(status.st_dev);
  request->dev_minor = minor(status.st_dev);
  request->ino = status.st_ino;
  bool is_owned = status.st_uid == request->uid && status.st_gid == request->gid;
  if (request->flags & WRITE_CHOWN && !is_owned && fchown(fd, request->uid, request->gid) != 0) {
    note_failure(request, STEP_CHOWN, errno);
    /* A set-id file must not come to belong to whoever runs the restore. */
    mode &= ~(uint32_t)(S_ISUID | S_ISGID);
  }
  if (request->flags & WRITE_CLEAR_ACL) clear_acl(request, fd);
  /* Whatever the umask took away is missing here; chown takes set-id bits only, and there are none. */
  bool has_mode = request->flags & WRITE_HIDDEN && (status.st_mode & 07777) == mode;
  if (request->flags & WRITE_CHMOD && !has_mode && fchmod(fd, mode) != 0) {
    note_failure(request, STEP_CHMOD, errno);
  }
  if (request->flags & WRITE_TIMES) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {request->mtime_sec, request->mtime_nsec}};
    if (futimens(fd, times) != 0) note_failure(request, STEP_TIMES, errno);
  }
}

static bool is_single_component(const char *name) {
  return strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void write_small_file(WriteRequest *request, const uint8_t *names, const uint8_t *source) {
  Name name;
  if (!name_from_bytes(&name, names + request->name_offset, request->name_bytes) ||
      !is_single_component(name.text)) {
    note_failure(request, STEP_NAME, EINVAL);
    return;
  }
  int fd = create_exclusively(request, name.text);
  if (fd < 0) return;
  bool is_complete = write_content(fd, source + request->content_offset, request->content_bytes);
  if (is_complete) apply_metadata(request, fd);
  else note_failure(request, STEP_WRITE, errno);
  /* Network file systems report a full disk only here. */
  if (close(fd) != 0 && errno != EINTR) {
    note_failure(request, STEP_CLOSE, errno);
    is_complete = false;
  }
  /* Half a file under its final name would pass for a restored one. */
  if (!is_complete) unlinkat(request->directory, name.text, 0);
}

/* (requests, names, source, start, end) -> number of files with a failure */
NATIVE(native_write_small_files) {
  size_t failures = 0;
  Call call = call_begin(env, info, 5);
  Bytes requests = call_bytes(&call, 0);
  Bytes names = call_bytes(&call, 1);
  Bytes source = call_bytes(&call, 2);
  size_t index = (size_t)call_integer(&call, 3, 0, UINT32_MAX);
  size_t end = (size_t)call_integer(&call, 4, 0, UINT32_MAX);
  if (call.failed) return NULL;
  if (index > end || end > requests.length / sizeof(WriteRequest)) {
    return call_throw_range(&call, "The requests end before the last index");
  }
  for (; index < end; index++) {
    WriteRequest request;
    uint8_t *place = requests.data + index * sizeof request;
    memcpy(&request, place, sizeof request);
    if (!call_check_range(&call, names.length, request.name_offset, request.name_bytes) ||
        !call_check_range(&call, source.length, request.content_offset, request.content_bytes)) {
      return NULL;
    }
    request.result_errno = 0;
    request.result_step = 0;
    write_small_file(&request, names.data, source.data);
    if (request.result_step != 0) failures++;
    memcpy(place, &request, sizeof request);
  }
  return make_number(env, (double)failures);
}
