/* SPDX-License-Identifier: Apache-2.0 */
/* What differs on the device: memory comes from one buffer, and every core that
 * Segue supports has the Armv8 SHA-256 instructions. */
#ifndef SEGUE_MBEDTLS_DEVICE_H
#define SEGUE_MBEDTLS_DEVICE_H

#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_ONLY
#define MBEDTLS_NO_PLATFORM_ENTROPY

#endif
