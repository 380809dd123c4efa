/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine needs of the world: storage, the hypervisor, the guests' agent lines, time and a
 * place for events. On the device updater/el1 supplies it; in tests a fake world does.
 *
 * Every operation returns at once: none waits for a guest or for an interrupt other than the
 * disk's.
 */
#ifndef UPDATER_PORTS_H
#define UPDATER_PORTS_H

#include "updater/storage.h"
#include <segue/hypercall.h>

/* The answer of SG_HC_SLOT_INFO. */
struct slot_info {
        uint32_t flags; /* SG_SLOT_F_* */
        uint32_t tries;
        uint32_t interrupted;
        uint32_t priority;
        uint32_t cause; /* enum sg_cause: why a failed slot was given up */
        uint64_t security_counter;
        uint8_t digest[32];
};

/* The part of the answer of SG_HC_VM_INFO that the engine uses. */
struct vm_info {
        enum sg_vm_state state;
        uint32_t slot; /* that it runs or waits to load; SG_SLOT_NONE */
};

/* Hypercalls by name; vm is the index of the VM description. Each returns SG_HC_*. */
struct hv_ops {
        int64_t (*vm_info)(void *ctx, uint32_t vm, struct vm_info *info);
        int64_t (*slot_info)(void *ctx, uint32_t vm, uint32_t slot, struct slot_info *info);
        int64_t (*slot_open)(void *ctx, uint32_t vm, uint32_t slot, uint64_t security_counter,
                             const uint8_t digest[32]);
        int64_t (*stage)(void *ctx, uint32_t vm, uint32_t slot, uint64_t security_counter,
                         const uint8_t digest[32]);
        int64_t (*unstage)(void *ctx, uint32_t vm, uint32_t slot);
        int64_t (*restart)(void *ctx, uint32_t vm);
        int64_t (*refill)(void *ctx, uint32_t vm, uint32_t slot);
        int64_t (*reported)(void *ctx, uint32_t vm);
        int64_t (*confirm_for)(void *ctx, uint32_t vm, uint64_t token);
};

struct ports {
        void *ctx; /* passed to every operation below */
        struct hv_ops hv;
        /* One line of the agent protocol towards a guest, without its LF. The port adds the LF and
         * keeps what the guest's FIFO does not take yet. SG_E_TOO_LARGE when it has no room: the
         * line was not taken at all. */
        sg_err (*agent_send)(void *ctx, uint32_t vm, const char *line);
        /* Milliseconds and counter ticks of one monotonic clock that runs from power-on. */
        uint64_t (*now_ms)(void *ctx);
        uint64_t (*ticks)(void *ctx);
        /* One event (docs/events.md) as a line of text without LF, at most EVENT_LINE_MAX bytes. */
        void (*event)(void *ctx, const char *line);
};

#endif
