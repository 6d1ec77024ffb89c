#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

Call call_begin(napi_env env, napi_callback_info info, size_t required) {
  Call call = {.env = env, .count = ARGUMENT_COUNT_MAX, .failed = false};
  if (napi_get_cb_info(env, info, &call.count, call.values, NULL, NULL) != napi_ok) {
    call.failed = true;
    call.count = 0;
  } else if (call.count < required) {
    napi_throw_type_error(env, NULL, "Too few arguments");
    call.failed = true;
  }
  if (call.count > ARGUMENT_COUNT_MAX) call.count = ARGUMENT_COUNT_MAX;
  return call;
}

static void call_fail_type(Call *call, size_t index, const char *expected) {
  char message[96];
  snprintf(message, sizeof message, "Argument %zu must be %s", index + 1, expected);
  napi_throw_type_error(call->env, NULL, message);
  call->failed = true;
}

napi_value call_throw_range(Call *call, const char *message) {
  if (!call->failed) napi_throw_range_error(call->env, NULL, message);
  call->failed = true;
  return NULL;
}

bool call_has(const Call *call, size_t index) {
  napi_valuetype type = napi_undefined;
  if (index >= call->count) return false;
  return napi_typeof(call->env, call->values[index], &type) == napi_ok && type != napi_undefined;
}

int64_t call_integer(Call *call, size_t index, int64_t min, int64_t max) {
  double number = 0;
  if (call->failed) return 0;
  if (index >= call->count ||
      napi_get_value_double(call->env, call->values[index], &number) != napi_ok) {
    call_fail_type(call, index, "a number");
    return 0;
  }
  /* Written so that NaN fails; both limits are exactly representable as doubles. */
  if (!(number >= (double)min && number <= (double)max) || (double)(int64_t)number != number) {
    char message[96];
    snprintf(message, sizeof message, "Argument %zu must be an integer from %lld to %lld",
             index + 1, (long long)min, (long long)max);
    call_throw_range(call, message);
    return 0;
  }
  return (int64_t)number;
}

int call_descriptor(Call *call, size_t index) {
  return (int)call_integer(call, index, 0, INT32_MAX);
}

int call_directory(Call *call, size_t index) {
  int fd = (int)call_integer(call, index, AT_FDCWD, INT32_MAX);
  if (fd < 0 && fd != AT_FDCWD) call_throw_range(call, "A directory is a descriptor or AT_FDCWD");
  return fd;
}

bool is_path_descriptor(int fd, DescriptorPath *path) {
  int saved = errno;
  int flags = fcntl(fd, F_GETFL);
  errno = saved;
  if (flags < 0 || !(flags & O_PATH)) return false;
  snprintf(path->text, sizeof path->text, "/proc/self/fd/%d", fd);
  return true;
}

uint32_t call_uint32(Call *call, size_t index) {
  return (uint32_t)call_integer(call, index, 0, UINT32_MAX);
}

