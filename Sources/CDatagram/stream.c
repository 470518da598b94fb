#include "CDatagram.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STREAM_BACKLOG = 256, STREAM_EVENTS = 64 };

union stream_name {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static int stream_set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value);
}

int stream_listen(uint16_t port, int family) {
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return -errno;
  union stream_name name;
  memset(&name, 0, sizeof name);
  // A restart does not wait for the connections of before to time out.
  int failed = stream_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  socklen_t length;
  if (family == AF_INET6) {
    name.v6.sin6_family = AF_INET6;
    name.v6.sin6_port = htons(port);
    length = sizeof name.v6;
    failed |= stream_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  } else {
    name.v4.sin_family = AF_INET;
    name.v4.sin_port = htons(port);
    length = sizeof name.v4;
  }
  if (failed || bind(fd, &name.any, length) != 0 || listen(fd, STREAM_BACKLOG) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

static void read_name(const union stream_name *name, uint64_t *high, uint64_t *low) {
  if (name->any.sa_family == AF_INET6) {
    memcpy(high, name->v6.sin6_addr.s6_addr, 8);
    memcpy(low, name->v6.sin6_addr.s6_addr + 8, 8);
    *high = be64toh(*high);
    *low = be64toh(*low);
  } else {
    *high = 0;
    *low = UINT64_C(0xFFFF00000000) | ntohl(name->v4.sin_addr.s_addr);
  }
}

int stream_accept(int listener, struct stream_ends *ends, int buffer_octets, int unsent_octets,
                  unsigned patience_ms) {
  union stream_name remote, local;
  memset(&remote, 0, sizeof remote);
  memset(&local, 0, sizeof local);
  socklen_t length = sizeof remote;
  int fd;
  do fd = accept4(listener, &remote.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
  length = sizeof local;
  if (getsockname(fd, &local.any, &length) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  read_name(&remote, &ends->remote_high, &ends->remote_low);
  read_name(&local, &ends->local_high, &ends->local_low);
  ends->remote_port =
      ntohs(remote.any.sa_family == AF_INET6 ? remote.v6.sin6_port : remote.v4.sin_port);
  // Each is a bound or a speed-up: without one of them the connection still works.
  stream_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  stream_set(fd, SOL_SOCKET, SO_SNDBUF, buffer_octets);
  stream_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_octets);
  stream_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)patience_ms);
  return fd;
}

static bool is_passing(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS;
}

int64_t stream_read(int fd, void *into, uint64_t room) {
  ssize_t n = recv(fd, into, room, MSG_DONTWAIT);
  if (n > 0) return n;
  return n < 0 && is_passing(errno) ? 0 : -1;
}

int64_t stream_write(int fd, const void *bytes, uint64_t length) {
  ssize_t n = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0) return n;
  return is_passing(errno) ? 0 : -1;
}

int stream_poller_open(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int stream_poller_add(int poller, int fd, uint32_t number) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
  return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int stream_poller_change(int poller, int fd, uint32_t number, bool input, bool output) {
  struct epoll_event event = {
      .events = (input ? EPOLLIN : 0) | (output ? EPOLLOUT : 0),
      .data.u32 = number,
  };
  return epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

unsigned stream_poll(int poller, struct stream_ready *into, unsigned count) {
  struct epoll_event events[STREAM_EVENTS];
  if (count > STREAM_EVENTS) count = STREAM_EVENTS;
  int n = epoll_wait(poller, events, (int)count, 0);
  if (n < 0) return 0;
  for (int i = 0; i < n; i++) {
    // Reading tells what an error was.
    into[i].readable = events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP);
    into[i].writable = events[i].events & EPOLLOUT;
    into[i].number = events[i].data.u32;
  }
  return (unsigned)n;
}
