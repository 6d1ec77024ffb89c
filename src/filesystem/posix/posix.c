/*
 * Holdfast's window onto POSIX: directory descriptors, nanosecond times, extended attributes and
 * batches. posix.ts documents every function. The module has no state and may be loaded in any
 * number of threads.
 */
#include "support.h"

#include <fcntl.h>

_Static_assert(AT_FDCWD == -100 && O_PATH == 010000000, "posix.ts names these numbers");

/* (errno) -> its name; the batches give bare numbers. */
static NATIVE(native_errno_name) {
  napi_value result = NULL;
  Call call = call_begin(env, info, 1);
  int error = (int)call_integer(&call, 0, 0, INT32_MAX);
  if (call.failed) return NULL;
  const char *name = errno_name(error);
  napi_create_string_utf8(env, name == NULL ? "UNKNOWN" : name, NAPI_AUTO_LENGTH, &result);
  return result;
}

#define FUNCTION(name, callback) {name, NULL, callback, NULL, NULL, NULL, napi_enumerable, NULL}

static const napi_property_descriptor functions[] = {
    FUNCTION("errnoName", native_errno_name),
    FUNCTION("statAt", native_stat_at),
    FUNCTION("fstat", native_fstat),
    FUNCTION("statEntries", native_stat_entries),
    FUNCTION("openDirectory", native_open_directory),
    FUNCTION("listDirectory", native_list_directory),
    FUNCTION("mkdirAt", native_mkdir_at),
    FUNCTION("symlinkAt", native_symlink_at),
    FUNCTION("readlinkAt", native_readlink_at),
    FUNCTION("linkAt", native_link_at),
    FUNCTION("linkDescriptor", native_link_descriptor),
    FUNCTION("mknodAt", native_mknod_at),
    FUNCTION("renameAt", native_rename_at),
    FUNCTION("renameNoReplace", native_rename_no_replace),
    FUNCTION("unlinkAt", native_unlink_at),
    FUNCTION("chownAt", native_chown_at),
    FUNCTION("chmodAt", native_chmod_at),
    FUNCTION("setTimesAt", native_set_times_at),
    FUNCTION("openFile", native_open_file),
    FUNCTION("createFile", native_create_file),
    FUNCTION("close", native_close),
    FUNCTION("read", native_read),
    FUNCTION("write", native_write),
    FUNCTION("seekData", native_seek_data),
    FUNCTION("seekHole", native_seek_hole),
    FUNCTION("advise", native_advise),
    FUNCTION("ftruncate", native_ftruncate),
    FUNCTION("fsync", native_fsync),
    FUNCTION("syncfs", native_syncfs),
    FUNCTION("fchown", native_fchown),
    FUNCTION("fchmod", native_fchmod),
    FUNCTION("setTimes", native_set_times),
    FUNCTION("lock", native_lock),
    FUNCTION("raiseFileDescriptorLimit", native_raise_descriptor_limit),
    FUNCTION("readSmallFiles", native_read_small_files),
    FUNCTION("writeSmallFiles", native_write_small_files),
    FUNCTION("getXattrs", native_get_xattrs),
    FUNCTION("getXattrsAt", native_get_xattrs_at),
    FUNCTION("setXattr", native_set_xattr),
    FUNCTION("removeXattr", native_remove_xattr),
    FUNCTION("fillXattrSizes", native_fill_xattr_sizes),
};

NAPI_MODULE_INIT() {
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}
