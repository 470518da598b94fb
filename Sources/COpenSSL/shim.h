#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
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

// The tag of an AEAD cipher: what EVP_CIPHER_CTX_ctrl comes to after it has looked up which control it
// is, for every packet.
static inline int openssl_get_tag(EVP_CIPHER_CTX *context, void *tag, size_t count) {
  OSSL_PARAM wanted[] = {
      OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, count), OSSL_PARAM_END};
  return EVP_CIPHER_CTX_get_params(context, wanted);
}
static inline int openssl_set_tag(EVP_CIPHER_CTX *context, void *tag, size_t count) {
  const OSSL_PARAM given[] = {
      OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, count), OSSL_PARAM_END};
  return EVP_CIPHER_CTX_set_params(context, given);
}
