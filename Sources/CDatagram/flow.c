#include "CDatagram.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

enum { FLOW_BATCH = 64, FLOW_SEGMENTS = 32, FLOW_SEGMENTED_OCTETS = 60000 };

union flow_name {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static bool flow_is_v4(const struct datagram_address *a) {
  return a->high == 0 && a->low >> 32 == 0xFFFF;
}

static socklen_t flow_name(union flow_name *name, const struct datagram_address *a, uint16_t port) {
  memset(name, 0, sizeof *name);
  if (flow_is_v4(a)) {
    name->v4.sin_family = AF_INET;
    name->v4.sin_port = htons(port);
    name->v4.sin_addr.s_addr = htonl((uint32_t)a->low);
    return sizeof name->v4;
  }
  uint64_t high = htobe64(a->high), low = htobe64(a->low);
  name->v6.sin6_family = AF_INET6;
  name->v6.sin6_port = htons(port);
  memcpy(name->v6.sin6_addr.s6_addr, &high, 8);
  memcpy(name->v6.sin6_addr.s6_addr + 8, &low, 8);
  return sizeof name->v6;
}

static int flow_set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value);
}

int flow_open(const struct datagram_address *remote, int buffer_octets) {
  int family = flow_is_v4(remote) ? AF_INET : AF_INET6;
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
  if (fd < 0) return -errno;
  if (flow_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, buffer_octets) != 0)
    flow_set(fd, SOL_SOCKET, SO_RCVBUF, buffer_octets);
  if (flow_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, buffer_octets) != 0)
    flow_set(fd, SOL_SOCKET, SO_SNDBUF, buffer_octets);
  flow_set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  return fd;
}

int flow_connect(int fd, const struct datagram_address *remote, uint16_t port) {
  union flow_name name;
  socklen_t length = flow_name(&name, remote, port);
  return connect(fd, &name.any, length) == 0 ? 0 : errno;
}

union flow_stamp {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(struct timespec))];
};

struct flow_inbox {
  struct flow_datagram items[FLOW_BATCH];
  struct mmsghdr messages[FLOW_BATCH];
  struct iovec vectors[FLOW_BATCH];
  union flow_stamp stamps[FLOW_BATCH];
  unsigned char *bytes;
};

struct flow_inbox *flow_inbox_open(uint32_t room) {
  struct flow_inbox *inbox = calloc(1, sizeof *inbox);
  if (!inbox) return NULL;
  inbox->bytes = calloc(FLOW_BATCH, room);
  if (!inbox->bytes) {
    free(inbox);
    return NULL;
  }
  for (unsigned i = 0; i < FLOW_BATCH; i++) {
    inbox->items[i].bytes = inbox->bytes + (size_t)i * room;
    inbox->vectors[i] = (struct iovec){inbox->items[i].bytes, room};
    inbox->messages[i].msg_hdr = (struct msghdr){
        .msg_iov = &inbox->vectors[i],
        .msg_iovlen = 1,
        .msg_control = &inbox->stamps[i],
        .msg_controllen = sizeof inbox->stamps[i],
    };
  }
  return inbox;
}

void flow_inbox_close(struct flow_inbox *inbox) {
  if (!inbox) return;
  free(inbox->bytes);
  free(inbox);
}

const struct flow_datagram *flow_inbox_items(const struct flow_inbox *inbox) {
  return inbox->items;
}

int flow_receive(int fd, struct flow_inbox *inbox) {
  int n;
  do n = recvmmsg(fd, inbox->messages, FLOW_BATCH, MSG_DONTWAIT, NULL);
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
  for (int i = 0; i < n; i++) {
    inbox->items[i].length = inbox->messages[i].msg_len;
    inbox->items[i].arrival = 0;
    struct msghdr *m = &inbox->messages[i].msg_hdr;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
      struct timespec at;
      memcpy(&at, CMSG_DATA(c), sizeof at);
      inbox->items[i].arrival = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
    }
    // The only thing that the kernel changed and the next call needs.
    m->msg_controllen = sizeof inbox->stamps[i];
  }
  return n;
}

