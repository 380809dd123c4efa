/* SPDX-License-Identifier: Apache-2.0 */
/* Signed images: made on the host, read with the very code that bootfw uses. */
#ifndef TOOLS_SEGUE_IMAGE_FILE_H
#define TOOLS_SEGUE_IMAGE_FILE_H

#include <mbedtls/pk.h>
#include <stddef.h>
#include <stdint.h>

#include "bootflow/image.h"
#include "tools/segue/file.h"
#include "tools/segue/system.h"

/* What a new image is made of. */
struct image_request {
        struct mapped payload; /* a FIT, or a raw program */
        uint64_t load_address; /* of a raw program; used when has_load_address */
        bool has_load_address;
        struct bf_image_version version;
        uint32_t security_counter;
        const uint8_t *vendor_id, *class_id; /* 16 bytes each */
};

/* The signed image, in memory that lives as long as the program does. */
struct mapped image_make(const struct image_request *request, mbedtls_pk_context *key);

/* A FIT whose kernel stands at a multiple of 4 KiB from the first byte of the image that image_make
 * puts around it. ramdisk->size 0: none; command_line NULL: none. */
struct mapped fit_make(const struct mapped *kernel, const struct mapped *ramdisk,
                       const char *command_line);

/* Keys and ids that an image for this VM must have; vm NULL: any ids. keys[] has BOOTFW_MAX_KEYS.
 */
void image_policy(struct bf_image_policy *policy, struct bf_image_key *keys, const struct system *s,
                  const struct vm_description *vm);
/* Verifies an image for a guest and that it fits in its slot; ends the program when it does not. */
void image_check(struct bf_image_info *info, const struct mapped *image, const struct system *s,
                 const struct vm_description *vm, const char *path);

/* "1.2.3+4", "1.2.3", "1.2" or "1" and back. */
void version_parse(struct bf_image_version *version, const char *text);
enum { VERSION_TEXT = 32 };
void version_text(char text[VERSION_TEXT], const struct bf_image_version *version);

#endif
