/* Directories and the names in them. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { FOLLOW_LINKS = 1 };

NATIVE(native_open_directory) {
  Name name;
  Call call = call_begin(env, info, 2);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  uint32_t flags = call_has(&call, 2) ? call_uint32(&call, 2) : 0;
  if (call.failed) return NULL;
  int follow = flags & FOLLOW_LINKS ? 0 : O_NOFOLLOW;
  int fd = openat(directory, name.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
  return finish_number(env, fd, "openat");
}

/*
 * The layout that getdents64 writes; glibc's struct dirent64 has a fixed name array and hides it.
 */
typedef struct {
  uint64_t ino;
  int64_t next;
  uint16_t record_bytes;
  uint8_t type;
  char name[];
} KernelEntry;

/*
 * A name in the arena. The first eight bytes as a big-endian number settle most comparisons at
 * once.
 */
typedef struct {
  uint64_t prefix;
  uint32_t offset;
  uint32_t length;
} EntryName;

typedef struct {
  uint8_t *arena;
  size_t arena_used, arena_room;
  EntryName *entries;
  size_t count, room;
} Listing;

static bool listing_grow(Listing *listing, size_t name_bytes) {
  if (listing->arena_room - listing->arena_used < name_bytes) {
    size_t room = listing->arena_room == 0 ? 8192 : listing->arena_room * 2;
    uint8_t *grown = room > UINT32_MAX ? NULL : realloc(listing->arena, room);
    if (grown == NULL) return false;
    listing->arena = grown;
    listing->arena_room = room;
  }
  if (listing->count == listing->room) {
    size_t room = listing->room == 0 ? 256 : listing->room * 2;
    EntryName *grown = realloc(listing->entries, room * sizeof *grown);
    if (grown == NULL) return false;
    listing->entries = grown;
    listing->room = room;
  }
  return true;
}

static bool listing_add(Listing *listing, const char *text) {
  size_t length = strlen(text);
  if (!listing_grow(listing, length)) return false;
  uint8_t head[8] = {0};
  uint64_t prefix;
  memcpy(head, text, length < 8 ? length : 8);
  memcpy(&prefix, head, 8);
  memcpy(listing->arena + listing->arena_used, text, length);
  listing->entries[listing->count++] = (EntryName){
      .prefix = __builtin_bswap64(prefix),
      .offset = (uint32_t)listing->arena_used,
      .length = (uint32_t)length,
  };
  listing->arena_used += length;
  return true;
}

static int compare_entries(const void *left_pointer, const void *right_pointer, void *arena) {
  const EntryName *left = left_pointer, *right = right_pointer;
  if (left->prefix != right->prefix) return left->prefix < right->prefix ? -1 : 1;
  uint32_t shorter = left->length < right->length ? left->length : right->length;
  int order = memcmp((uint8_t *)arena + left->offset, (uint8_t *)arena + right->offset, shorter);
  if (order != 0) return order;
  return left->length < right->length ? -1 : left->length > right->length;
}

/* Reads the whole directory; returns 0 or an errno. */
static int listing_read(Listing *listing, int fd) {
  /*
   * 32 KiB holds about 800 entries, so most directories take two system calls and no allocation for
   * this.
   */
  uint64_t small_buffer[4096];
  const size_t large_bytes = 1024 * 1024;
  uint8_t *buffer = (uint8_t *)small_buffer, *large_buffer = NULL;
  size_t buffer_bytes = sizeof small_buffer;
  int error = 0;
  if (lseek(fd, 0, SEEK_SET) < 0) return errno;
  for (;;) {
    long got = syscall(SYS_getdents64, fd, buffer, buffer_bytes);
    if (got <= 0) {
      error = got < 0 ? errno : 0;
      break;
    }
    for (long position = 0; position < got && error == 0;) {
      const KernelEntry *entry = (const KernelEntry *)(buffer + position);
      const char *name = entry->name;
      bool is_dots = name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
      if (!is_dots && !listing_add(listing, name)) error = ENOMEM;
      position += entry->record_bytes;
    }
    if (error != 0) break;
    if (large_buffer == NULL && (size_t)got > sizeof small_buffer / 2) {
      large_buffer = malloc(large_bytes);
      if (large_buffer != NULL) {
        buffer = large_buffer;
        buffer_bytes = large_bytes;
      }
    }
  }
  free(large_buffer);
  return error;
}

