// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/boot_flash.h"

#include <stddef.h>

#include "bootflow/journal.h"
#include "hv/core/log.h"
#include "hv/machine/nor.h"

static struct nor nor;
static struct nor_part part;
static struct bf_flash flash;

const struct bf_flash *boot_flash_open(const struct range *bank)
{
        sg_err e = SG_E_NOR_ABSENT;

        if (bank->size != 0)
                e = nor_open_mmio(&nor, (uintptr_t)bank->base, (uint32_t)bank->size);
        if (e == SG_OK)
                e = nor_flash(&flash, &part, &nor, 0, BF_BLOCKS_MAX);
        if (e == SG_OK)
                return &flash;
        hv_log("NOR bank at %lx: error %d: %s", (unsigned long)bank->base, e, sg_strerror(e));
        return NULL;
}
