#include "crypto.h"

#include <endian.h>
#include <string.h>

uint16_t load16(const uint8_t *p) {
  uint16_t v;
  memcpy(&v, p, sizeof v);
  return be16toh(v);
}

uint32_t load32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return be32toh(v);
}

void store16(uint8_t *p, uint16_t v) {
  v = htobe16(v);
  memcpy(p, &v, sizeof v);
}

void store32(uint8_t *p, uint32_t v) {
  v = htobe32(v);
  memcpy(p, &v, sizeof v);
}

// RFC 3711 section 4.3.3.
static bool derive(const uint8_t *master, uint8_t label, uint8_t *out, int length) {
  uint8_t iv[16] = {0}, zeros[32] = {0};
  memcpy(iv, master + KEY_OCTETS, SALT_OCTETS);
  iv[7] ^= label;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int written;
  bool done = context && EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), NULL, master, iv) == 1 &&
              EVP_EncryptUpdate(context, out, &written, zeros, length) == 1;
  EVP_CIPHER_CTX_free(context);
  return done;
}

bool direction_open(struct direction *d, const uint8_t *master, bool seals) {
  uint8_t key[KEY_OCTETS];
  d->context = EVP_CIPHER_CTX_new();
  return d->context && derive(master, 0, key, KEY_OCTETS) && derive(master, 2, d->salt, SALT_OCTETS) &&
         EVP_CipherInit_ex(d->context, EVP_aes_128_gcm(), NULL, key, NULL, seals) == 1;
}

uint32_t counter_note(struct counter *c, uint16_t sequence) {
  if (!c->started) {
    c->started = true;
    c->highest = sequence;
    return 0;
  }
  int16_t distance = (int16_t)(sequence - c->highest);
  if (distance <= 0) return c->rollovers - (sequence > c->highest);
  c->rollovers += sequence < c->highest;
  c->highest = sequence;
  return c->rollovers;
}

unsigned header_length(const uint8_t *packet, unsigned length) {
  unsigned header = 12 + 4 * (packet[0] & 15);
  if (packet[0] & 0x10 && header + 4 <= length) header += 4 + 4 * load16(packet + header + 2);
  return header;
}

static void set_nonce(struct direction *d, const uint8_t *packet, uint32_t rollovers) {
  uint8_t nonce[12] = {0};
  memcpy(nonce + 2, packet + 8, 4);
  store32(nonce + 6, rollovers);
  memcpy(nonce + 10, packet + 2, 2);
  for (int i = 0; i < 12; i++) nonce[i] ^= d->salt[i];
  EVP_CipherInit_ex(d->context, NULL, NULL, NULL, nonce, -1);
}

unsigned unprotect(struct direction *d, struct counter *c, uint8_t *packet, unsigned length) {
  unsigned header = header_length(packet, length);
  if (length < header + TAG_OCTETS) return 0;
  int text = (int)(length - header - TAG_OCTETS), written;
  set_nonce(d, packet, counter_note(c, load16(packet + 2)));
  EVP_CipherUpdate(d->context, NULL, &written, packet, (int)header);
  EVP_CipherUpdate(d->context, packet + header, &written, packet + header, text);
  EVP_CIPHER_CTX_ctrl(d->context, EVP_CTRL_AEAD_SET_TAG, TAG_OCTETS, packet + header + text);
  return EVP_CipherFinal_ex(d->context, packet + header + text, &written) == 1 ? header + text : 0;
}

unsigned protect(struct direction *d, struct counter *c, uint8_t *packet, unsigned length) {
  unsigned header = header_length(packet, length);
  int written;
  set_nonce(d, packet, counter_note(c, load16(packet + 2)));
  EVP_CipherUpdate(d->context, NULL, &written, packet, (int)header);
  EVP_CipherUpdate(d->context, packet + header, &written, packet + header, (int)(length - header));
  EVP_CipherFinal_ex(d->context, packet + length, &written);
  EVP_CIPHER_CTX_ctrl(d->context, EVP_CTRL_AEAD_GET_TAG, TAG_OCTETS, packet + length);
  return length + TAG_OCTETS;
}
