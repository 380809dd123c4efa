/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's SMMUv3 (Arm IHI 0070), stage 1 alone: devices are confined to address spaces of
 * hv's own making. Whatever is not attached to one is aborted, streams beyond the table included.
 *
 * Not locked: after the boot core's initialization only the core of the devices' owner calls.
 */
#ifndef HV_MACHINE_SMMU_H
#define HV_MACHINE_SMMU_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

#include "hv/machine/board.h"
#include "hv/machine/smmu_queue.h"
#include "hv/machine/smmu_tables.h"
#include "hv/mm/pgtable.h"

/* What a device sees of memory. At its own address for good: tables and devices refer to it. */
struct smmu_space {
        struct pgtable pt;
        struct smmu_cd *cd;
        uint16_t asid;
};

/*
 * Boot core, once: takes over the SMMU at `base` (mapped as device memory, SMMU_SIZE bytes) with
 * all streams aborted; `streams` (at most 65536) is one more than the highest that will be
 * attached. SG_E_SMMU_UNUSABLE, and *what names what is lacking; SG_E_SMMU_STUCK.
 */
sg_err smmu_init(uintptr_t base, uint32_t streams, const char **what);

/* An empty space; `asid` is unique. SG_E_NO_MEMORY. */
sg_err smmu_space_init(struct smmu_space *space, uint16_t asid);

/* Makes memory visible at its own physical address, read and write. Errors of pgtable.h. */
sg_err smmu_space_map(struct smmu_space *space, struct range range);

/* The stream's accesses go by the space, or end with an abort. When smmu_detach() returns, no
 * access of the stream that was allowed before is under way any more. SG_E_SMMU_STUCK. */
sg_err smmu_attach(uint32_t stream, const struct smmu_space *space);
sg_err smmu_detach(uint32_t stream, const struct smmu_space *space);

/* The oldest recorded fault; false: there is none. */
bool smmu_next_fault(struct smmu_fault *fault);

/* The global errors (GERROR, 6.3.18) since the last call, acknowledged; 0: none. */
uint32_t smmu_take_errors(void);

#endif
