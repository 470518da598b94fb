// TCP connections beside the UDP socket of a worker: what carries datagrams where UDP is blocked.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct datagram_address;

/// The ends of a connection that was accepted.
struct stream_ends {
  uint64_t remote_high, remote_low, local_high, local_low;
  uint16_t remote_port;
};

/// Listens on all addresses, without blocking; dual stack where `family` is AF_INET6. Returns the
/// descriptor, or a negative errno.
int stream_listen(uint16_t port, int family);

/// Takes a connection that waits, made non-blocking and without Nagle's delay. The kernel then takes
/// octets to be sent while at most `unsent_octets` of it wait for the network and `buffer_octets` in
/// all, and ends a connection whose peer acknowledges nothing for `patience_ms`. Returns the
/// descriptor, -EAGAIN when none waits, or another negative errno.
int stream_accept(int listener, struct stream_ends *ends, int buffer_octets, int unsent_octets,
                  unsigned patience_ms);

/// Returns how many octets came, 0 when none wait, -1 when the connection has ended.
int64_t stream_read(int fd, void *into, uint64_t room);
/// Returns how many octets the kernel took, 0 when it takes none now, -1 when the connection has ended.
int64_t stream_write(int fd, const void *bytes, uint64_t length);

struct stream_ready {
  uint32_t number;
  bool readable, writable;
};

/// An epoll instance, or a negative errno. It can itself be watched by `datagram_poller_add`.
int stream_poller_open(void);
/// Watches `fd` under a number of the caller's. Returns 0 or an errno.
int stream_poller_add(int poller, int fd, uint32_t number);
/// Whether to tell of input and of room for output. Returns 0 or an errno.
int stream_poller_change(int poller, int fd, uint32_t number, bool input, bool output);
/// Writes what is ready, at most `count` (at most 64), without waiting. Returns how many.
unsigned stream_poll(int poller, struct stream_ready *into, unsigned count);

#ifdef __cplusplus
}
#endif