/*
 * A directory that changes while it is read may give a name twice; a tree must not hold it twice.
 */
static size_t listing_drop_twins(Listing *listing) {
  size_t kept = 0, bytes = 0;
  for (size_t index = 0; index < listing->count; index++) {
    EntryName *entry = &listing->entries[index];
    const EntryName *last = kept > 0 ? &listing->entries[kept - 1] : NULL;
    if (last != NULL && compare_entries(last, entry, listing->arena) == 0) continue;
    listing->entries[kept++] = *entry;
    bytes += 2 + entry->length;
  }
  listing->count = kept;
  return bytes;
}

static bool listing_is_sorted(const Listing *listing) {
  for (size_t index = 1; index < listing->count; index++) {
    const EntryName *entry = &listing->entries[index];
    if (compare_entries(entry - 1, entry, listing->arena) > 0) return false;
  }
  return true;
}

static napi_value listing_export(napi_env env, const Listing *listing, size_t bytes) {
  void *data = NULL;
  napi_value result = NULL, names = NULL;
  if (napi_create_buffer(env, bytes, &data, &names) != napi_ok) {
    return throw_errno(env, ENOMEM, "getdents64");
  }
  uint8_t *target = data;
  for (size_t index = 0; index < listing->count; index++) {
    const EntryName *entry = &listing->entries[index];
    *target++ = (uint8_t)entry->length;
    *target++ = (uint8_t)(entry->length >> 8);
    memcpy(target, listing->arena + entry->offset, entry->length);
    target += entry->length;
  }
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "names", names);
  napi_set_named_property(env, result, "count", make_number(env, (double)listing->count));
  return result;
}

NATIVE(native_list_directory) {
  Listing listing = {0};
  napi_value result = NULL;
  Call call = call_begin(env, info, 1);
  int fd = call_descriptor(&call, 0);
  if (call.failed) return NULL;
  int error = listing_read(&listing, fd);
  if (error != 0) {
    throw_errno(env, error, "getdents64");
  } else {
    if (!listing_is_sorted(&listing)) {
      qsort_r(listing.entries, listing.count, sizeof *listing.entries, compare_entries,
              listing.arena);
    }
    result = listing_export(env, &listing, listing_drop_twins(&listing));
  }
  free(listing.arena);
  free(listing.entries);
  return result;
}

NATIVE(native_mkdir_at) {
  Name name;
  Call call = call_begin(env, info, 3);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  mode_t mode = (mode_t)call_integer(&call, 2, 0, 07777);
  return call.failed ? NULL : finish(env, mkdirat(directory, name.text, mode), "mkdirat");
}

/* (target, dirfd, name) */
NATIVE(native_symlink_at) {
  Name target, name;
  Call call = call_begin(env, info, 3);
  call_name(&call, 0, &target);
  int directory = call_directory(&call, 1);
  call_name(&call, 2, &name);
  if (call.failed) return NULL;
  return finish(env, symlinkat(target.text, directory, name.text), "symlinkat");
}

NATIVE(native_readlink_at) {
  Name name;
  char target[NAME_BYTES_MAX + 1];
  napi_value result = NULL;
  Call call = call_begin(env, info, 2);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  if (call.failed) return NULL;
  ssize_t length = readlinkat(directory, name.text, target, sizeof target);
  if (length < 0) return throw_errno(env, errno, "readlinkat");
  if ((size_t)length == sizeof target) return throw_errno(env, ENAMETOOLONG, "readlinkat");
  if (napi_create_buffer_copy(env, (size_t)length, target, NULL, &result) != napi_ok) return NULL;
  return result;
}

typedef struct {
  int from_fd, to_fd;
  Name from, to;
} TwoNames;

static bool read_two_names(Call *call, TwoNames *names) {
  names->from_fd = call_directory(call, 0);
  call_name(call, 1, &names->from);
  names->to_fd = call_directory(call, 2);
  call_name(call, 3, &names->to);
  return !call->failed;
}

NATIVE(native_link_at) {
  TwoNames names;
  Call call = call_begin(env, info, 4);
  if (!read_two_names(&call, &names)) return NULL;
  /* Without AT_SYMLINK_FOLLOW a symbolic link is linked itself. */
  int result = linkat(names.from_fd, names.from.text, names.to_fd, names.to.text, 0);
  return finish(env, result, "linkat");
}

/*
 * (fd, dirfd, name): a new name for the very file that is open, whatever happened to its old names.
 */