Bytes call_bytes(Call *call, size_t index) {
  const Bytes none = {NULL, 0};
  napi_typedarray_type type = napi_int8_array;
  void *data = NULL;
  size_t length = 0;
  if (call->failed) return none;
  /* Fails by itself on anything that is no typed array. */
  if (index >= call->count || napi_get_typedarray_info(call->env, call->values[index], &type,
                                                       &length, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    call_fail_type(call, index, "a Uint8Array");
    return none;
  }
  return data == NULL ? none : (Bytes){data, length};
}

bool name_from_bytes(Name *name, const uint8_t *data, size_t length) {
  if (length == 0 || length >= NAME_BYTES_MAX || memchr(data, 0, length) != NULL) return false;
  memcpy(name->text, data, length);
  name->text[length] = 0;
  return true;
}

void call_name(Call *call, size_t index, Name *name) {
  name->text[0] = 0;
  Bytes bytes = call_bytes(call, index);
  if (call->failed || name_from_bytes(name, bytes.data, bytes.length)) return;
  char message[96];
  snprintf(message, sizeof message, "Argument %zu must be a name of 1 to %d bytes without NUL",
           index + 1, NAME_BYTES_MAX - 1);
  call_throw_range(call, message);
}

bool call_check_range(Call *call, size_t total, uint64_t offset, uint64_t length) {
  if (call->failed) return false;
  if (offset <= total && length <= total - offset) return true;
  call_throw_range(call, "Offset and length lie outside the buffer");
  return false;
}

size_t call_optional_offset(Call *call, size_t index, size_t total, size_t length) {
  if (call->failed) return 0;
  uint64_t offset = 0;
  if (call_has(call, index)) offset = (uint64_t)call_integer(call, index, 0, SAFE_INTEGER_MAX);
  return call_check_range(call, total, offset, length) ? (size_t)offset : 0;
}

#define ERRNO_NAMES(X)                                                                            \
  X(EPERM) X(ENOENT) X(EINTR) X(EIO) X(ENXIO) X(E2BIG) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES)     \
  X(EFAULT) X(ENOTBLK) X(EBUSY) X(EEXIST) X(EXDEV) X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL)       \
  X(ENFILE) X(EMFILE) X(ENOTTY) X(ETXTBSY) X(EFBIG) X(ENOSPC) X(ESPIPE) X(EROFS) X(EMLINK)        \
  X(EPIPE) X(ERANGE) X(EDEADLK) X(ENAMETOOLONG) X(ENOLCK) X(ENOSYS) X(ENOTEMPTY) X(ELOOP)         \
  X(ENODATA) X(ENOLINK) X(EREMOTE) X(EPROTO) X(EBADMSG) X(EOVERFLOW) X(EILSEQ) X(EOPNOTSUPP)      \
  X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTDOWN) X(EHOSTUNREACH) X(ESTALE) X(EUCLEAN) X(EREMOTEIO)     \
  X(EDQUOT) X(ENOMEDIUM) X(EMEDIUMTYPE) X(ECANCELED) X(ENOKEY) X(EKEYEXPIRED) X(EKEYREVOKED)      \
  X(ESHUTDOWN) X(ENOTCONN) X(ECONNRESET) X(ECONNABORTED) X(ENETDOWN) X(ENETUNREACH)

const char *errno_name(int error) {
  switch (error) {
#define ERRNO_CASE(name) \
  case name:             \
    return #name;
    ERRNO_NAMES(ERRNO_CASE)
#undef ERRNO_CASE
    default:
      return NULL;
  }
}

static void set_property(napi_env env, napi_value object, const char *key, napi_value value) {
  if (value != NULL) napi_set_named_property(env, object, key, value);
}

static napi_value make_text(napi_env env, const char *text) {
  napi_value value = NULL;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value make_number(napi_env env, double number) {
  napi_value value = NULL;
  napi_create_double(env, number, &value);
  return value;
}

napi_value throw_errno(napi_env env, int error, const char *syscall_name) {
  char number_name[16], reason[96], message[192];
  const char *code = errno_name(error);
  if (code == NULL) {
    snprintf(number_name, sizeof number_name, "E%d", error);
    code = number_name;
  }
  /*
   * strerror_r and not strerror: worker threads share the process. %m would read errno, which is
   * stale here.
   */
#if defined(__GLIBC__)
  const char *text = strerror_r(error, reason, sizeof reason);
#else
  const char *text = strerror_r(error, reason, sizeof reason) == 0 ? reason : "unknown error";
#endif
  snprintf(message, sizeof message, "%s: %s, %s", code, text, syscall_name);
  napi_value object = NULL;
  if (napi_create_error(env, make_text(env, code), make_text(env, message), &object) != napi_ok) {
    napi_throw_error(env, code, message);
    return NULL;
  }
  set_property(env, object, "errno", make_number(env, -error));
  set_property(env, object, "syscall", make_text(env, syscall_name));
  napi_throw(env, object);
  return NULL;
}

napi_value finish(napi_env env, long result, const char *syscall_name) {
  return result == 0 ? NULL : throw_errno(env, errno, syscall_name);
}

napi_value finish_number(napi_env env, int64_t result, const char *syscall_name) {
  if (result < 0) return throw_errno(env, errno, syscall_name);
  return make_number(env, (double)result);
}
