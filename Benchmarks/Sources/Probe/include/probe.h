// What tells more of a program than its clock: the allocator, when AllocationCounter is preloaded, and
// callgrind, when the program runs in it.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether allocations can be counted.
bool probe_counts_allocations(void);
/// Counts those of the calling thread, or of all others.
void probe_allocations_begin(bool others);
/// Returns how many there were since.
uint64_t probe_allocations_end(void);
/// Retains and releases of Swift in the last window.
uint64_t probe_references(void);
/// Locks that were taken in the last window.
uint64_t probe_locks(void);
/// Forgets where they came from.
void probe_allocations_forget(void);
/// Prints where most of them came from to standard error.
void probe_allocations_report(int limit);

/// Whether the program was built with valgrind's headers and runs in it.
bool probe_counts_instructions(void);
/// What follows is counted by callgrind.
void probe_instructions_begin(void);
/// Writes what was counted since under this name.
void probe_instructions_end(const char *name);
