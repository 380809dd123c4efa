/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passed-through devices may reach: the RAM of update, which has them, and nothing else. The
 * load regions that are lent to update are not for its devices.
 *
 * All but dma_confine() run on update's core.
 */
#ifndef HV_VM_DMA_H
#define HV_VM_DMA_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/machine/board.h"

struct vm;

/*
 * Boot core, once, the configuration space of bus 0 mapped: takes the SMMU and shuts out all
 * devices. Refuses a machine where one of them could get around it: without an SMMU only when
 * `trusted`.
 */
void dma_confine(const struct board *board, struct vm *vm, bool trusted);

/* When it returns, no device reaches memory, and nothing that one began is under way. */
void dma_shut(void);

/* The devices are reset and the RAM is filled: they may reach it. */
void dma_open(void);

/* An interrupt: false when it is not the SMMU's. Faults are counted, logged by stream and told to
 * update (SG_EV_DMA_FAULT). */
bool dma_interrupt(uint32_t intid);

#endif
