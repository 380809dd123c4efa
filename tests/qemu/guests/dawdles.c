// SPDX-License-Identifier: Apache-2.0
/* An update partition that is alive and does not load: it is deaf to the first wish, then begins
 * each load and copies nothing. */
#include "updater/el1/service.h"

#include <stdio.h>

#include "updater/el1/beat.h"
#include "updater/el1/clock.h"
#include "updater/el1/fault.h"
#include "updater/el1/gic.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"

#define RT 1

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

void service_run(const struct platform *platform, const struct sector_device *disk)
{
        unsigned wishes = 0;

        (void)platform;
        (void)disk;
        irq_attach(GIC_SPI(SG_UPDATE_SPI), nothing, NULL);
        for (;;) {
                struct hv_event event;

                turn(&event);
                if (event.kind == SG_EV_LOAD_WANTED) {
                        printf("wish %u\n", ++wishes);
                        if (wishes > 1 && hvc_simple(SG_HC_LOAD_BEGIN, RT, 0, 0) != SG_HC_OK) {
                                panic("FAILED: LOAD_BEGIN");
                        }
                } else if (event.kind == SG_EV_LOADABLE) {
                        printf("lent\n");
                }
        }
}
