/* SPDX-License-Identifier: Apache-2.0 */
/* The partition's RAM beyond its image and devicetree: given out once, at the start, never back. */
#ifndef UPDATER_EL1_RAM_H
#define UPDATER_EL1_RAM_H

#include <stdint.h>

#include "updater/el1/platform.h"

/* Maps all RAM, and takes the largest piece that neither image nor devicetree lies in. */
void ram_init(const struct platform_range *ram, const void *dtb);

/* `align` is a power of two. Zeroed memory is not promised. Panics when there is not enough. */
void *ram_take(uint64_t size, uint64_t align);

#endif
