// What the Glibc module of Swift lacks: epoll, eventfd, recvmmsg, sendmmsg and their control
// messages. No protocol, no state but the socket's.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Datagrams that one call takes at most.
#define DATAGRAM_BATCH 64

/// 128 bits as two big-endian integers; IPv4 is mapped into IPv6. All zero: unknown.
struct datagram_address {
  uint64_t high, low;
};

struct datagram {
  void *bytes;
  /// Receiving: the room at `bytes` before the call, the octets there after it.
  uint32_t length;
  /// Host byte order.
  uint16_t remote_port;
  /// Receiving: the datagram was longer than the room and was cut.
  bool truncated;
  struct datagram_address remote;
  /// Receiving: the address that the datagram was sent to. Sending: the address to send from.
  struct datagram_address local;
};

struct datagram_socket {
  int fd;
  /// AF_INET6 (dual stack) or AF_INET (a host without IPv6).
  int family;
  /// Whether runs of equal datagrams to one peer go out as one (UDP_SEGMENT).
  bool segmentation;
  /// Octets the kernel gave; it doubles what was asked and has limits of its own.
  int receive_buffer, send_buffer;
};

/// Opens a non-blocking UDP socket on all addresses, dual stack where the host has IPv6.
/// `port` 0: any. Returns 0, or an errno.
int datagram_open(struct datagram_socket *out, uint16_t port, int buffer_octets);

void datagram_close(struct datagram_socket *socket);

/// The port that the socket is bound to, or a negative errno.
int datagram_port(const struct datagram_socket *socket);

/// Takes up to `count` (at most DATAGRAM_BATCH) datagrams without blocking. Returns how many came,
/// 0 when none waits, or a negative errno. `overflow` becomes the number of datagrams that the kernel
/// has dropped on this socket since it was opened (SO_RXQ_OVFL), when the kernel told.
int datagram_receive(const struct datagram_socket *socket, struct datagram *into, unsigned count,
                     uint32_t *overflow);

struct datagram_send_result {
  uint32_t sent;
  /// The socket's buffer was full.
  uint32_t refused;
  /// The kernel refused the destination or the source.
  uint32_t failed;
  /// errno of the last failure, 0 when there was none.
  int32_t last_error;
};

/// Sends all of `items` in order without blocking. Neighbours with the same ends and the same length
/// (the last may be shorter) go out as one segmented send; when the kernel refuses that, they
/// go out one by one, and `socket->segmentation` is cleared when it refuses it altogether.
void datagram_send(struct datagram_socket *socket, const struct datagram *items, unsigned count,
                   struct datagram_send_result *result);

/// An eventfd, or a negative errno.
int datagram_event_open(void);
/// Makes `datagram_poll` return; from any thread.
void datagram_event_signal(int fd);
void datagram_event_drain(int fd);

/// An epoll instance that watches `socket` and `event` for input, or a negative errno.
int datagram_poller_open(int socket, int event);

#define DATAGRAM_READY_SOCKET 1
#define DATAGRAM_READY_EVENT 2
#define DATAGRAM_READY_STREAMS 4

/// Watches one more descriptor for input, which is told as `bit`. Returns 0 or an errno.
int datagram_poller_add(int poller, int fd, uint32_t bit);

/// Waits for input, at most `nanoseconds` (negative: without limit). Returns the DATAGRAM_READY_ bits,
/// 0 after the time or a signal, or a negative errno.
int datagram_poll(int poller, int64_t nanoseconds);

void datagram_descriptor_close(int fd);

/// Names the calling thread, as `top -H` and debuggers show it; 15 octets at most are kept.
void datagram_name_thread(const char *name);

#ifdef __cplusplus
}
#endif

#include "datagram_flow.h"
#include "datagram_stream.h"
