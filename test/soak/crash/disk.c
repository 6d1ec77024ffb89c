/*
 * `disk cut PATH`: makes the file system at PATH fail as if the power had gone: nothing that is not durable gets to the disk any more
 * (EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN; flag 2: without flushing the log).
 * `disk noise PATH SEED`: writes back at random moments what others have written there, so that more orders occur. Until it is killed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int cut(const char *path) {
  uint32_t flag = 2;
  int fd = open(path, O_RDONLY | O_DIRECTORY);
  /* EIO: it is cut already. */
  if ((fd < 0 || ioctl(fd, 0x8004587d, &flag) != 0) && errno != EIO) {
    perror(path);
    return 1;
  }
  return 0;
}

/* Starts the write-back of some files below the folder, at most two levels deep. */
static void push(int parent, const char *name, int depth) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (entry->d_name[0] == '.') continue;
    if (entry->d_type == DT_DIR && depth > 0) push(dirfd(folder), entry->d_name, depth - 1);
    if (entry->d_type != DT_REG || random() % 3 != 0) continue;
    int file = openat(dirfd(folder), entry->d_name, O_RDONLY);
    if (file < 0) continue;
    sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
    close(file);
  }
  closedir(folder);
}

int main(int count, char **arguments) {
  if (count == 3 && !strcmp(arguments[1], "cut")) return cut(arguments[2]);
  if (count != 4 || strcmp(arguments[1], "noise")) return 2;
  srandom(strtoul(arguments[3], NULL, 10));
  int fd = open(arguments[2], O_RDONLY | O_DIRECTORY);
  for (;;) {
    usleep(random() % 15000);
    if (random() % 4 == 0) syncfs(fd);
    else push(fd, ".", 2);
  }
}
