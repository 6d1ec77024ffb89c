/* File status into packed records: one call serves a whole slice of a directory. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

static bool is_safe(int64_t number) {
  return number <= SAFE_INTEGER_MAX && number >= -SAFE_INTEGER_MAX;
}

/*
 * A number JavaScript cannot hold makes the file unreadable for us; it must not be rounded
 * silently.
 */
static bool is_representable(const struct stat *status) {
  return is_safe(status->st_size) && is_safe(status->st_blocks) &&
         is_safe(status->st_mtim.tv_sec) && is_safe(status->st_ctim.tv_sec);
}

StatRecord record_from_stat(const struct stat *status) {
  return (StatRecord){
      .status = is_representable(status) ? 0 : EOVERFLOW,
      .mode = status->st_mode,
      .nlink = status->st_nlink > UINT32_MAX ? UINT32_MAX : (uint32_t)status->st_nlink,
      .uid = status->st_uid,
      .gid = status->st_gid,
      .rdev_major = major(status->st_rdev),
      .rdev_minor = minor(status->st_rdev),
      .dev_major = major(status->st_dev),
      .dev_minor = minor(status->st_dev),
      .mtime_nsec = (uint32_t)status->st_mtim.tv_nsec,
      .ctime_nsec = (uint32_t)status->st_ctim.tv_nsec,
      .ino = status->st_ino,
      .size = status->st_size < 0 ? 0 : (uint64_t)status->st_size,
      .blocks = (uint64_t)status->st_blocks,
      .mtime_sec = status->st_mtim.tv_sec,
      .ctime_sec = status->st_ctim.tv_sec,
      .xattr_list_bytes = XATTR_LIST_UNKNOWN,
  };
}

StatRecord record_from_error(int error) {
  return (StatRecord){.status = (uint32_t)error, .xattr_list_bytes = XATTR_LIST_UNKNOWN};
}

enum { STAT_FOLLOW_LINKS = 1 };

static napi_value finish_record(napi_env env, const struct stat *status, uint8_t *target) {
  StatRecord record = record_from_stat(status);
  memcpy(target, &record, STAT_RECORD_BYTES);
  return record.status == 0 ? NULL : throw_errno(env, (int)record.status, "fstatat");
}

NATIVE(native_stat_at) {
  Name name;
  struct stat status;
  Call call = call_begin(env, info, 3);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  Bytes out = call_bytes(&call, 2);
  size_t offset = call_optional_offset(&call, 3, out.length, STAT_RECORD_BYTES);
  uint32_t flags = call_has(&call, 4) ? call_uint32(&call, 4) : 0;
  if (call.failed) return NULL;
  int follow = flags & STAT_FOLLOW_LINKS ? 0 : AT_SYMLINK_NOFOLLOW;
  if (fstatat(directory, name.text, &status, follow) != 0) {
    return throw_errno(env, errno, "fstatat");
  }
  return finish_record(env, &status, out.data + offset);
}

NATIVE(native_fstat) {
  struct stat status;
  Call call = call_begin(env, info, 2);
  int fd = call_descriptor(&call, 0);
  Bytes out = call_bytes(&call, 1);
  size_t offset = call_optional_offset(&call, 2, out.length, STAT_RECORD_BYTES);
  if (call.failed) return NULL;
  if (fstat(fd, &status) != 0) return throw_errno(env, errno, "fstat");
  return finish_record(env, &status, out.data + offset);
}

static StatRecord record_of_name(int directory, const uint8_t *data, size_t length) {
  Name name;
  struct stat status;
  if (!name_from_bytes(&name, data, length)) return record_from_error(EINVAL);
  if (fstatat(directory, name.text, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return record_from_error(errno);
  }
  return record_from_stat(&status);
}

/*
 * (dirfd, names, nameOffset, count, out, outOffset?) -> offset of the name after the last one done
 */
NATIVE(native_stat_entries) {
  Call call = call_begin(env, info, 5);
  int directory = call_directory(&call, 0);
  Bytes names = call_bytes(&call, 1);
  size_t position = call_optional_offset(&call, 2, names.length, 0);
  size_t count = (size_t)call_integer(&call, 3, 0, UINT32_MAX);
  Bytes out = call_bytes(&call, 4);
  size_t out_offset = call_optional_offset(&call, 5, out.length, count * STAT_RECORD_BYTES);
  if (call.failed) return NULL;
  uint8_t *target = out.data + out_offset;
  for (size_t index = 0; index < count; index++, target += STAT_RECORD_BYTES) {
    if (names.length - position < 2) return call_throw_range(&call, "The names end early");
    size_t length = names.data[position] | (size_t)names.data[position + 1] << 8;
    if (names.length - position - 2 < length) return call_throw_range(&call, "The names end early");
    StatRecord record = record_of_name(directory, names.data + position + 2, length);
    memcpy(target, &record, STAT_RECORD_BYTES);
    position += 2 + length;
  }
  return make_number(env, (double)position);
}
