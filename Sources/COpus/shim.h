#pragma once
#include <opus/opus.h>

// The controls are variadic macros, which Swift does not import. `request` is an OPUS_SET_..._REQUEST
// or OPUS_GET_..._REQUEST.
static inline int opus_encoder_set(OpusEncoder *encoder, int request, opus_int32 value) {
  return opus_encoder_ctl(encoder, request, value);
}
static inline int opus_encoder_get(OpusEncoder *encoder, int request, opus_int32 *value) {
  return opus_encoder_ctl(encoder, request, value);
}
static inline int opus_decoder_forget(OpusDecoder *decoder) {
  return opus_decoder_ctl(decoder, OPUS_RESET_STATE);
}
