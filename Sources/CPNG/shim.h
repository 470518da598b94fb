#pragma once
#include <png.h>
#include <string.h>

// The simplified interface of libpng: it needs no setjmp, which Swift does not survive. Rows of 8-bit RGB
// without gaps. `count`: in, the room in `memory`; out, how much was needed. 0 when it did not fit or failed.
static inline int png_write_rgb(
    const void *pixels, unsigned width, unsigned height, void *memory, size_t *count) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = *count;
  const int written = png_image_write_to_memory(&image, memory, &size, 0, pixels, 0, NULL);
  *count = size;
  return written;
}

// As much as any picture of that size can need.
static inline size_t png_most_octets(unsigned width, unsigned height) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  return PNG_IMAGE_PNG_SIZE_MAX(image);
}

// For tests: `pixels` has room for width * height * 3.
static inline int png_read_rgb(
    const void *octets, size_t count, unsigned *width, unsigned *height, void *pixels,
    size_t room) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, octets, count)) return 0;
  image.format = PNG_FORMAT_RGB;
  *width = image.width;
  *height = image.height;
  if (PNG_IMAGE_SIZE(image) > room) {
    png_image_free(&image);
    return 0;
  }
  return png_image_finish_read(&image, NULL, pixels, 0, NULL);
}
