#include "spacing.h"

enum { WANTED_PACKETS = 20, BEGIN = 840, END = 550 };
static const int64_t least = 1000000, slack = 150000, window = 100000000;

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

struct spacing spacing_make(int64_t maximum) {
  return (struct spacing){.maximum = maximum, .spacing = smaller(least, maximum)};
}

static void note(struct spacing *s, bool paid) {
  s->share += ((paid ? 1024 : 0) - s->share) / 16;
  if (s->share >= BEGIN) s->waits = s->maximum > 0;
  if (s->share < END) s->waits = false;
}

void spacing_turn(struct spacing *s, int64_t now, int packets, enum pause pause) {
  if (pause == PAUSE_SPACING) note(s, packets > 0);
  if (pause == PAUSE_SLEEP && packets > 0 && s->started)
    note(s, now - s->last <= s->spacing + slack);
  if (packets == 0) return;
  s->last = now;
  if (!s->started) {
    s->started = true;
    s->window_start = now;
    return;
  }
  s->window_packets += packets;
  int64_t passed = now - s->window_start;
  if (passed < window) return;
  int64_t wanted = passed * WANTED_PACKETS / larger(s->window_packets, 1);
  s->spacing = (s->spacing + smaller(larger(wanted, least), s->maximum)) / 2;
  s->window_start = now;
  s->window_packets = 0;
}
