/* SPDX-License-Identifier: Apache-2.0
 * Preloaded by clock_jumps.py: moves the clock on the wall by as many seconds as the file
 * SENSE_CLOCK_FILE holds, in 8 octets. The monotonic clock stays. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
  static volatile const long *offset;
  if (!offset) {
    const char *path = getenv("SENSE_CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY) : -1;
    void *place = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);
    static const long none = 0;
    if (fd >= 0) close(fd);
    offset = place == MAP_FAILED ? &none : place;
  }
  return *offset;
}

int clock_gettime(clockid_t which, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, which, now);
  if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
    now->tv_sec += shift();
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec precise;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *into) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (into) *into = precise.tv_sec;
  return precise.tv_sec;
}
