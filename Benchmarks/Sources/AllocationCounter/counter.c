// A library to be preloaded: counts the calls to the allocator of glibc that are made between
// allocations_begin and allocations_end, besides them reference counting of Swift and locks of glibc, and
// keeps where they came from: allocations, or what VISAVIS_TRACE says (references, locks).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocations.h"

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { NOBODY, THIS_THREAD, OTHER_THREADS };
enum { SITES = 256, FRAMES = 16 };

static atomic_int window = NOBODY;
static atomic_uint_fast64_t totals[ALLOCATIONS_KINDS];
static int traced = ALLOCATIONS_CALLS;
static __thread bool is_caller __attribute__((tls_model("initial-exec")));
static __thread bool is_inside __attribute__((tls_model("initial-exec")));

struct site {
  int depth;
  void *frames[FRAMES];
  uint64_t count;
};
static struct site sites[SITES];
static int site_count;
static atomic_flag sites_lock = ATOMIC_FLAG_INIT;

static void note(int kind) {
  int who = atomic_load_explicit(&window, memory_order_relaxed);
  if (who == NOBODY || (who == THIS_THREAD) != is_caller || is_inside) return;
  atomic_fetch_add(&totals[kind], 1);
  if (kind != traced) return;
  is_inside = true;
  struct site here = {0};
  here.depth = backtrace(here.frames, FRAMES);
  while (atomic_flag_test_and_set(&sites_lock)) {
  }
  int i = 0;
  while (i < site_count && memcmp(sites[i].frames, here.frames, sizeof here.frames) != 0) i++;
  if (i == site_count && site_count < SITES) sites[site_count++] = here;
  if (i < site_count) sites[i].count++;
  atomic_flag_clear(&sites_lock);
  is_inside = false;
}

void *malloc(size_t size) {
  note(ALLOCATIONS_CALLS);
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  note(ALLOCATIONS_CALLS);
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  note(ALLOCATIONS_CALLS);
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  note(ALLOCATIONS_CALLS);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note(ALLOCATIONS_CALLS);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  note(ALLOCATIONS_CALLS);
  void *memory = __libc_memalign(alignment, size);
  if (!memory) return ENOMEM;
  *out = memory;
  return 0;
}

// ---- reference counting

// The next library's function of this name, found once.
#define NEXT(name)                             \
  static __typeof__(&name) next;               \
  if (!next) {                                 \
    is_inside = true;                          \
    next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    is_inside = false;                         \
  }

#define COUNTED(name)                \
  void *name(void *object) {         \
    NEXT(name)                       \
    note(ALLOCATIONS_REFERENCES);    \
    return next(object);             \
  }
#define COUNTED_MANY(name)                           \
  void *name(void *object, uint32_t count) {         \
    NEXT(name)                                       \
    note(ALLOCATIONS_REFERENCES);                    \
    return next(object, count);                      \
  }

// Elsewhere these may have a calling convention of their own.
#ifdef __x86_64__
COUNTED(swift_retain)
COUNTED(swift_release)
COUNTED(swift_bridgeObjectRetain)
COUNTED(swift_bridgeObjectRelease)
COUNTED(swift_unknownObjectRetain)
COUNTED(swift_unknownObjectRelease)
COUNTED_MANY(swift_retain_n)
COUNTED_MANY(swift_release_n)
COUNTED_MANY(swift_bridgeObjectRetain_n)
COUNTED_MANY(swift_bridgeObjectRelease_n)
#endif

// ---- locks

int pthread_mutex_lock(pthread_mutex_t *lock) {
  NEXT(pthread_mutex_lock)
  note(ALLOCATIONS_LOCKS);
  return next(lock);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
  NEXT(pthread_rwlock_rdlock)
  note(ALLOCATIONS_LOCKS);
  return next(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
  NEXT(pthread_rwlock_wrlock)
  note(ALLOCATIONS_LOCKS);
  return next(lock);
}

// ---- the window

void allocations_begin(int others) {
  // The first backtrace loads a library.
  void *frames[4];
  backtrace(frames, 4);
  const char *trace = getenv("VISAVIS_TRACE");
  if (trace && strcmp(trace, "references") == 0) traced = ALLOCATIONS_REFERENCES;
  if (trace && strcmp(trace, "locks") == 0) traced = ALLOCATIONS_LOCKS;
  is_caller = true;
  for (int i = 0; i < ALLOCATIONS_KINDS; i++) atomic_store(&totals[i], 0);
  atomic_store(&window, others ? OTHER_THREADS : THIS_THREAD);
}

uint64_t allocations_end(void) {
  atomic_store(&window, NOBODY);
  is_caller = false;
  return atomic_load(&totals[ALLOCATIONS_CALLS]);
}

uint64_t allocations_count(int kind) { return atomic_load(&totals[kind]); }

void allocations_forget(void) {
  memset(sites, 0, sizeof sites);
  site_count = 0;
}

// ---- names

struct symbols {
  const ElfW(Sym) * list;
  size_t count;
  const char *names;
};

// The symbol table of this program, which holds more than what the dynamic linker knows.
static struct symbols own_symbols(void) {
  struct symbols none = {0};
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) return none;
  const char *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (file == MAP_FAILED) return none;
  const ElfW(Ehdr) *header = (const void *)file;
  const ElfW(Shdr) *sections = (const void *)(file + header->e_shoff);
  for (int i = 0; i < header->e_shnum; i++) {
    if (sections[i].sh_type != SHT_SYMTAB) continue;
    return (struct symbols){(const void *)(file + sections[i].sh_offset),
                            sections[i].sh_size / sizeof(ElfW(Sym)),
                            file + sections[sections[i].sh_link].sh_offset};
  }
  return none;
}

static const char *name_of(const struct symbols *own, void *address, char *room, size_t capacity) {
  Dl_info info;
  const char *name = NULL;
  if (dladdr(address, &info) && info.dli_fname) {
    name = info.dli_sname;
    if (!name && own->list) {
      uintptr_t offset = (uintptr_t)address - (uintptr_t)info.dli_fbase;
      for (size_t i = 0; i < own->count; i++) {
        const ElfW(Sym) *s = &own->list[i];
        if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_value <= offset &&
            offset < s->st_value + s->st_size)
          name = own->names + s->st_name;
      }
    }
  }
  if (!name) return "?";
  char *(*demangle)(const char *, size_t, char *, size_t *, uint32_t) =
      dlsym(RTLD_DEFAULT, "swift_demangle");
  size_t length = capacity;
  char *readable = demangle ? demangle(name, strlen(name), room, &length, 0) : NULL;
  room[capacity - 1] = 0;
  return readable ? readable : name;
}

void allocations_report(int limit) {
  struct symbols own = own_symbols();
  for (int shown = 0; shown < limit; shown++) {
    struct site *most = NULL;
    for (int i = 0; i < site_count; i++)
      if (sites[i].count && (!most || sites[i].count > most->count)) most = &sites[i];
    if (!most) return;
    fprintf(stderr, "%llu times:\n", (unsigned long long)most->count);
    most->count = 0;
    // The first two frames are this file's.
    for (int f = 2; f < most->depth; f++) {
      char room[512];
      fprintf(stderr, "    %s\n", name_of(&own, most->frames[f], room, sizeof room));
    }
  }
}
