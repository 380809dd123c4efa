/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A little system of VMs without cores: what psci.c, hypercall.c, slots.c and events.c call is
 * recorded here instead of done. `update` is VM 0, `rt` VM 1 (1 vCPU), `personal` VM 2 (2 vCPUs).
 */
#ifndef TESTS_FAKE_VM_H
#define TESTS_FAKE_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/vm/vm.h"

enum { FAKE_UPDATE, FAKE_RT, FAKE_PERSONAL, FAKE_VMS };

struct fake_system {
        struct vm_description desc[FAKE_VMS];
        struct vm vm[FAKE_VMS];
        struct vcpu vcpu[FAKE_VMS][2];
        uint64_t now;
        uint64_t random;         /* the next random number; each is one more */
        bool level;              /* of update's SPI */
        uint8_t agent_bytes[64]; /* towards the guest's agent */
        size_t agent_count;
        const char *agent_said; /* from it */

        /* What was called last, and how often anything was. */
        const char *called;
        struct vm *called_vm;
        uint64_t called_arg;
        unsigned calls;
        unsigned kicks[8]; /* per core */
        char log[200];     /* the last line */
        void (*on_log)(const char *line);
};

extern struct fake_system fake;
extern unsigned fake_errands; /* that the housekeeping core was sent on, ever */

void fake_system_reset(void);

#endif
