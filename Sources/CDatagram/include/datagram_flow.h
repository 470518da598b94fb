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
  /// Receiving: the room at `bytes` before the call, the octets there after it.
  uint32_t length;
  /// Receiving: when the kernel took it in, nanoseconds of CLOCK_REALTIME; 0 when it did not tell.
  int64_t arrival;
};

/// Opens a non-blocking UDP socket of the family that `remote` is of, on any port, that stamps what
/// arrives. Returns the descriptor, or a negative errno.
int flow_open(const struct datagram_address *remote, int buffer_octets);

/// From now on the socket only takes datagrams from there, and sends there. Returns 0 or an errno.
int flow_connect(int fd, const struct datagram_address *remote, uint16_t port);

/// Takes up to `count` (at most 64) datagrams without blocking. Returns how many came, 0 when none
/// waits, or a negative errno (an ICMP error that came is one of them, once).
int flow_receive(int fd, struct flow_datagram *into, unsigned count);

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
/// Watches `fd` for input under a number of the caller's. Returns 0 or an errno.
int flow_poller_add(int poller, int fd, uint32_t number);
int flow_poller_remove(int poller, int fd);
/// Waits at most `nanoseconds` (0: not at all) and writes the numbers of what is ready, at most `count`
/// (at most 256). Returns how many, or a negative errno.
int flow_poller_wait(int poller, uint32_t *numbers, unsigned count, int64_t nanoseconds);

/// Makes this thread keep its times: its timers fire when they are due, not up to 50 us later, and it
/// goes before the other threads of its CPU where the system lets it.
void flow_prefer_thread(void);
/// Runs all threads of this process, and those that they make, on these CPUs only. Returns 0 or an errno.
int flow_pin(const uint32_t *cpus, unsigned count);

#ifdef __cplusplus
}
#endif
