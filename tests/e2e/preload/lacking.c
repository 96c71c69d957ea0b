// Loaded into the command under test (LD_PRELOAD): its file systems lack what the environment says.
//
//   SEGDL_LACK=WHAT:ERRNO[:FIRST][,WHAT:ERRNO...]   each call of that kind fails with this errno value, or the first so many
//
// WHAT: locks (F_OFD_SETLK, F_OFD_GETLK), flock, links (linkat), flags (renameat2 with flags), modes (fchmod), owners (fchown), mappings
// (shared mmap of a file), unnamed (O_TMPFILE), space (fallocate), growth (ftruncate beyond the end), times (futimens), statfs, directories
// (fsync of one).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

// 0, or the errno value. Once for each call: the environment of the command does not change.
static int lacks(const char *what) {
  const char *at = getenv("SEGDL_LACK");
  const size_t length = strlen(what);
  while (at != NULL && *at != '\0') {
    if (strncmp(at, what, length) == 0 && at[length] == ':') {
      char *end;
      const int number = (int)strtol(at + length + 1, &end, 10);
      static atomic_long calls;
      return *end != ':' || atomic_fetch_add(&calls, 1) < atol(end + 1) ? number : 0;
    }
    at = strchr(at, ',');
    if (at != NULL) ++at;
  }
  return 0;
}

#define REAL(type, name) \
  static type (*real)(); \
  if (real == NULL) real = (type(*)())dlsym(RTLD_NEXT, #name)

#define LACKING(what, when, type, failed, name, parameters, ...) \
  type name parameters {                                         \
    REAL(type, name);                                            \
    const int number = (when) ? lacks(what) : 0;                 \
    if (number != 0) return errno = number, failed;              \
    return real(__VA_ARGS__);                                    \
  }

static int grows(int file, off_t size) {
  struct stat status;
  return fstat(file, &status) == 0 && status.st_size < size;
}

static int is_directory(int file) {
  struct stat status;
  return fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

LACKING("flock", 1, int, -1, flock, (int file, int how), file, how)
LACKING("links", 1, int, -1, linkat, (int a, const char *from, int b, const char *to, int flags), a, from, b, to, flags)
LACKING("flags", flags != 0, int, -1, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), a, from, b, to, flags)
LACKING("modes", 1, int, -1, fchmod, (int file, mode_t mode), file, mode)
LACKING("owners", 1, int, -1, fchown, (int file, uid_t owner, gid_t group), file, owner, group)
LACKING("mappings", (flags & MAP_SHARED) != 0 && file >= 0, void *, MAP_FAILED, mmap, (void *at, size_t size, int access, int flags, int file, off_t from), at, size, access, flags, file, from)
LACKING("space", 1, int, -1, fallocate, (int file, int mode, off_t from, off_t size), file, mode, from, size)
LACKING("growth", grows(file, size), int, -1, ftruncate, (int file, off_t size), file, size)
LACKING("times", 1, int, -1, futimens, (int file, const struct timespec times[2]), file, times)
LACKING("statfs", 1, int, -1, fstatfs, (int file, struct statfs *status), file, status)
LACKING("directories", is_directory(file), int, -1, fsync, (int file), file)

int openat(int at, const char *path, int flags, ...) {
  mode_t mode = 0;
  va_list more;
  va_start(more, flags);
  if (flags & (O_CREAT | __O_TMPFILE)) mode = va_arg(more, mode_t);
  va_end(more);
  REAL(int, openat);
  const int number = (flags & O_TMPFILE) == O_TMPFILE ? lacks("unnamed") : 0;
  if (number != 0) return errno = number, -1;
  return real(at, path, flags, mode);
}

int fcntl(int file, int command, ...) {
  va_list more;
  va_start(more, command);
  void *value = va_arg(more, void *);
  va_end(more);
  REAL(int, fcntl);
  const int number = command == F_OFD_SETLK || command == F_OFD_GETLK ? lacks("locks") : 0;
  if (number != 0) return errno = number, -1;
  return real(file, command, value);
}
