// The floor: what a packet costs at the least on this machine. recvmmsg, unprotect, rewrite 12 octets,
// copy and protect for each viewer, group by viewer, send. No ICE, no routing, no history, no RTCP, no
// statistics; it trusts its input. Reads the plan that the relay reads, and spaces its turns as it does.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "spacing.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
  BATCH = 64,
  BATCHES_PER_TURN = 16,
  // Outgoing packets that are sent without waiting for the end of the turn.
  PENDING = 1024,
  SLOT = 1664,
  SEGMENTS = 32,
  SEGMENTED_OCTETS = 60000,
  BUFFER = 4 << 20,
  PEERS = 1024,
  TRACKS = 4096,
  VIEWERS = 64,
};

struct subscription {
  int peer;
  uint32_t ssrc;
  uint16_t sequence;
  struct counter counter;
};

struct publication {
  int peer;
  uint32_t ssrc;
  struct counter counter;
  int viewers;
  struct subscription *subscriptions[VIEWERS];
};

struct peer {
  uint16_t port;
  struct direction seal, open;
  int publication_count;
  struct publication *publications[4];
  // What it gets in this turn: places in `outgoing`, chained.
  int first, last;
};

struct out {
  uint8_t *bytes;
  unsigned length;
  int next;
};

static struct peer peers[PEERS];
static struct publication publications[TRACKS];
static struct subscription subscriptions[TRACKS];
static int peer_count, publication_count, subscription_count;
static struct peer *by_port[65536];
static long hold_ns;

static int sock;
static uint8_t *incoming, *outgoing_bytes;
static struct out outgoing[PENDING + VIEWERS];
static int pending;
// Peers that get something in this turn, in order.
static int waiting[PEERS], waiting_count;

static void fail(const char *what) {
  fprintf(stderr, "floor: %s\n", what);
  exit(1);
}

// ---- the plan

static void read_key(const char *hex, uint8_t *out) {
  if (strlen(hex) != 2 * (KEY_OCTETS + SALT_OCTETS)) fail("a key of another length");
  for (int i = 0; i < KEY_OCTETS + SALT_OCTETS; i++) sscanf(hex + 2 * i, "%2hhx", &out[i]);
}

static void read_plan(void) {
  char line[512], a[256], b[256];
  unsigned x, y, z;
  while (fgets(line, sizeof line, stdin)) {
    if (strcmp(line, "go\n") == 0) return;
    if (sscanf(line, "profile %255s", a) == 1) {
      if (strcmp(a, "AEAD_AES_128_GCM") != 0) fail("a profile that is not AEAD_AES_128_GCM");
    } else if (sscanf(line, "hold %u", &x) == 1) {
      hold_ns = x * 1000L;
    } else if (sscanf(line, "peer %u %255s %255s", &x, a, b) == 3 && peer_count < PEERS) {
      struct peer *p = &peers[peer_count++];
      uint8_t seal[KEY_OCTETS + SALT_OCTETS], open[KEY_OCTETS + SALT_OCTETS];
      read_key(a, seal);
      read_key(b, open);
      p->port = (uint16_t)x;
      p->first = -1;
      if (!direction_open(&p->seal, seal, true) || !direction_open(&p->open, open, false))
        fail("no cipher");
      by_port[p->port] = p;
    } else if (sscanf(line, "publication %u %255s %u", &x, a, &y) == 3 && publication_count < TRACKS &&
               x < (unsigned)peer_count && peers[x].publication_count < 4) {
      struct publication *p = &publications[publication_count++];
      p->peer = (int)x;
      p->ssrc = y;
      peers[x].publications[peers[x].publication_count++] = p;
    } else if (sscanf(line, "subscription %u %u %u", &x, &y, &z) == 3 && subscription_count < TRACKS &&
               x < (unsigned)peer_count && y < (unsigned)publication_count &&
               publications[y].viewers < VIEWERS) {
      struct subscription *s = &subscriptions[subscription_count++];
      s->peer = (int)x;
      s->ssrc = z;
      publications[y].subscriptions[publications[y].viewers++] = s;
    } else {
      fail("a line that is not understood, or too many of its kind");
    }
  }
  fail("no go");
}

// ---- sending

static void flush(void) {
  static struct mmsghdr messages[BATCH];
  static struct iovec vectors[PENDING + VIEWERS];
  static struct sockaddr_in names[BATCH];
  static union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
  } controls[BATCH];
  int built = 0, used = 0;
  for (int w = 0; w < waiting_count; w++) {
    struct peer *p = &peers[waiting[w]];
    int at = p->first;
    p->first = -1;
    while (at >= 0) {
      struct msghdr *m = &messages[built].msg_hdr;
      unsigned size = outgoing[at].length, octets = 0;
      int run = 0;
      m->msg_iov = &vectors[used];
      // Equal ones, and a shorter one at the end.
      while (at >= 0 && run < SEGMENTS && outgoing[at].length <= size &&
             octets + outgoing[at].length <= SEGMENTED_OCTETS) {
        unsigned length = outgoing[at].length;
        vectors[used++] = (struct iovec){outgoing[at].bytes, length};
        octets += length;
        run++;
        at = outgoing[at].next;
        if (length < size) break;
      }
      m->msg_iovlen = (size_t)run;
      names[built] = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_port = htons(p->port),
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
      m->msg_name = &names[built];
      m->msg_namelen = sizeof names[built];
      m->msg_control = NULL;
      m->msg_controllen = 0;
      if (run > 1) {
        uint16_t segment = (uint16_t)size;
        m->msg_control = &controls[built];
        m->msg_controllen = sizeof controls[built];
        struct cmsghdr *c = CMSG_FIRSTHDR(m);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(c), &segment, sizeof segment);
      }
      if (++built == BATCH || (at < 0 && w == waiting_count - 1)) {
        for (int sent = 0; sent < built;) {
          int n = sendmmsg(sock, messages + sent, (unsigned)(built - sent), MSG_NOSIGNAL);
          if (n < 0 && errno != EINTR) fail("sendmmsg");
          if (n > 0) sent += n;
        }
        built = used = 0;
      }
    }
  }
  waiting_count = pending = 0;
}

