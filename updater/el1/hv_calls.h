/* SPDX-License-Identifier: Apache-2.0 */
/* Segue's hypercalls by name: the engine's port to hv, and what the platform needs besides. */
#ifndef UPDATER_EL1_HV_CALLS_H
#define UPDATER_EL1_HV_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "updater/el1/event_queue.h"
#include "updater/el1/loader.h"
#include "updater/ports.h"

/* All of SG_HC_VM_INFO. */
struct hv_vm_info {
        enum sg_vm_state state;
        uint32_t slot;
        uint32_t restarts;
        uint64_t changed; /* ticks */
        enum sg_cause cause;
};

extern const struct hv_ops hv_calls_ops;
extern const struct loader_ops hv_calls_loader_ops;

/* The interface's version; 0 when hv does not say. */
uint32_t hv_calls_version(void);
int64_t hv_calls_vm_info(uint32_t vm, struct hv_vm_info *info);
int64_t hv_calls_counter(uint32_t vm, enum sg_counter counter, uint64_t *value);

/* Tells hv that this program goes on. Returns within how many milliseconds it has to again. */
uint64_t hv_calls_beat(void);

/* The next event; false when there is none, and the event interrupt is low. */
bool hv_calls_next_event(struct hv_event *event);

/* An agent channel: at most HV_CALLS_AGENT_MAX bytes. Return the bytes moved; 0 when hv refuses. */
#define HV_CALLS_AGENT_MAX 40
size_t hv_calls_agent_write(void *ctx, uint32_t vm, const char *bytes, size_t count);
size_t hv_calls_agent_read(uint32_t vm, char bytes[HV_CALLS_AGENT_MAX]);

#endif
