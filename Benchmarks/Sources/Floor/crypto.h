// AEAD_AES_128_GCM (RFC 7714) on OpenSSL with the least that can be done for a packet: contexts keep
// their keys, only the nonce changes.
#pragma once
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

struct direction {
  EVP_CIPHER_CTX *context;
  uint8_t salt[12];
};

enum { KEY_OCTETS = 16, SALT_OCTETS = 12, TAG_OCTETS = 16 };

// The numbers of one stream: enough to follow its roll-over counter (RFC 3711 section 3.3.1).
struct counter {
  bool started;
  uint16_t highest;
  uint32_t rollovers;
};

// `master`: key, then salt. Returns false when OpenSSL fails.
bool direction_open(struct direction *d, const uint8_t *master, bool seals);

uint32_t counter_note(struct counter *c, uint16_t sequence);

// In place; `length` is that of the protected packet. Returns the length of the plain one, 0 when it is
// not authentic.
unsigned unprotect(struct direction *d, struct counter *c, uint8_t *packet, unsigned length);

// In place, with room for the tag. Returns the new length.
unsigned protect(struct direction *d, struct counter *c, uint8_t *packet, unsigned length);

unsigned header_length(const uint8_t *packet, unsigned length);
uint16_t load16(const uint8_t *p);
uint32_t load32(const uint8_t *p);
void store16(uint8_t *p, uint16_t v);
void store32(uint8_t *p, uint32_t v);
