/* Preloaded into the server: kills it at the n-th point where it changes a file below a folder.
   KILL_FOLDER   the folder
   KILL_AT       n, from 1
   KILL_HOW      "before" the call, "torn" (half of a write is done), "after" it
   KILL_COUNT    a file that gets one octet a point: its length says how many there were */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static const char *folder, *how;
static long wanted;
static atomic_long points;
static int counter = -1;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  folder = getenv("KILL_FOLDER");
  how = getenv("KILL_HOW");
  const char *at = getenv("KILL_AT"), *count = getenv("KILL_COUNT");
  wanted = at ? atol(at) : 0;
  if (count) counter = open(count, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int is_below(const char *path) {
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_ours(int file) {
  struct stat status;
  char link[64], path[4096];
  if (!folder || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Whether this is the point; the process is gone where it is to die before. */
static int reached(void) {
  long number = atomic_fetch_add(&points, 1) + 1;
  if (counter >= 0) NEXT(write)(counter, ".", 1);
  if (number != wanted) return 0;
  if (!how || strcmp(how, "before") == 0) die();
  return 1;
}

static int is_torn(void) { return how && strcmp(how, "torn") == 0; }

#define AROUND(call, half)      \
  do {                          \
    int is_last = reached();    \
    if (is_last && is_torn()) { \
      half;                     \
      die();                    \
    }                           \
    __typeof__(call) result = call; \
    if (is_last) die();         \
    return result;              \
  } while (0)

ssize_t write(int file, const void *bytes, size_t count) {
  __typeof__(&write) next = NEXT(write);
  if (!is_ours(file)) return next(file, bytes, count);
  AROUND(next(file, bytes, count), (void)!next(file, bytes, count / 2));
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  __typeof__(&pwrite) next = NEXT(pwrite);
  if (!is_ours(file)) return next(file, bytes, count, offset);
  AROUND(next(file, bytes, count, offset), (void)!next(file, bytes, count / 2, offset));
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  __typeof__(&pwrite64) next = NEXT(pwrite64);
  if (!is_ours(file)) return next(file, bytes, count, offset);
  AROUND(next(file, bytes, count, offset), (void)!next(file, bytes, count / 2, offset));
}

int fsync(int file) {
  __typeof__(&fsync) next = NEXT(fsync);
  if (!is_ours(file)) return next(file);
  AROUND(next(file), (void)0);
}

int fdatasync(int file) {
  __typeof__(&fdatasync) next = NEXT(fdatasync);
  if (!is_ours(file)) return next(file);
  AROUND(next(file), (void)0);
}

int ftruncate(int file, off_t length) {
  __typeof__(&ftruncate) next = NEXT(ftruncate);
  if (!is_ours(file)) return next(file, length);
  AROUND(next(file, length), (void)0);
}

int ftruncate64(int file, off64_t length) {
  __typeof__(&ftruncate64) next = NEXT(ftruncate64);
  if (!is_ours(file)) return next(file, length);
  AROUND(next(file, length), (void)0);
}

int rename(const char *from, const char *to) {
  __typeof__(&rename) next = NEXT(rename);
  if (!is_below(to)) return next(from, to);
  AROUND(next(from, to), (void)0);
}

int unlink(const char *path) {
  __typeof__(&unlink) next = NEXT(unlink);
  if (!is_below(path)) return next(path);
  AROUND(next(path), (void)0);
}