// How many items from the first on may go out as one.
static unsigned flow_run(const struct flow_datagram *items, unsigned count, bool segmentation) {
  if (!segmentation) return 1;
  unsigned run = 1, octets = items[0].length;
  while (run < count && run < FLOW_SEGMENTS && items[run].length <= items[0].length &&
         octets + items[run].length <= FLOW_SEGMENTED_OCTETS) {
    octets += items[run].length;
    if (items[run++].length < items[0].length) break;
  }
  return run;
}

int flow_send(int fd, const struct flow_datagram *items, unsigned count, bool *segmentation) {
  struct mmsghdr messages[FLOW_BATCH];
  struct iovec vectors[FLOW_BATCH];
  unsigned runs[FLOW_BATCH];
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
  } controls[FLOW_BATCH];
  if (count > FLOW_BATCH) count = FLOW_BATCH;
  unsigned next = 0, sent = 0;
  while (next < count) {
    unsigned built = 0, at = next;
    while (at < count) {
      unsigned run = flow_run(&items[at], count - at, *segmentation);
      for (unsigned i = 0; i < run; i++)
        vectors[at + i] = (struct iovec){items[at + i].bytes, items[at + i].length};
      struct msghdr m = {.msg_iov = &vectors[at], .msg_iovlen = run};
      if (run > 1) {
        uint16_t size = (uint16_t)items[at].length;
        m.msg_control = &controls[built];
        m.msg_controllen = sizeof controls[built];
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(c), &size, sizeof size);
      }
      messages[built].msg_hdr = m;
      runs[built++] = run;
      at += run;
    }
    int n;
    do n = sendmmsg(fd, messages, built, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
      for (int i = 0; i < n; i++) {
        sent += runs[i];
        next += runs[i];
      }
      continue;
    }
    if (n < 0 && runs[0] > 1 && (errno == EIO || errno == EOPNOTSUPP || errno == EINVAL)) {
      *segmentation = false;
      continue;
    }
    // A full buffer, or the error that an ICMP message left behind: this one is lost, go on.
    next += runs[0];
  }
  return (int)sent;
}

int flow_send_to(int fd, const struct datagram_address *remote, uint16_t port, const void *bytes,
                 uint32_t length) {
  union flow_name name;
  socklen_t size = flow_name(&name, remote, port);
  ssize_t n = sendto(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, &name.any, size);
  return n < 0 ? errno : 0;
}

uint32_t flow_dropped(int fd) {
  uint32_t values[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof values;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

int flow_poller_open(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int flow_poller_add(int poller, int fd, uint32_t number, bool once) {
  struct epoll_event event = {.events = EPOLLIN | (once ? EPOLLET : 0), .data.u32 = number};
  return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int flow_poller_remove(int poller, int fd) {
  return epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL) == 0 ? 0 : errno;
}

int flow_poller_wait(int poller, uint32_t *numbers, unsigned count, int64_t nanoseconds) {
  struct epoll_event events[256];
  if (count > 256) count = 256;
  int n;
  if (nanoseconds <= 0) {
    n = epoll_wait(poller, events, (int)count, 0);
  } else {
    struct timespec span = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    n = epoll_pwait2(poller, events, (int)count, &span, NULL);
    if (n < 0 && errno == ENOSYS)
      n = epoll_wait(poller, events, (int)count, (int)(nanoseconds / 1000000) + 1);
  }
  if (n < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < n; i++) numbers[i] = events[i].data.u32;
  return n;
}

void flow_prefer_thread(void) {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  setpriority(PRIO_PROCESS, 0, -10);
}

int flow_pin(const uint32_t *cpus, unsigned count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (unsigned i = 0; i < count; i++)
    if (cpus[i] < CPU_SETSIZE) CPU_SET(cpus[i], &set);
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : errno;
  int error = 0;
  for (struct dirent *task; (task = readdir(tasks));) {
    int id = atoi(task->d_name);
    if (id > 0 && sched_setaffinity(id, sizeof set, &set) != 0) error = errno;
  }
  closedir(tasks);
  return error;
}
