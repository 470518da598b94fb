#pragma once
#include <stdint.h>

enum { ALLOCATIONS_CALLS, ALLOCATIONS_REFERENCES, ALLOCATIONS_LOCKS, ALLOCATIONS_KINDS };

/// From now on the allocations of this thread, or of all others, are counted.
void allocations_begin(int others);
/// Returns how many there were since.
uint64_t allocations_end(void);
/// The same, and retains and releases, and locks that were taken, in the last window.
uint64_t allocations_count(int kind);
void allocations_forget(void);
/// Prints where most of them came from.
void allocations_report(int limit);
