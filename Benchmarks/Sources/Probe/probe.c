#define _GNU_SOURCE
#include "probe.h"

#include <dlfcn.h>
#include <stddef.h>

static void *find(const char *name) { return dlsym(RTLD_DEFAULT, name); }

bool probe_counts_allocations(void) { return find("allocations_begin") != NULL; }

void probe_allocations_begin(bool others) {
  static void (*begin)(int);
  if (!begin) begin = (void (*)(int))find("allocations_begin");
  if (begin) begin(others);
}

uint64_t probe_allocations_end(void) {
  static uint64_t (*end)(void);
  if (!end) end = (uint64_t (*)(void))find("allocations_end");
  return end ? end() : 0;
}

static uint64_t count(int kind) {
  static uint64_t (*counted)(int);
  if (!counted) counted = (uint64_t (*)(int))find("allocations_count");
  return counted ? counted(kind) : 0;
}

uint64_t probe_references(void) { return count(1); }
uint64_t probe_locks(void) { return count(2); }

void probe_allocations_forget(void) {
  void (*forget)(void) = (void (*)(void))find("allocations_forget");
  if (forget) forget();
}

void probe_allocations_report(int limit) {
  void (*report)(int) = (void (*)(int))find("allocations_report");
  if (report) report(limit);
}

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>

bool probe_counts_instructions(void) { return RUNNING_ON_VALGRIND != 0; }

void probe_instructions_begin(void) {
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
}

void probe_instructions_end(const char *name) {
  CALLGRIND_DUMP_STATS_AT(name);
  CALLGRIND_STOP_INSTRUMENTATION;
}
#else
bool probe_counts_instructions(void) { return false; }
void probe_instructions_begin(void) {}
void probe_instructions_end(const char *name) { (void)name; }
#endif
