/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/hv_calls.h"

#include <assert.h>
#include <string.h>

#include "updater/el1/fault.h"
#include "updater/el1/hvc.h"
#include "updater/el1/mmu.h"

#define AGENT_REGISTERS 5
static_assert(AGENT_REGISTERS * 8 == HV_CALLS_AGENT_MAX, "x3..x7 of SG_HC_AGENT_WRITE");

uint32_t hv_calls_version(void)
{
        struct hvc_regs regs = {.x = {SG_HC_VERSION}};

        return hvc_call(&regs) == SG_HC_OK ? (uint32_t)regs.x[1] : 0;
}

int64_t hv_calls_vm_info(uint32_t vm, struct hv_vm_info *info)
{
        struct hvc_regs regs = {.x = {SG_HC_VM_INFO, vm}};
        const int64_t result = hvc_call(&regs);

        if (result == SG_HC_OK) {
                *info = (struct hv_vm_info){.state = (enum sg_vm_state)regs.x[1],
                                            .slot = (uint32_t)regs.x[2],
                                            .restarts = (uint32_t)regs.x[3],
                                            .changed = regs.x[4],
                                            .cause = (enum sg_cause)regs.x[5]};
        }
        return result;
}

int64_t hv_calls_counter(uint32_t vm, enum sg_counter counter, uint64_t *value)
{
        struct hvc_regs regs = {.x = {SG_HC_COUNTER, vm, (uint64_t)counter}};
        const int64_t result = hvc_call(&regs);

        if (result == SG_HC_OK) {
                *value = regs.x[1];
        }
        return result;
}

uint64_t hv_calls_beat(void)
{
        struct hvc_regs regs = {.x = {SG_HC_BEAT}};

        if (hvc_call(&regs) != SG_HC_OK) {
                panic("hv takes no beat");
        }
        return regs.x[1];
}

bool hv_calls_next_event(struct hv_event *event)
{
        struct hvc_regs regs = {.x = {SG_HC_EVENT_NEXT}};

        if (hvc_call(&regs) != SG_HC_OK) {
                return false;
        }
        *event = (struct hv_event){.kind = (enum sg_event)regs.x[1],
                                   .vm = (uint32_t)regs.x[2],
                                   .a = regs.x[3],
                                   .b = regs.x[4],
                                   .ticks = regs.x[5]};
        return true;
}

size_t hv_calls_agent_write(void *ctx, uint32_t vm, const char *bytes, size_t count)
{
        struct hvc_regs regs = {.x = {SG_HC_AGENT_WRITE, vm}};

        (void)ctx;
        if (count > HV_CALLS_AGENT_MAX) {
                count = HV_CALLS_AGENT_MAX;
        }
        regs.x[2] = count;
        memcpy(&regs.x[3], bytes, count);
        if (hvc_call(&regs) != SG_HC_OK || regs.x[1] > count) {
                return 0;
        }
        return (size_t)regs.x[1];
}

size_t hv_calls_agent_read(uint32_t vm, char bytes[HV_CALLS_AGENT_MAX])
{
        struct hvc_regs regs = {.x = {SG_HC_AGENT_READ, vm}};

        if (hvc_call(&regs) != SG_HC_OK || regs.x[1] > HV_CALLS_AGENT_MAX) {
                return 0;
        }
        memcpy(bytes, &regs.x[2], HV_CALLS_AGENT_MAX);
        return (size_t)regs.x[1];
}

static int64_t vm_info(void *ctx, uint32_t vm, struct vm_info *info)
{
        struct hv_vm_info all;
        const int64_t result = hv_calls_vm_info(vm, &all);

        (void)ctx;
        if (result == SG_HC_OK) {
                *info = (struct vm_info){.state = all.state, .slot = all.slot};
        }
        return result;
}

