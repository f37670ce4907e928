/* SPDX-License-Identifier: Apache-2.0
 * Preloaded by call_faults.py: the k-th call of one kind fails. SENSE_FAIL_KIND names the kind,
 * SENSE_FAIL_AT is k (0: never), and SENSE_FAIL_FILE a file of numbers that this library writes:
 * how many calls there were of each kind, and how many failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, SYNC, OPEN, ALLOCATE, MEMORY, SEND, READ, KINDS };
static const char* const names[KINDS] = {"write",  "sync", "open", "allocate",
                                         "memory", "send", "read"};

static volatile unsigned long* seen; /* calls of each kind; failed */
static unsigned long fail_at;
static int chosen = KINDS;

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* old, size_t size);

__attribute__((constructor)) static void begin(void) {
  const char *kind = getenv("SENSE_FAIL_KIND"), *at = getenv("SENSE_FAIL_AT"),
             *path = getenv("SENSE_FAIL_FILE");
  int fd, i;
  void* place;
  if (!kind || !at || !path) return;
  fd = open(path, O_RDWR);
  place = mmap(NULL, (KINDS + 1) * sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (place == MAP_FAILED) abort();
  fail_at = strtoul(at, NULL, 10);
  seen = place;
  for (i = 0; i < KINDS; ++i)
    if (strcmp(names[i], kind) == 0) chosen = i;
}

/* An eventfd, by which threads wake each other, is memory: it does not fail on a real machine. */
static int is_file(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* Whether this call fails. `fd`: -1 where it does not matter. */
static int fails(enum kind kind, int fd) {
  unsigned long call;
  if (!seen || (fd >= 0 && !is_file(fd))) return 0;
  call = __atomic_add_fetch(&seen[kind], 1, __ATOMIC_SEQ_CST);
  if ((int)kind != chosen || call != fail_at) return 0;
  seen[KINDS] = 1;
  return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CALL(kind, fd, error, bad, type, name, parameters, arguments) \
  type name parameters {                                              \
    static __typeof__(&name) next;                                    \
    if (fails(kind, fd)) {                                            \
      errno = error;                                                  \
      return bad;                                                     \
    }                                                                 \
    if (!next) next = NEXT(name);                                     \
    return next arguments;                                            \
  }

CALL(WRITE, fd, EIO, -1, ssize_t, write, (int fd, const void* at, size_t size), (fd, at, size))
CALL(WRITE, fd, EIO, -1, ssize_t, pwrite, (int fd, const void* at, size_t size, off_t to),
     (fd, at, size, to))
CALL(WRITE, fd, EIO, -1, ssize_t, pwrite64, (int fd, const void* at, size_t size, off64_t to),
     (fd, at, size, to))
CALL(WRITE, fd, EIO, -1, ssize_t, writev, (int fd, const struct iovec* parts, int count),
     (fd, parts, count))
CALL(SYNC, -1, EIO, -1, int, fsync, (int fd), (fd))
CALL(SYNC, -1, EIO, -1, int, fdatasync, (int fd), (fd))
CALL(ALLOCATE, -1, ENOSPC, -1, int, ftruncate, (int fd, off_t size), (fd, size))
CALL(ALLOCATE, -1, ENOSPC, -1, int, ftruncate64, (int fd, off64_t size), (fd, size))
CALL(ALLOCATE, -1, ENOSPC, ENOSPC, int, posix_fallocate, (int fd, off_t at, off_t size),
     (fd, at, size))
CALL(ALLOCATE, -1, ENOSPC, ENOSPC, int, posix_fallocate64, (int fd, off64_t at, off64_t size),
     (fd, at, size))
CALL(ALLOCATE, -1, ENOMEM, MAP_FAILED, void*, mmap,
     (void* at, size_t size, int may, int flags, int fd, off_t from),
     (at, size, may, flags, fd, from))
CALL(SEND, -1, ECONNRESET, -1, ssize_t, send, (int fd, const void* at, size_t size, int flags),
     (fd, at, size, flags))
CALL(SEND, -1, ECONNRESET, -1, ssize_t, sendmsg, (int fd, const struct msghdr* message, int flags),
     (fd, message, flags))
CALL(SEND, -1, ECONNRESET, -1, ssize_t, sendto,
     (int fd, const void* at, size_t size, int flags, const struct sockaddr* to, socklen_t length),
     (fd, at, size, flags, to, length))
CALL(SEND, -1, ECONNRESET, -1, int, sendmmsg,
     (int fd, struct mmsghdr* messages, unsigned count, int flags), (fd, messages, count, flags))
CALL(READ, fd, EIO, -1, ssize_t, read, (int fd, void* at, size_t size), (fd, at, size))
CALL(READ, fd, EIO, -1, ssize_t, pread, (int fd, void* at, size_t size, off_t from),
     (fd, at, size, from))
CALL(READ, fd, EIO, -1, ssize_t, pread64, (int fd, void* at, size_t size, off64_t from),
     (fd, at, size, from))
CALL(READ, -1, ECONNRESET, -1, ssize_t, recv, (int fd, void* at, size_t size, int flags),
     (fd, at, size, flags))
CALL(READ, -1, ECONNRESET, -1, ssize_t, recvmsg, (int fd, struct msghdr* message, int flags),
     (fd, message, flags))
CALL(READ, -1, ECONNRESET, -1, ssize_t, recvfrom,
     (int fd, void* at, size_t size, int flags, struct sockaddr* from, socklen_t* length),
     (fd, at, size, flags, from, length))
CALL(READ, -1, ECONNRESET, -1, int, recvmmsg,
     (int fd, struct mmsghdr* messages, unsigned count, int flags, struct timespec* wait),
     (fd, messages, count, flags, wait))
CALL(OPEN, -1, EMFILE, NULL, FILE*, fopen, (const char* path, const char* mode), (path, mode))
CALL(OPEN, -1, EMFILE, NULL, FILE*, fopen64, (const char* path, const char* mode), (path, mode))
CALL(OPEN, -1, EMFILE, -1, int, accept, (int fd, struct sockaddr* from, socklen_t* length),
     (fd, from, length))
CALL(OPEN, -1, EMFILE, -1, int, accept4,
     (int fd, struct sockaddr* from, socklen_t* length, int flags), (fd, from, length, flags))

/* These take their mode as a further argument. */
#define OPEN_CALL(name)                        \
  int name(const char* path, int flags, ...) { \
    static __typeof__(&name) next;             \
    va_list rest;                              \
    mode_t mode;                               \
    va_start(rest, flags);                     \
    mode = va_arg(rest, mode_t);               \
    va_end(rest);                              \
    if (fails(OPEN, -1)) {                     \
      errno = EMFILE;                          \
      return -1;                               \
    }                                          \
    if (!next) next = NEXT(name);              \
    return next(path, flags, mode);            \
  }
OPEN_CALL(open)
OPEN_CALL(open64)

void* malloc(size_t size) {
  if (!fails(MEMORY, -1)) return __libc_malloc(size);
  errno = ENOMEM;
  return NULL;
}
void* calloc(size_t count, size_t size) {
  if (!fails(MEMORY, -1)) return __libc_calloc(count, size);
  errno = ENOMEM;
  return NULL;
}
void* realloc(void* old, size_t size) {
  if (!fails(MEMORY, -1)) return __libc_realloc(old, size);
  errno = ENOMEM;
  return NULL;
}
