// A hint to the processor that memory will be read soon. It changes nothing and never faults, so that
// code may ask for what it only believes to need.
#pragma once

static inline void prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
