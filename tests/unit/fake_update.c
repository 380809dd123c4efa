// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fake_update.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "updater/el1/hv_calls.h"
#include "updater/el1/loads.h"

static_assert(FAKE_UPDATE_STEP == LOADER_STEP, "the loader's own");

static const struct fake_update *u;
static struct platform_vm names[PLATFORM_MAX_VMS];
static struct guests guests;
static uint8_t buffer[LOADER_STEP];

/* loads.c tells on its console. */
int __wrap_printf(const char *format, ...);
int __wrap_printf(const char *format, ...)
{
        (void)format;
        return 0;
}

static int64_t call(uint64_t function, uint64_t vm, uint64_t arg, uint64_t results[7])
{
        return u->call(function, (const uint64_t[7]){vm, arg}, results);
}

int64_t hv_calls_vm_info(uint32_t vm, struct hv_vm_info *info)
{
        uint64_t x[7];
        const int64_t result = call(SG_HC_VM_INFO, vm, 0, x);

        *info = (struct hv_vm_info){.state = (enum sg_vm_state)x[0], .slot = (uint32_t)x[1]};
        return result;
}

static int64_t begin(void *ctx, uint32_t vm, uint32_t *slot)
{
        uint64_t x[7];
        const int64_t result = call(SG_HC_LOAD_BEGIN, vm, 0, x);

        (void)ctx;
        if (result == SG_HC_OK)
                *slot = (uint32_t)x[0];
        return result;
}

static int64_t end(void *ctx, uint32_t vm, uint64_t size)
{
        uint64_t x[7];

        (void)ctx;
        return call(SG_HC_LOAD_END, vm, size, x);
}

static int64_t give_up(void *ctx, uint32_t vm, sg_err why)
{
        uint64_t x[7];

        (void)ctx;
        return call(SG_HC_LOAD_ABORT, vm, why, x);
}

static void map(void *ctx, uint64_t base, uint64_t size)
{
        (void)ctx;
        (void)base;
        (void)size;
}

static const struct loader_ops ops = {
        .begin = begin, .end = end, .abort = give_up, .map = map, .unmap = map};

void fake_update_begin(const struct fake_update *with)
{
        u = with;
        memset(&guests, 0, sizeof(guests));
        guests.count = u->vms;
        for (unsigned i = 0; i < u->vms; i++) {
                struct guest *g = &guests.guest[i];

                names[i].index = (uint16_t)(u->first_vm + i);
                g->vm = &names[i];
                for (unsigned s = 0; s < 2; s++)
                        guests.slots[i].slot[s] = *u->slot[s];
                loader_init(&g->loader, &ops, g->vm->index, guests.slots[i].slot, buffer);
        }
        loads_ask(&guests);
}

static bool on_event(struct guest *g, uint64_t kind, uint64_t a, uint64_t b)
{
        void *region;

        switch (kind) {
        case SG_EV_VM_STATE:
                if (a != SG_VM_LOADING && loader_busy(&g->loader))
                        loader_withdrawn(&g->loader);
                break;
        case SG_EV_LOAD_WANTED:
                loads_want(g);
                break;
        case SG_EV_LOADABLE:
                /* One that is not lent any more is found out when it is touched. */
                region = u->region(g->vm->index);
                loader_lent(&g->loader, region ? (uintptr_t)region : a, b);
                break;
        case SG_EV_LOAD_FAULT:
                return false;
        default:
                break;
        }
        return true;
}

static bool on_events(const uint64_t x[7])
{
        bool lives = true;

        if (x[0] == SG_EV_OVERFLOW)
                loads_ask(&guests);
        for (unsigned i = 0; i < guests.count; i++)
                if (guests.guest[i].vm->index == x[1])
                        lives = on_event(&guests.guest[i], x[0], x[2], x[3]);
        return lives;
}

bool fake_update_turn(void)
{
        uint64_t x[7];

        if (call(SG_HC_EVENT_NEXT, 0, 0, x) == SG_HC_OK)
                return on_events(x);
        for (unsigned i = 0; i < guests.count; i++) {
                const struct guest *g = &guests.guest[i];

                if (loader_busy(&g->loader) && !u->region(g->vm->index))
                        return false;
        }
        loads_step(&guests);
        return true;
}
