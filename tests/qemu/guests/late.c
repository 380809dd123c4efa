// SPDX-License-Identifier: Apache-2.0
/* An update partition that ends each load when most of its time is over, and says how long the VM
 * then had to verify it. */
#include "updater/el1/service.h"

#include <stdio.h>

#include "updater/el1/beat.h"
#include "updater/el1/clock.h"
#include "updater/el1/fault.h"
#include "updater/el1/gic.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"

#define RT        1
#define LATE_MS   1500 /* of the 2000 in tests/qemu/systems/late.dts */
#define LOAD_SIZE 4096

static uint64_t verifying_since;

static void must(const char *what, int64_t result)
{
        if (result != SG_HC_OK) {
                panic("FAILED: %s", what);
        }
}

static void turn(struct hv_event *event)
{
        while (!hv_calls_next_event(event)) {
                clock_wait_until(clock_ticks_of_ms(beat() + 1));
        }
}

static void nothing(void *ctx)
{
        (void)ctx;
}

static void end_late(void)
{
        const uint64_t due = clock_ticks_of_ms(clock_ms() + LATE_MS);

        while (clock_ticks() < due) {
                clock_wait_until(due);
        }
        must("LOAD_END", hvc_simple(SG_HC_LOAD_END, RT, LOAD_SIZE, 0));
}

static void note(const struct hv_event *state)
{
        if (state->a == SG_VM_VERIFYING) {
                verifying_since = state->ticks;
        } else if (state->a == SG_VM_STOPPED && state->b == SG_CAUSE_DEADLINE) {
                printf("had %u ms\n", (unsigned)clock_ms_of_ticks(state->ticks - verifying_since));
        }
}

void service_run(const struct platform *platform, const struct sector_device *disk)
{
        (void)platform;
        (void)disk;
        irq_attach(GIC_SPI(SG_UPDATE_SPI), nothing, NULL);
        for (;;) {
                struct hv_event event;

                turn(&event);
                if (event.kind == SG_EV_LOAD_WANTED) {
                        must("LOAD_BEGIN", hvc_simple(SG_HC_LOAD_BEGIN, RT, 0, 0));
                } else if (event.kind == SG_EV_LOADABLE) {
                        end_late();
                } else if (event.kind == SG_EV_VM_STATE && event.vm == RT) {
                        note(&event);
                }
        }
}
