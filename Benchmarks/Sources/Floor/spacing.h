// When the next turn begins: the rule of the relay (Sources/MediaIO/TurnSpacing.swift), so that both batch
// alike. Times are nanoseconds.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct spacing {
  int64_t maximum, spacing;
  bool waits, started;
  int64_t last, share;
  int64_t window_start, window_packets;
};

/// What a turn came after: nothing, a sleep until a packet came, a wait.
enum pause { PAUSE_NONE, PAUSE_SLEEP, PAUSE_SPACING };

struct spacing spacing_make(int64_t maximum);
/// Notes a turn.
void spacing_turn(struct spacing *s, int64_t now, int packets, enum pause pause);
