/* SPDX-License-Identifier: Apache-2.0 */
/* Images and signed packages for a row, made once before anything is cut. */
#ifndef TESTS_SIM_FIXTURE_H
#define TESTS_SIM_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIXTURE_IMAGE_MAX   (1300u << 10)
#define FIXTURE_PACKAGE_MAX (4u << 20)
#define FIXTURE_RT_SIZE     (4u << 10)

/* For `personal`: a delta, a full image, both; FIXTURE_TWO: a delta, and an image for `rt`. */
enum fixture_kind { FIXTURE_DELTA, FIXTURE_IMAGE, FIXTURE_BOTH, FIXTURE_TWO };

struct fixture {
        uint32_t image_size;
        uint8_t old_image[FIXTURE_IMAGE_MAX];
        uint8_t new_image[FIXTURE_IMAGE_MAX];
        uint8_t rt_image[FIXTURE_RT_SIZE], rt_new[FIXTURE_RT_SIZE];
        uint8_t old_digest[32], new_digest[32], rt_digest[32], rt_new_digest[32];
        uint8_t package[FIXTURE_PACKAGE_MAX];
        size_t package_size;
        /* A later version of the package, with a full image of the same new_image. */
        uint8_t superseding[FIXTURE_PACKAGE_MAX];
        size_t superseding_size;
        const char *root;
        size_t root_size;
};

#define FIXTURE_OLD_COUNTER 1u
#define FIXTURE_NEW_COUNTER 2u

extern struct fixture fixture;

/* The payload of a full image is cut into pieces of `piece` bytes; 0: 1 MiB. */
void fixture_make(uint32_t image_size, enum fixture_kind kind, uint32_t piece);
/* The same package, signed by a key that the device does not know. */
void fixture_forge(void);

/* The security counter that an image of ours claims. */
uint32_t fixture_counter(const uint8_t *image);

#endif
