/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/digest.h"

#include <nettle/sha2.h>

void digest_of(const void *data, size_t size, uint8_t digest[32])
{
        struct sha256_ctx sha;

        sha256_init(&sha);
        sha256_update(&sha, size, data);
        sha256_digest(&sha, SHA256_DIGEST_SIZE, digest);
}
