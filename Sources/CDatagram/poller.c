#include "CDatagram.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int datagram_event_open(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void datagram_event_signal(int fd) {
  uint64_t one = 1;
  // It can only fail when the counter is full, and then the reader is awake already.
  ssize_t ignored = write(fd, &one, sizeof one);
  (void)ignored;
}

void datagram_event_drain(int fd) {
  uint64_t value;
  ssize_t ignored = read(fd, &value, sizeof value);
  (void)ignored;
}

static int watch(int poller, int fd, uint32_t bit) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = bit};
  return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

int datagram_poller_open(int socket, int event) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return -errno;
  if (watch(fd, socket, DATAGRAM_READY_SOCKET) != 0 ||
      watch(fd, event, DATAGRAM_READY_EVENT) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int datagram_poller_add(int poller, int fd, uint32_t bit) {
  return watch(poller, fd, bit) == 0 ? 0 : errno;
}

int datagram_poll(int poller, int64_t nanoseconds) {
  struct epoll_event events[3];
  int n;
  if (nanoseconds == 0) {
    n = epoll_wait(poller, events, 3, 0);
  } else {
    struct timespec span = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    n = epoll_pwait2(poller, events, 3, nanoseconds < 0 ? NULL : &span, NULL);
    if (n < 0 && errno == ENOSYS) {
      // Linux before 5.11: whole milliseconds, rounded up so that a deadline has passed.
      int64_t ms = nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
      n = epoll_wait(poller, events, 3, nanoseconds < 0 ? -1 : ms > INT_MAX ? INT_MAX : (int)ms);
    }
  }
  if (n < 0) return errno == EINTR ? 0 : -errno;
  int ready = 0;
  for (int i = 0; i < n; i++) ready |= (int)events[i].data.u32;
  return ready;
}

void datagram_descriptor_close(int fd) {
  if (fd >= 0) close(fd);
}

void datagram_name_thread(const char *name) {
  // The kernel refuses a longer name rather than cut it.
  char kept[16] = {0};
  strncpy(kept, name, sizeof kept - 1);
  pthread_setname_np(pthread_self(), kept);
}
