// Loaded into the command under test (LD_PRELOAD): its calls to the C library fail as the environment says.
//
//   SEGDL_FAULT=CALL:FIRST:STEP[:late]   the FIRST-th call of that name fails, and every STEP-th after it; STEP 0: no other. From FIRST on
//                                        all with STEP 1.
//   SEGDL_FAULT_LOG=FILE                 how many calls of that name there were, and how many failed, at the end
//
// CALL is one of the file system calls below (EINTR; with `late` the call is made, and EINTR returned all the same: what a server did whose
// answer was not waited for), malloc (also calloc, realloc, aligned_alloc and posix_memalign: no memory) or pthread_create (EAGAIN).
// Only calls from the program and its other libraries are seen, none from inside the C library.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static char wanted[32];
static unsigned long first, step;
static int late;
static atomic_ulong calls, failures;

__attribute__((constructor)) static void begin(void) {
  const char *fault = getenv("SEGDL_FAULT");
  char how[8] = "";
  if (fault == NULL || sscanf(fault, "%31[a-z0-9_]:%lu:%lu:%7s", wanted, &first, &step, how) < 3) wanted[0] = '\0';
  late = strcmp(how, "late") == 0;
}

__attribute__((destructor)) static void end(void) {
  const char *log = getenv("SEGDL_FAULT_LOG");
  char line[64];
  if (log == NULL) return;
  const int size = snprintf(line, sizeof line, "%lu %lu\n", atomic_load(&calls), atomic_load(&failures));
  const int file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) syscall(SYS_write, file, line, (size_t)size);  // not by write() above, which may be the one that fails
}

// Whether this call is one that fails.
static int fails(const char *name) {
  if (wanted[0] == '\0' || strcmp(name, wanted) != 0) return 0;
  const unsigned long number = atomic_fetch_add(&calls, 1) + 1;
  if (number != first && (step == 0 || number < first || (number - first) % step != 0)) return 0;
  atomic_fetch_add(&failures, 1);
  return 1;
}

#define REAL(type, name) \
  static type (*real)(); \
  if (real == NULL) real = (type(*)())dlsym(RTLD_NEXT, name)

// A call that fails before anything happens, or, late, after it has.
#define FAULTY(type, failed, name, parameters, ...)         \
  type name parameters {                                    \
    REAL(type, #name);                                      \
    const int now = fails(#name);                           \
    type const result = now && !late ? failed : real(__VA_ARGS__); \
    if (now) errno = EINTR;                                 \
    return now ? failed : result;                           \
  }

FAULTY(int, -1, fstat, (int file, struct stat *status), file, status)
FAULTY(int, -1, stat, (const char *path, struct stat *status), path, status)
FAULTY(int, -1, fstatat, (int at, const char *path, struct stat *status, int flags), at, path, status, flags)
FAULTY(int, -1, fstatfs, (int file, struct statfs *status), file, status)
FAULTY(int, -1, fchmod, (int file, mode_t mode), file, mode)
FAULTY(int, -1, futimens, (int file, const struct timespec times[2]), file, times)
FAULTY(int, -1, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), a, from, b, to, flags)
FAULTY(int, -1, renameat, (int a, const char *from, int b, const char *to), a, from, b, to)
FAULTY(int, -1, linkat, (int a, const char *from, int b, const char *to, int flags), a, from, b, to, flags)
FAULTY(int, -1, unlinkat, (int at, const char *path, int flags), at, path, flags)
FAULTY(int, -1, msync, (void *bytes, size_t size, int flags), bytes, size, flags)
FAULTY(int, -1, fallocate, (int file, int mode, off_t from, off_t size), file, mode, from, size)
FAULTY(int, -1, ftruncate, (int file, off_t size), file, size)
FAULTY(int, -1, fdatasync, (int file), file)
FAULTY(int, -1, fsync, (int file), file)
FAULTY(ssize_t, -1, read, (int file, void *into, size_t size), file, into, size)
FAULTY(ssize_t, -1, write, (int file, const void *from, size_t size), file, from, size)
FAULTY(ssize_t, -1, pread, (int file, void *into, size_t size, off_t at), file, into, size, at)
FAULTY(ssize_t, -1, pwrite, (int file, const void *from, size_t size, off_t at), file, from, size, at)
FAULTY(struct dirent *, NULL, readdir, (DIR *stream), stream)
FAULTY(DIR *, NULL, fdopendir, (int file), file)
FAULTY(void *, MAP_FAILED, mmap, (void *at, size_t size, int access, int flags, int file, off_t from), at, size, access, flags, file, from)

// These have one parameter more for some flags.
#define MODE_OF(flags, last) \
  mode_t mode = 0;           \
  va_list more;              \
  va_start(more, last);      \
  if ((flags) & (O_CREAT | __O_TMPFILE)) mode = va_arg(more, mode_t); \
  va_end(more)

int open(const char *path, int flags, ...) {
  MODE_OF(flags, flags);
  REAL(int, "open");
  if (fails("open")) return errno = EINTR, -1;
  return real(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
  MODE_OF(flags, flags);
  REAL(int, "openat");
  if (fails("openat")) return errno = EINTR, -1;
  return real(at, path, flags, mode);
}

int fcntl(int file, int command, ...) {
  va_list more;
  va_start(more, command);
  void *value = va_arg(more, void *);
  va_end(more);
  REAL(int, "fcntl");
  if (fails("fcntl")) return errno = EINTR, -1;
  return real(file, command, value);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *of) {
  REAL(int, "pthread_create");
  return fails("pthread_create") ? EAGAIN : real(thread, how, run, of);
}

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

void *malloc(size_t size) { return fails("malloc") ? errno = ENOMEM, NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails("malloc") ? errno = ENOMEM, NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return fails("malloc") ? errno = ENOMEM, NULL : __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return fails("malloc") ? errno = ENOMEM, NULL : __libc_memalign(alignment, size); }
int posix_memalign(void **into, size_t alignment, size_t size) {
  *into = fails("malloc") ? NULL : __libc_memalign(alignment, size);
  return *into == NULL ? ENOMEM : 0;
}
