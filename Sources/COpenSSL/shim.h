#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/sha.h>

// SHA-1 with its state in the open. OpenSSL's HMAC and EVP_MD_CTX_copy allocate for every message, and
// SRTP authenticates every packet; these are deprecated in favour of them, not of something better.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
static inline void openssl_sha1_init(SHA_CTX *state) { SHA1_Init(state); }
static inline void openssl_sha1_update(SHA_CTX *state, const void *bytes, size_t count) {
  SHA1_Update(state, bytes, count);
}
/// 20 octets.
static inline void openssl_sha1_final(SHA_CTX *state, void *digest) {
  SHA1_Final((unsigned char *)digest, state);
}
#pragma clang diagnostic pop
