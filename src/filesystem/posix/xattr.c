/*
 * Extended attributes, POSIX ACLs among them (system.posix_acl_access and .posix_acl_default).
 *
 * There are *at() forms only since Linux 6.13, so a name in a directory is reached through
 * /proc/self/fd/<dirfd>/<name>: the held descriptor cannot be swapped, and the l*xattr calls do not
 * follow the last component.
 */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/*
 * A file by descriptor; by a path whose last component is not followed; or, for an O_PATH
 * descriptor, by the name in /proc that has to be followed to reach it.
 */
typedef struct {
  int fd;
  bool follow;
  char path[NAME_BYTES_MAX + 32];
} Subject;

static ssize_t subject_list(const Subject *subject, char *list, size_t room) {
  if (subject->fd >= 0) return flistxattr(subject->fd, list, room);
  if (subject->follow) return listxattr(subject->path, list, room);
  return llistxattr(subject->path, list, room);
}

static ssize_t subject_get(const Subject *subject, const char *name, void *value, size_t room) {
  if (subject->fd >= 0) return fgetxattr(subject->fd, name, value, room);
  if (subject->follow) return getxattr(subject->path, name, value, room);
  return lgetxattr(subject->path, name, value, room);
}

static void subject_from_descriptor(Call *call, Subject *subject) {
  DescriptorPath path;
  subject->fd = call_descriptor(call, 0);
  if (call->failed || !is_path_descriptor(subject->fd, &path)) return;
  subject->fd = -1;
  subject->follow = true;
  memcpy(subject->path, path.text, sizeof path.text);
}

static void subject_set_path(Subject *subject, int directory, const char *name) {
  subject->fd = -1;
  subject->follow = false;
  if (directory < 0 || name[0] == '/') {
    snprintf(subject->path, sizeof subject->path, "%s", name);
  } else {
    snprintf(subject->path, sizeof subject->path, "/proc/self/fd/%d/%s", directory, name);
  }
}

static void subject_from_name(Call *call, Subject *subject) {
  Name name;
  int directory = call_directory(call, 0);
  call_name(call, 1, &name);
  subject_set_path(subject, directory, name.text);
}

uint32_t xattr_list_bytes(int fd) {
  ssize_t bytes = flistxattr(fd, NULL, 0);
  if (bytes >= 0) return (uint32_t)bytes;
  return errno == EOPNOTSUPP ? 0 : XATTR_LIST_UNKNOWN;
}

/* A buffer that follows a value whose size may change between two calls. */
typedef struct {
  uint8_t *data;
  size_t room;
  uint8_t first[1024];
} Scratch;

static void scratch_begin(Scratch *scratch) {
  scratch->data = scratch->first;
  scratch->room = sizeof scratch->first;
}

static void scratch_end(Scratch *scratch) {
  if (scratch->data != scratch->first) free(scratch->data);
}

static bool scratch_grow(Scratch *scratch, size_t wanted) {
  size_t room = scratch->room * 2 > wanted ? scratch->room * 2 : wanted;
  uint8_t *grown = malloc(room);
  if (grown == NULL) return false;
  scratch_end(scratch);
  scratch->data = grown;
  scratch->room = room;
  return true;
}

/* The list of names when name is NULL, else one value. */
static ssize_t fetch_once(const Subject *subject, const char *name, void *target, size_t room) {
  if (name == NULL) return subject_list(subject, target, room);
  return subject_get(subject, name, target, room);
}

/* As fetch_once(), into a buffer that grows as needed; -1 with errno on failure. */
static ssize_t fetch(const Subject *subject, const char *name, Scratch *scratch) {
  for (;;) {
    ssize_t got = fetch_once(subject, name, scratch->data, scratch->room);
    if (got >= 0 || errno != ERANGE) return got;
    ssize_t wanted = fetch_once(subject, name, NULL, 0);
    if (wanted < 0) return -1;
    if (!scratch_grow(scratch, (size_t)wanted)) {
      errno = ENOMEM;
      return -1;
    }
  }
}

static bool append_attribute(napi_env env, napi_value result, const char *name, Bytes value) {
  napi_value attribute = NULL, name_buffer = NULL, value_buffer = NULL;
  uint32_t count = 0;
  return napi_create_buffer_copy(env, strlen(name), name, NULL, &name_buffer) == napi_ok &&
         napi_create_buffer_copy(env, value.length, value.data, NULL, &value_buffer) == napi_ok &&
         napi_create_object(env, &attribute) == napi_ok &&
         napi_set_named_property(env, attribute, "name", name_buffer) == napi_ok &&
         napi_set_named_property(env, attribute, "value", value_buffer) == napi_ok &&
         napi_get_array_length(env, result, &count) == napi_ok &&
         napi_set_element(env, result, count, attribute) == napi_ok;
}

