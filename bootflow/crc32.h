/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 as in IEEE 802.3, zlib and GPT: reflected, polynomial 0xedb88320. */
#ifndef BOOTFLOW_CRC32_H
#define BOOTFLOW_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t bf_crc32(const uint8_t *data, size_t length);

#endif
