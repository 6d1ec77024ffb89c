/*
 * Exchanges names in one system call, as fast as it can, until its standard input is closed: arguments are pairs of paths.
 * At the end it writes how many exchanges it made.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

int main(int argc, char **argv) {
  unsigned long long swaps = 0;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  if (argc < 4) return 2;
  uid_t user = (uid_t)atoi(argv[1]);
  if (user != 0 && (setgid(user) != 0 || setuid(user) != 0)) return 3;
  /* Odd pauses, so that every moment of the other's work is hit. */
  unsigned seed = (unsigned)getpid();
  while (poll(&input, 1, 0) == 0) {
    for (int round = 0; round < 64; round++) {
      for (int pair = 2; pair + 1 < argc; pair += 2) {
        if (syscall(SYS_renameat2, AT_FDCWD, argv[pair], AT_FDCWD, argv[pair + 1],
                    RENAME_EXCHANGE) == 0)
          swaps++;
      }
      for (volatile int spin = rand_r(&seed) % 2000; spin > 0; spin--) {
      }
    }
  }
  printf("%llu\n", swaps);
  return 0;
}