static napi_value get_xattrs(napi_env env, const Subject *subject) {
  Scratch list, value;
  napi_value result = NULL;
  scratch_begin(&list);
  scratch_begin(&value);
  ssize_t list_bytes = fetch(subject, NULL, &list);
  int error = list_bytes < 0 && errno != EOPNOTSUPP ? errno : 0;
  const char *syscall_name = "listxattr";
  napi_create_array(env, &result);
  const char *name = (const char *)list.data;
  const char *end = name + (list_bytes < 0 ? 0 : list_bytes);
  for (; error == 0 && name < end; name += strlen(name) + 1) {
    ssize_t bytes = fetch(subject, name, &value);
    /* Removed since it was listed. */
    if (bytes < 0 && errno == ENODATA) continue;
    if (bytes < 0) {
      error = errno;
      syscall_name = "getxattr";
    } else if (!append_attribute(env, result, name, (Bytes){value.data, (size_t)bytes})) {
      error = ENOMEM;
    }
  }
  scratch_end(&list);
  scratch_end(&value);
  return error == 0 ? result : throw_errno(env, error, syscall_name);
}

NATIVE(native_get_xattrs) {
  Subject subject;
  Call call = call_begin(env, info, 1);
  subject_from_descriptor(&call, &subject);
  return call.failed ? NULL : get_xattrs(env, &subject);
}

NATIVE(native_get_xattrs_at) {
  Subject subject;
  Call call = call_begin(env, info, 2);
  subject_from_name(&call, &subject);
  return call.failed ? NULL : get_xattrs(env, &subject);
}

NATIVE(native_set_xattr) {
  Subject subject;
  Name attribute;
  Call call = call_begin(env, info, 3);
  subject_from_descriptor(&call, &subject);
  call_name(&call, 1, &attribute);
  Bytes value = call_bytes(&call, 2);
  if (call.failed) return NULL;
  int result = subject.fd >= 0
                   ? fsetxattr(subject.fd, attribute.text, value.data, value.length, 0)
                   : setxattr(subject.path, attribute.text, value.data, value.length, 0);
  return finish(env, result, "setxattr");
}

NATIVE(native_remove_xattr) {
  Subject subject;
  Name attribute;
  Call call = call_begin(env, info, 2);
  subject_from_descriptor(&call, &subject);
  call_name(&call, 1, &attribute);
  if (call.failed) return NULL;
  int result = subject.fd >= 0 ? fremovexattr(subject.fd, attribute.text)
                               : removexattr(subject.path, attribute.text);
  return finish(env, result, "removexattr");
}

static uint32_t list_bytes_at(Subject *subject, int directory, const char *name) {
  subject_set_path(subject, directory, name);
  ssize_t bytes = subject_list(subject, NULL, 0);
  if (bytes >= 0) return (uint32_t)bytes;
  return errno == EOPNOTSUPP ? 0 : XATTR_LIST_UNKNOWN;
}

/*
 * (dirfd, names, nameOffset, count, records, recordsOffset?) -> offset of the name after the last
 * one done
 */
NATIVE(native_fill_xattr_sizes) {
  Name name;
  Subject subject;
  Call call = call_begin(env, info, 5);
  int directory = (int)call_integer(&call, 0, 0, INT32_MAX);
  Bytes names = call_bytes(&call, 1);
  size_t position = call_optional_offset(&call, 2, names.length, 0);
  size_t count = (size_t)call_integer(&call, 3, 0, UINT32_MAX);
  Bytes records = call_bytes(&call, 4);
  size_t records_offset = call_optional_offset(&call, 5, records.length, count * STAT_RECORD_BYTES);
  if (call.failed) return NULL;
  uint8_t *target = records.data + records_offset + offsetof(StatRecord, xattr_list_bytes);
  for (size_t index = 0; index < count; index++, target += STAT_RECORD_BYTES) {
    if (names.length - position < 2) return call_throw_range(&call, "The names end early");
    size_t length = names.data[position] | (size_t)names.data[position + 1] << 8;
    if (names.length - position - 2 < length) return call_throw_range(&call, "The names end early");
    uint32_t bytes = XATTR_LIST_UNKNOWN;
    if (name_from_bytes(&name, names.data + position + 2, length)) {
      bytes = list_bytes_at(&subject, directory, name.text);
    }
    memcpy(target, &bytes, sizeof bytes);
    position += 2 + length;
  }
  return make_number(env, (double)position);
}
