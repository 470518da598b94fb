#include "CDatagram.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

// Segments of one send: the kernel allows 64, and 65 507 octets in all.
enum { SEGMENTS = 32, SEGMENTED_OCTETS = 60000 };

union control {
  struct cmsghdr align;
  // Receiving: packet info and SO_RXQ_OVFL. Sending: packet info and UDP_SEGMENT.
  char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t)) +
             CMSG_SPACE(sizeof(uint16_t))];
};

union name {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static uint64_t load64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return be64toh(v);
}

static void store64(uint8_t *p, uint64_t v) {
  v = htobe64(v);
  memcpy(p, &v, sizeof v);
}

static struct datagram_address from_v6(const struct in6_addr *a) {
  return (struct datagram_address){load64(a->s6_addr), load64(a->s6_addr + 8)};
}

static struct datagram_address from_v4(struct in_addr a) {
  return (struct datagram_address){0, UINT64_C(0xFFFF00000000) | ntohl(a.s_addr)};
}

static struct in6_addr to_v6(struct datagram_address a) {
  struct in6_addr v6;
  store64(v6.s6_addr, a.high);
  store64(v6.s6_addr + 8, a.low);
  return v6;
}

static bool is_v4(struct datagram_address a) { return a.high == 0 && a.low >> 32 == 0xFFFF; }

static bool equal(struct datagram_address a, struct datagram_address b) {
  return a.high == b.high && a.low == b.low;
}

// ---- opening

static int set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value);
}

static int buffer(int fd, int force, int plain, int octets) {
  // The forced form passes the system's limit where we have the right.
  if (set(fd, SOL_SOCKET, force, octets) != 0) set(fd, SOL_SOCKET, plain, octets);
  int given = 0;
  socklen_t length = sizeof given;
  getsockopt(fd, SOL_SOCKET, plain, &given, &length);
  return given;
}

static int open_family(struct datagram_socket *out, int family, uint16_t port) {
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
  if (fd < 0) return errno;
  union name name;
  memset(&name, 0, sizeof name);
  int failed;
  socklen_t length;
  if (family == AF_INET6) {
    name.v6.sin6_family = AF_INET6;
    name.v6.sin6_port = htons(port);
    length = sizeof name.v6;
    failed = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) || set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else {
    name.v4.sin_family = AF_INET;
    name.v4.sin_port = htons(port);
    length = sizeof name.v4;
    failed = set(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  if (failed || bind(fd, &name.any, length) != 0) {
    int error = errno;
    close(fd);
    return error;
  }
  out->fd = fd;
  out->family = family;
  return 0;
}

int datagram_open(struct datagram_socket *out, uint16_t port, int buffer_octets) {
  int error = open_family(out, AF_INET6, port);
  // Only a host without IPv6 gets the smaller socket; a port in use stays an error.
  if (error == EAFNOSUPPORT || error == EADDRNOTAVAIL) error = open_family(out, AF_INET, port);
  if (error) return error;
  set(out->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  out->receive_buffer = buffer(out->fd, SO_RCVBUFFORCE, SO_RCVBUF, buffer_octets);
  out->send_buffer = buffer(out->fd, SO_SNDBUFFORCE, SO_SNDBUF, buffer_octets);
  // 0 means: no default segment size. A kernel before 4.18 does not know the option.
  out->segmentation = set(out->fd, IPPROTO_UDP, UDP_SEGMENT, 0) == 0;
  return 0;
}

void datagram_close(struct datagram_socket *s) {
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
}

int datagram_port(const struct datagram_socket *s) {
  union name name;
  socklen_t length = sizeof name;
  if (getsockname(s->fd, &name.any, &length) != 0) return -errno;
  return ntohs(s->family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

// ---- receiving

static void read_control(struct msghdr *m, struct datagram *d, uint32_t *overflow) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      d->local = from_v6(&info.ipi6_addr);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      d->local = from_v4(info.ipi_addr);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      memcpy(overflow, CMSG_DATA(c), sizeof *overflow);
    }
  }
}

int datagram_receive(const struct datagram_socket *s, struct datagram *into, unsigned count,
                     uint32_t *overflow) {
  struct mmsghdr messages[DATAGRAM_BATCH];
  struct iovec vectors[DATAGRAM_BATCH];
  union name names[DATAGRAM_BATCH];
  union control controls[DATAGRAM_BATCH];
  if (count > DATAGRAM_BATCH) count = DATAGRAM_BATCH;
  for (unsigned i = 0; i < count; i++) {
    vectors[i] = (struct iovec){into[i].bytes, into[i].length};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &names[i],
        .msg_namelen = sizeof names[i],
        .msg_iov = &vectors[i],
        .msg_iovlen = 1,
        .msg_control = &controls[i],
        .msg_controllen = sizeof controls[i],
    };
  }
  int n;
  do n = recvmmsg(s->fd, messages, count, MSG_DONTWAIT, NULL);
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
  for (int i = 0; i < n; i++) {
    struct datagram *d = &into[i];
    d->length = messages[i].msg_len;
    d->truncated = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
    d->local = (struct datagram_address){0, 0};
    if (names[i].any.sa_family == AF_INET6) {
      d->remote = from_v6(&names[i].v6.sin6_addr);
      d->remote_port = ntohs(names[i].v6.sin6_port);
    } else {
      d->remote = from_v4(names[i].v4.sin_addr);
      d->remote_port = ntohs(names[i].v4.sin_port);
    }
    read_control(&messages[i].msg_hdr, d, overflow);
  }
  return n;
}

// ---- sending

struct outgoing {
  struct mmsghdr messages[DATAGRAM_BATCH];
  struct iovec vectors[DATAGRAM_BATCH];
  union name names[DATAGRAM_BATCH];
  union control controls[DATAGRAM_BATCH];
};

static void address(const struct datagram_socket *s, struct outgoing *o, unsigned i,
                    const struct datagram *d, uint16_t segment) {
  struct msghdr *m = &o->messages[i].msg_hdr;
  union name *name = &o->names[i];
  memset(name, 0, sizeof *name);
  m->msg_name = name;
  if (s->family == AF_INET6) {
    name->v6.sin6_family = AF_INET6;
    name->v6.sin6_port = htons(d->remote_port);
    name->v6.sin6_addr = to_v6(d->remote);
    m->msg_namelen = sizeof name->v6;
  } else {
    name->v4.sin_family = AF_INET;
    name->v4.sin_port = htons(d->remote_port);
    name->v4.sin_addr.s_addr = htonl((uint32_t)d->remote.low);
    m->msg_namelen = sizeof name->v4;
  }

  memset(&o->controls[i], 0, sizeof o->controls[i]);
  m->msg_control = &o->controls[i];
  m->msg_controllen = sizeof o->controls[i];
  struct cmsghdr *c = CMSG_FIRSTHDR(m);
  size_t used = 0;
  if (d->local.high | d->local.low) {
    if (s->family == AF_INET6) {
      // The kernel takes a mapped address here for a mapped destination.
      struct in6_pktinfo info = {.ipi6_addr = to_v6(d->local)};
      c->cmsg_level = IPPROTO_IPV6;
      c->cmsg_type = IPV6_PKTINFO;
      c->cmsg_len = CMSG_LEN(sizeof info);
      memcpy(CMSG_DATA(c), &info, sizeof info);
      used += CMSG_SPACE(sizeof info);
    } else {
      struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl((uint32_t)d->local.low)};
      c->cmsg_level = IPPROTO_IP;
      c->cmsg_type = IP_PKTINFO;
      c->cmsg_len = CMSG_LEN(sizeof info);
      memcpy(CMSG_DATA(c), &info, sizeof info);
      used += CMSG_SPACE(sizeof info);
    }
    c = CMSG_NXTHDR(m, c);
  }
  if (segment) {
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(c), &segment, sizeof segment);
    used += CMSG_SPACE(sizeof segment);
  }
  m->msg_controllen = used;
  if (!used) m->msg_control = NULL;
}