NATIVE(native_link_descriptor) {
  Name name;
  char path[32];
  Call call = call_begin(env, info, 3);
  int fd = call_descriptor(&call, 0);
  int directory = call_directory(&call, 1);
  call_name(&call, 2, &name);
  if (call.failed) return NULL;
  /* The first form needs a capability on most kernels, the second needs /proc. */
  if (linkat(fd, "", directory, name.text, AT_EMPTY_PATH) == 0) return NULL;
  if (errno == EEXIST || errno == EBADF) return throw_errno(env, errno, "linkat");
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int result = linkat(AT_FDCWD, path, directory, name.text, AT_SYMLINK_FOLLOW);
  return finish(env, result, "linkat");
}

NATIVE(native_rename_at) {
  TwoNames names;
  Call call = call_begin(env, info, 4);
  if (!read_two_names(&call, &names)) return NULL;
  int result = renameat(names.from_fd, names.from.text, names.to_fd, names.to.text);
  return finish(env, result, "renameat");
}

static int rename_no_replace(const TwoNames *names) {
#if defined(SYS_renameat2)
  const unsigned no_replace = 1;
  long result = syscall(SYS_renameat2, names->from_fd, names->from.text, names->to_fd,
                        names->to.text, no_replace);
  if (result == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return -1;
#endif
  /*
   * The file system cannot: link() refuses an existing name just as well, and a crash leaves both
   * names.
   */
  if (linkat(names->from_fd, names->from.text, names->to_fd, names->to.text, 0) != 0) return -1;
  return unlinkat(names->from_fd, names->from.text, 0);
}

NATIVE(native_rename_no_replace) {
  TwoNames names;
  Call call = call_begin(env, info, 4);
  if (!read_two_names(&call, &names)) return NULL;
  return finish(env, rename_no_replace(&names), "renameat2");
}

NATIVE(native_mknod_at) {
  Name name;
  Call call = call_begin(env, info, 5);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  mode_t mode = (mode_t)call_integer(&call, 2, 0, 0177777);
  uint32_t device_major = call_uint32(&call, 3);
  uint32_t device_minor = call_uint32(&call, 4);
  if (call.failed) return NULL;
  dev_t device = makedev(device_major, device_minor);
  return finish(env, mknodat(directory, name.text, mode, device), "mknodat");
}

/* (dirfd, name, isDirectory?) */
NATIVE(native_unlink_at) {
  Name name;
  bool is_directory = false;
  Call call = call_begin(env, info, 2);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  if (call.failed) return NULL;
  if (call_has(&call, 2) && napi_get_value_bool(env, call.values[2], &is_directory) != napi_ok) {
    napi_throw_type_error(env, NULL, "Argument 3 must be a boolean");
    return NULL;
  }
  return finish(env, unlinkat(directory, name.text, is_directory ? AT_REMOVEDIR : 0), "unlinkat");
}

NATIVE(native_chown_at) {
  Name name;
  Call call = call_begin(env, info, 4);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  uid_t uid = call_uint32(&call, 2);
  gid_t gid = call_uint32(&call, 3);
  if (call.failed) return NULL;
  return finish(env, fchownat(directory, name.text, uid, gid, AT_SYMLINK_NOFOLLOW), "fchownat");
}

NATIVE(native_chmod_at) {
  Name name;
  Call call = call_begin(env, info, 3);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  mode_t mode = (mode_t)call_integer(&call, 2, 0, 07777);
  if (call.failed) return NULL;
  /*
   * glibc and musl do this through an O_PATH descriptor, so a link swapped in is refused and not
   * followed.
   */
  return finish(env, fchmodat(directory, name.text, mode, AT_SYMLINK_NOFOLLOW), "fchmodat");
}

/* (dirfd, name, mtimeSec, mtimeNsec); the access time stays. */
NATIVE(native_set_times_at) {
  Name name;
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};
  Call call = call_begin(env, info, 4);
  int directory = call_directory(&call, 0);
  call_name(&call, 1, &name);
  times[1].tv_sec = (time_t)call_integer(&call, 2, -SAFE_INTEGER_MAX, SAFE_INTEGER_MAX);
  times[1].tv_nsec = (long)call_integer(&call, 3, 0, 999999999);
  if (call.failed) return NULL;
  return finish(env, utimensat(directory, name.text, times, AT_SYMLINK_NOFOLLOW), "utimensat");
}
