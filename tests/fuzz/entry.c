// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/entry.h"

#include <string.h>

#include <segue/bytes.h>

#include "bootflow/crc32.h"

#define CRC_AT (BF_BODY_SIZE - 4)

void entry_mend(uint8_t entry[BF_ENTRY_SIZE])
{
        uint32_t crc = bf_crc32(entry, CRC_AT);

        put_le32(entry + CRC_AT, crc);
        for (unsigned i = 0; i < BF_SEALS; i++) {
                uint8_t *seal = entry + BF_BODY_SIZE + i * BF_SEAL_SIZE;
                if (memcmp(seal, "SEAL", 4) == 0)
                        put_le32(seal + 4, crc);
        }
}
