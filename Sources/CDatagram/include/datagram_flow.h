// Many UDP sockets on one thread, each with one peer: what a load generator needs besides CDatagram.h.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct datagram_address;

struct flow_datagram {
  void *bytes;
  uint32_t length;
  /// Of what was received: when the kernel took it in, nanoseconds of CLOCK_REALTIME; 0 when it did
  /// not tell.
  int64_t arrival;
};

/// Where datagrams are received: 64 buffers, and what the kernel must be told of them, made once.
struct flow_inbox;

/// Opens a non-blocking UDP socket of the family that `remote` is of, on any port, that stamps what
/// arrives. Returns the descriptor, or a negative errno.
int flow_open(const struct datagram_address *remote, int buffer_octets);

/// From now on the socket only takes datagrams from there, and sends there. Returns 0 or an errno.
int flow_connect(int fd, const struct datagram_address *remote, uint16_t port);

/// Buffers of `room` octets each; longer datagrams are cut. NULL without memory.
struct flow_inbox *flow_inbox_open(uint32_t room);
void flow_inbox_close(struct flow_inbox *inbox);
/// What was received last; the same place each time.
const struct flow_datagram *flow_inbox_items(const struct flow_inbox *inbox);

/// Takes up to 64 datagrams without blocking. Returns how many came, 0 when none waits, or a
/// negative errno (an ICMP error that came is one of them, once).
int flow_receive(int fd, struct flow_inbox *inbox);

/// Sends all of `items` (at most 64) in order without blocking; neighbours of equal length (the last may
/// be shorter) go out as one segmented send where `segmentation` is set, which is cleared when the
/// kernel refuses it. Returns how many went out; the rest the kernel refused.
int flow_send(int fd, const struct flow_datagram *items, unsigned count, bool *segmentation);

/// Sends one datagram of a socket that is not connected. Returns 0 or an errno.
int flow_send_to(int fd, const struct datagram_address *remote, uint16_t port, const void *bytes,
                 uint32_t length);

/// Datagrams that this socket dropped because nobody took them in time.
uint32_t flow_dropped(int fd);

/// An epoll instance, or a negative errno.
int flow_poller_open(void);
/// Watches `fd` for input under a number of the caller's. Returns 0 or an errno. With `once` it is only
/// told again when more has arrived: whoever is told must read until nothing waits.
int flow_poller_add(int poller, int fd, uint32_t number, bool once);
int flow_poller_remove(int poller, int fd);
/// Waits at most `nanoseconds` (0: not at all) and writes the numbers of what is ready, at most `count`
/// (at most 256). Returns how many, or a negative errno.
int flow_poller_wait(int poller, uint32_t *numbers, unsigned count, int64_t nanoseconds);

/// A hint that memory is read soon. It never faults.
static inline void flow_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// Makes this thread keep its times: its timers fire when they are due, not up to 50 us later, and it
/// goes before the other threads of its CPU where the system lets it.
void flow_prefer_thread(void);
/// Runs all threads of this process, and those that they make, on these CPUs only. Returns 0 or an errno.
int flow_pin(const uint32_t *cpus, unsigned count);

#ifdef __cplusplus
}
#endif
