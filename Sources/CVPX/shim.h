#pragma once
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

// vpx_codec_control_ is variadic, and the init calls are macros over the version of the interface:
// Swift imports neither.
static inline vpx_codec_err_t vpx_vp8_decoder_open(vpx_codec_ctx_t *context) {
  vpx_codec_dec_cfg_t configuration = {.threads = 1};
  return vpx_codec_dec_init(context, vpx_codec_vp8_dx(), &configuration, 0);
}
static inline int vpx_vp8_is_corrupted(vpx_codec_ctx_t *context) {
  int corrupted = 0;
  vpx_codec_control_(context, VP8D_GET_FRAME_CORRUPTED, &corrupted);
  return corrupted;
}

static inline vpx_codec_err_t vpx_vp8_encoder_defaults(vpx_codec_enc_cfg_t *configuration) {
  return vpx_codec_enc_config_default(vpx_codec_vp8_cx(), configuration, 0);
}
static inline vpx_codec_err_t vpx_vp8_encoder_open(
    vpx_codec_ctx_t *context, const vpx_codec_enc_cfg_t *configuration) {
  return vpx_codec_enc_init(context, vpx_codec_vp8_cx(), configuration, 0);
}
static inline vpx_codec_err_t vpx_vp8_encoder_set(vpx_codec_ctx_t *context, int control, int value) {
  return vpx_codec_control_(context, control, value);
}

// One I420 picture, its three planes without gaps in rows and between them.
static inline vpx_codec_err_t vpx_vp8_encode_i420(
    vpx_codec_ctx_t *context, const uint8_t *pixels, unsigned width, unsigned height, int64_t when,
    unsigned long duration, int is_keyframe) {
  const unsigned half = (width + 1) / 2;
  uint8_t *planes = (uint8_t *)pixels;
  vpx_image_t image;
  memset(&image, 0, sizeof image);
  image.fmt = VPX_IMG_FMT_I420;
  image.w = image.d_w = width;
  image.h = image.d_h = height;
  image.bit_depth = 8;
  image.bps = 12;
  image.x_chroma_shift = image.y_chroma_shift = 1;
  image.planes[VPX_PLANE_Y] = planes;
  image.planes[VPX_PLANE_U] = planes + (size_t)width * height;
  image.planes[VPX_PLANE_V] = image.planes[VPX_PLANE_U] + (size_t)half * ((height + 1) / 2);
  image.stride[VPX_PLANE_Y] = (int)width;
  image.stride[VPX_PLANE_U] = image.stride[VPX_PLANE_V] = (int)half;
  return vpx_codec_encode(
      context, &image, when, duration, is_keyframe ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME);
}
