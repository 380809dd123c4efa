/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) in the host's tool: libnettle's, which takes the instructions that the
 * processor has for it. Whole images are hashed here; the device has Mbed TLS's.
 */
#ifndef SEGUE_TOOLS_DIGEST_H
#define SEGUE_TOOLS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

void digest_of(const void *data, size_t size, uint8_t digest[32]);

#endif
