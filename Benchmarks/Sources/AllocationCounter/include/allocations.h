#pragma once
#include <stdint.h>

/// From now on the allocations of this thread, or of all others, are counted.
void allocations_begin(int others);
/// Returns how many there were since.
uint64_t allocations_end(void);
void allocations_forget(void);
/// Prints where most of them came from.
void allocations_report(int limit);