// How many items from the first on may go out as one.
static unsigned run_length(const struct datagram *items, unsigned count, bool segmentation) {
  if (!segmentation) return 1;
  const struct datagram *first = &items[0];
  unsigned run = 1, octets = first->length;
  while (run < count && run < SEGMENTS) {
    const struct datagram *d = &items[run];
    if (d->length > first->length || d->remote_port != first->remote_port ||
        !equal(d->remote, first->remote) || !equal(d->local, first->local) ||
        octets + d->length > SEGMENTED_OCTETS)
      break;
    octets += d->length;
    run++;
    // Only the last segment may be shorter.
    if (d->length < first->length) break;
  }
  return run;
}

// Whether a host without IPv6 can reach this, and both ends are of one kind.
static bool is_sendable(const struct datagram_socket *s, const struct datagram *d) {
  bool v4 = is_v4(d->remote);
  if (s->family == AF_INET && !v4) return false;
  return !(d->local.high | d->local.low) || is_v4(d->local) == v4;
}

void datagram_send(struct datagram_socket *s, const struct datagram *items, unsigned count,
                   struct datagram_send_result *r) {
  struct outgoing o;
  unsigned runs[DATAGRAM_BATCH];
  *r = (struct datagram_send_result){0};
  unsigned next = 0;
  // The items before this one are to be sent one by one: the kernel refused their run.
  unsigned single_until = 0;
  while (next < count) {
    // As many messages as the arrays hold; every datagram takes one vector.
    unsigned messages = 0, vectors = 0, at = next;
    while (at < count && messages < DATAGRAM_BATCH && vectors < DATAGRAM_BATCH) {
      if (!is_sendable(s, &items[at])) break;
      unsigned room = count - at;
      if (room > DATAGRAM_BATCH - vectors) room = DATAGRAM_BATCH - vectors;
      unsigned run = run_length(&items[at], room, s->segmentation && at >= single_until);
      address(s, &o, messages, &items[at], run > 1 ? (uint16_t)items[at].length : 0);
      struct msghdr *m = &o.messages[messages].msg_hdr;
      m->msg_flags = 0;
      m->msg_iov = &o.vectors[vectors];
      m->msg_iovlen = run;
      for (unsigned i = 0; i < run; i++)
        o.vectors[vectors++] = (struct iovec){items[at + i].bytes, items[at + i].length};
      runs[messages++] = run;
      at += run;
    }
    if (messages == 0) {
      r->failed++;
      r->last_error = EAFNOSUPPORT;
      next++;
      continue;
    }
    int n;
    do n = sendmmsg(s->fd, o.messages, messages, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
      for (int i = 0; i < n; i++) {
        r->sent += runs[i];
        next += runs[i];
      }
      // When not all went out the next call tells why.
      continue;
    }
    int error = n < 0 ? errno : EAGAIN;
    if (error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS) {
      // What media would do later it does not want: drop, and let congestion control see it.
      r->refused += count - next;
      r->last_error = error;
      return;
    }
    if (runs[0] > 1) {
      // EIO: the device cannot; anything else may be this run's, for instance a smaller path MTU.
      if (error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT) s->segmentation = false;
      single_until = next + runs[0];
      continue;
    }
    r->failed++;
    r->last_error = error;
    next++;
  }
}