static int64_t slot_info(void *ctx, uint32_t vm, uint32_t slot, struct slot_info *info)
{
        struct hvc_regs regs = {.x = {SG_HC_SLOT_INFO, vm, slot}};
        const int64_t result = hvc_call(&regs);

        (void)ctx;
        if (result == SG_HC_OK) {
                *info = (struct slot_info){.flags = (uint32_t)regs.x[1],
                                           .tries = (uint32_t)(regs.x[2] & 0xff),
                                           .interrupted = (uint32_t)(regs.x[2] >> 8 & 0xff),
                                           .priority = (uint32_t)(regs.x[2] >> 16 & 0xff),
                                           .cause = (uint32_t)(regs.x[2] >> 24 & 0xff),
                                           .security_counter = regs.x[3]};
                memcpy(info->digest, &regs.x[4], sizeof(info->digest));
        }
        return result;
}

static int64_t with_digest(uint64_t function, uint32_t vm, uint32_t slot, uint64_t counter,
                           const uint8_t digest[32])
{
        struct hvc_regs regs = {.x = {function, vm, slot, counter}};

        memcpy(&regs.x[4], digest, 32);
        return hvc_call(&regs);
}

static int64_t slot_open(void *ctx, uint32_t vm, uint32_t slot, uint64_t counter,
                         const uint8_t digest[32])
{
        (void)ctx;
        return with_digest(SG_HC_SLOT_OPEN, vm, slot, counter, digest);
}

static int64_t stage(void *ctx, uint32_t vm, uint32_t slot, uint64_t counter,
                     const uint8_t digest[32])
{
        (void)ctx;
        return with_digest(SG_HC_STAGE, vm, slot, counter, digest);
}

static int64_t unstage(void *ctx, uint32_t vm, uint32_t slot)
{
        (void)ctx;
        return hvc_simple(SG_HC_UNSTAGE, vm, slot, 0);
}

static int64_t restart(void *ctx, uint32_t vm)
{
        (void)ctx;
        return hvc_simple(SG_HC_RESTART, vm, 0, 0);
}

static int64_t refill(void *ctx, uint32_t vm, uint32_t slot)
{
        (void)ctx;
        return hvc_simple(SG_HC_REFILL, vm, slot, 0);
}

static int64_t reported(void *ctx, uint32_t vm)
{
        (void)ctx;
        return hvc_simple(SG_HC_REPORTED, vm, 0, 0);
}

static int64_t confirm_for(void *ctx, uint32_t vm, uint64_t token)
{
        (void)ctx;
        return hvc_simple(SG_HC_CONFIRM_FOR, vm, token, 0);
}

const struct hv_ops hv_calls_ops = {
        .vm_info = vm_info,
        .slot_info = slot_info,
        .slot_open = slot_open,
        .stage = stage,
        .unstage = unstage,
        .restart = restart,
        .refill = refill,
        .reported = reported,
        .confirm_for = confirm_for,
};

static int64_t load_begin(void *ctx, uint32_t vm, uint32_t *slot)
{
        struct hvc_regs r = {.x = {SG_HC_LOAD_BEGIN, vm}};
        const int64_t result = hvc_call(&r);

        (void)ctx;
        if (result == SG_HC_OK) {
                *slot = (uint32_t)r.x[1];
        }
        return result;
}

static int64_t load_end(void *ctx, uint32_t vm, uint64_t size)
{
        (void)ctx;
        return hvc_simple(SG_HC_LOAD_END, vm, size, 0);
}

static int64_t load_abort(void *ctx, uint32_t vm, sg_err why)
{
        (void)ctx;
        return hvc_simple(SG_HC_LOAD_ABORT, vm, (uint64_t)why, 0);
}

static void map_window(void *ctx, uint64_t base, uint64_t size)
{
        (void)ctx;
        mmu_map(base, size, MMU_DATA);
}

static void unmap_window(void *ctx, uint64_t base, uint64_t size)
{
        (void)ctx;
        mmu_unmap(base, size);
}

const struct loader_ops hv_calls_loader_ops = {
        .begin = load_begin,
        .end = load_end,
        .abort = load_abort,
        .map = map_window,
        .unmap = unmap_window,
};