// ---- forwarding

static void forward(uint8_t *packet, unsigned length, struct peer *from) {
  // RTCP is not what is measured.
  if (length < 12 || (packet[1] >= 192 && packet[1] <= 223)) return;
  uint32_t ssrc = load32(packet + 8);
  struct publication *publication = NULL;
  for (int i = 0; i < from->publication_count; i++)
    if (from->publications[i]->ssrc == ssrc) publication = from->publications[i];
  if (!publication) return;
  unsigned plain = unprotect(&from->open, &publication->counter, packet, length);
  if (plain == 0) return;
  for (int i = 0; i < publication->viewers; i++) {
    struct subscription *s = publication->subscriptions[i];
    struct out *o = &outgoing[pending];
    memcpy(o->bytes, packet, plain);
    store16(o->bytes + 2, s->sequence++);
    store32(o->bytes + 8, s->ssrc);
    struct peer *viewer = &peers[s->peer];
    o->length = protect(&viewer->seal, &s->counter, o->bytes, plain);
    o->next = -1;
    if (viewer->first < 0) {
      viewer->first = pending;
      waiting[waiting_count++] = s->peer;
    } else {
      outgoing[viewer->last].next = pending;
    }
    viewer->last = pending++;
  }
  if (pending >= PENDING) flush();
}

// Returns how many packets came.
static int receive(void) {
  static struct mmsghdr messages[BATCH];
  static struct iovec vectors[BATCH];
  static struct sockaddr_in names[BATCH];
  int taken = 0;
  for (int batch = 0; batch < BATCHES_PER_TURN; batch++) {
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){incoming + i * SLOT, SLOT};
      messages[i].msg_hdr = (struct msghdr){.msg_name = &names[i],
                                            .msg_namelen = sizeof names[i],
                                            .msg_iov = &vectors[i],
                                            .msg_iovlen = 1};
    }
    int n = recvmmsg(sock, messages, BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0) break;
    taken += n;
    for (int i = 0; i < n; i++) {
      struct peer *from = by_port[ntohs(names[i].sin_port)];
      if (from) forward(incoming + i * SLOT, messages[i].msg_len, from);
    }
    if (n < BATCH) break;
  }
  return taken;
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void *lines(size_t count) {
  void *bytes = aligned_alloc(64, count * SLOT);
  if (!bytes) fail("no memory");
  memset(bytes, 0, count * SLOT);
  return bytes;
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "--cpu") == 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(atoi(argv[2]), &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  read_plan();
  incoming = lines(BATCH);
  outgoing_bytes = lines(PENDING + VIEWERS);
  for (int i = 0; i < PENDING + VIEWERS; i++) outgoing[i].bytes = outgoing_bytes + i * SLOT;

  sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
  int octets = BUFFER;
  if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0)
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets) != 0)
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof name;
  if (bind(sock, (struct sockaddr *)&name, length) != 0 ||
      getsockname(sock, (struct sockaddr *)&name, &length) != 0)
    fail("no socket");
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event watch = {.events = EPOLLIN, .data.fd = sock};
  epoll_ctl(poller, EPOLL_CTL_ADD, sock, &watch);
  // The end of standard input is the end of the run.
  watch.data.fd = 0;
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &watch);
  printf("port %u\n", ntohs(name.sin_port));
  fflush(stdout);

  struct spacing spacing = spacing_make(hold_ns);
  // When the next turn is to begin; 0: when something comes.
  int64_t next = 0;
  bool has_more = false;
  while (1) {
    enum pause pause = PAUSE_NONE;
    if (!has_more && next) {
      pause = PAUSE_SPACING;
      int64_t left = next - now_ns();
      if (left > 0) nanosleep(&(struct timespec){0, left}, NULL);
    } else if (!has_more) {
      struct epoll_event events[2];
      int n = epoll_wait(poller, events, 2, 0);
      if (n == 0) {
        n = epoll_wait(poller, events, 2, -1);
        pause = PAUSE_SLEEP;
      }
      for (int i = 0; i < n; i++)
        if (events[i].data.fd == 0) return 0;
    }
    int64_t now = now_ns();
    int taken = receive();
    spacing_turn(&spacing, now, taken, pause);
    next = taken > 0 && spacing.waits ? now + spacing.spacing : 0;
    has_more = taken >= BATCHES_PER_TURN * BATCH;
    flush();
  }
}
