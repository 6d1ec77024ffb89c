/*
 * What every part of the addon shares: checked arguments, Node-style errors and the packed records.
 *
 * The addon keeps no state: nothing here is global, so it may be loaded by any number of worker
 * threads.
 */
#ifndef HOLDFAST_SUPPORT_H
#define HOLDFAST_SUPPORT_H

#include <limits.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The packed records are read in host order; only little-endian hosts are supported"
#endif

enum { ARGUMENT_COUNT_MAX = 8, NAME_BYTES_MAX = PATH_MAX };

/* Largest integer that a JavaScript number holds exactly. */
#define SAFE_INTEGER_MAX INT64_C(9007199254740991)

/*
 * The arguments of one call. The first bad argument throws and sets `failed`; later reads return
 * zero, so a function reads all it needs and looks at `failed` once before it acts.
 */
typedef struct {
  napi_env env;
  size_t count;
  bool failed;
  napi_value values[ARGUMENT_COUNT_MAX];
} Call;

typedef struct {
  uint8_t *data;
  size_t length;
} Bytes;

/* A name or path as the kernel wants it. */
typedef struct {
  char text[NAME_BYTES_MAX];
} Name;

Call call_begin(napi_env env, napi_callback_info info, size_t required);
bool call_has(const Call *call, size_t index);
int64_t call_integer(Call *call, size_t index, int64_t min, int64_t max);
int call_descriptor(Call *call, size_t index);
/* A descriptor or AT_FDCWD. */
int call_directory(Call *call, size_t index);
uint32_t call_uint32(Call *call, size_t index);
Bytes call_bytes(Call *call, size_t index);
void call_name(Call *call, size_t index, Name *name);

/* Throws a RangeError unless offset + length lies within total. */
bool call_check_range(Call *call, size_t total, uint64_t offset, uint64_t length);
/* An optional offset argument, checked to leave room for `length` bytes. */
size_t call_optional_offset(Call *call, size_t index, size_t total, size_t length);
napi_value call_throw_range(Call *call, const char *message);

typedef struct {
  char text[32];
} DescriptorPath;

/*
 * Whether the descriptor was opened with O_PATH; then most calls by descriptor fail with EBADF and
 * its /proc name, which leads to the very same file even when that is a symbolic link, serves
 * instead.
 */
bool is_path_descriptor(int fd, DescriptorPath *path);

/* Throws an Error with code, errno (negative, as in Node) and syscall, and returns NULL. */
napi_value throw_errno(napi_env env, int error, const char *syscall_name);
/* Undefined when result is 0, else throws the current errno. */
napi_value finish(napi_env env, long result, const char *syscall_name);
/* The number when it is not negative, else throws the current errno. */
napi_value finish_number(napi_env env, int64_t result, const char *syscall_name);
const char *errno_name(int error);
napi_value make_number(napi_env env, double value);

/* Copies and terminates a name; false when it is empty, too long or holds a NUL. */
bool name_from_bytes(Name *name, const uint8_t *data, size_t length);

/* One file's status; docs and offsets in stat-record.ts. */
typedef struct {
  uint32_t status;
  uint32_t mode;
  uint32_t nlink;
  uint32_t uid;
  uint32_t gid;
  uint32_t rdev_major;
  uint32_t rdev_minor;
  uint32_t dev_major;
  uint32_t dev_minor;
  uint32_t mtime_nsec;
  uint32_t ctime_nsec;
  uint32_t flags;
  uint64_t ino;
  uint64_t size;
  uint64_t blocks;
  int64_t mtime_sec;
  int64_t ctime_sec;
  uint32_t xattr_list_bytes;
  uint32_t content_bytes;
} StatRecord;

enum { STAT_RECORD_BYTES = 96 };
_Static_assert(sizeof(StatRecord) == STAT_RECORD_BYTES, "stat-record.ts depends on this size");

#define XATTR_LIST_UNKNOWN UINT32_MAX

StatRecord record_from_stat(const struct stat *status);
StatRecord record_from_error(int error);

/*
 * Size of a file's list of extended attributes: 0 when there are none or the file system has none.
 */
uint32_t xattr_list_bytes(int fd);

#define NATIVE(function_name) napi_value function_name(napi_env env, napi_callback_info info)

NATIVE(native_stat_at);
NATIVE(native_fstat);
NATIVE(native_stat_entries);

NATIVE(native_open_directory);
NATIVE(native_list_directory);
NATIVE(native_mkdir_at);
NATIVE(native_symlink_at);
NATIVE(native_readlink_at);
NATIVE(native_link_at);
NATIVE(native_link_descriptor);
NATIVE(native_mknod_at);
NATIVE(native_rename_at);
NATIVE(native_rename_no_replace);
NATIVE(native_unlink_at);
NATIVE(native_chown_at);
NATIVE(native_chmod_at);
NATIVE(native_set_times_at);

NATIVE(native_open_file);
NATIVE(native_create_file);
NATIVE(native_close);
NATIVE(native_read);
NATIVE(native_write);
NATIVE(native_seek_data);
NATIVE(native_seek_hole);
NATIVE(native_advise);
NATIVE(native_ftruncate);
NATIVE(native_fsync);
NATIVE(native_syncfs);
NATIVE(native_fchown);
NATIVE(native_fchmod);
NATIVE(native_set_times);
NATIVE(native_lock);
NATIVE(native_raise_descriptor_limit);

NATIVE(native_read_small_files);
NATIVE(native_write_small_files);

NATIVE(native_get_xattrs);
NATIVE(native_get_xattrs_at);
NATIVE(native_set_xattr);
NATIVE(native_remove_xattr);
NATIVE(native_fill_xattr_sizes);

#endif
