/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to hv: Segue's hypercalls (include/segue/hypercall.h) and PSCI, both by HVC. */
#ifndef UPDATER_EL1_HVC_H
#define UPDATER_EL1_HVC_H

#include <stdbool.h>
#include <stdint.h>

/* x[0] is the function going in and the result coming out; x[1..7] the arguments and results. */
struct hvc_regs {
        uint64_t x[8];
};

/* One call; returns x[0] as the signed result. */
int64_t hvc_call(struct hvc_regs *regs);

/* A call whose results beyond x0 do not matter. */
int64_t hvc_simple(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);

/* True when Segue's hv is below: the vendor UID is asked for. */
bool hvc_segue_present(void);

/* PSCI SYSTEM_RESET: hv restarts this partition. */
_Noreturn void hvc_reset(void);

#endif
