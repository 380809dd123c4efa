// SPDX-License-Identifier: Apache-2.0
/*
 * An update partition that ends in a different way each time it is started; in between it loads the
 * guests. The first end comes in the middle of a load.
 */
#include "updater/el1/service.h"

#include <stdio.h>

#include <segue/hypercall.h>

#include "tests/qemu/guests/only_loads.h"
#include "updater/el1/fault.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"
#include "updater/el1/sysreg.h"

#define PSCI_SYSTEM_OFF 0x84000008u
#define SCTLR_M         UINT64_C(1)
#define PAUSE_MS        300 /* for the guests to get on */
#define RT              1

static void wild_write(void)
{
        *(volatile uint32_t *)(uintptr_t)0x5e000000 = 1;
}

static void broken_assumption(void)
{
        panic("on purpose");
}

static void no_vectors(void)
{
        sysreg_write("vbar_el1", 0);
        sysreg_write("sctlr_el1", sysreg_read("sctlr_el1") & ~SCTLR_M);
        isb();
        wild_write();
}

static void hang(void)
{
        for (;;) {
        }
}

static void power_off(void)
{
        hvc_simple(PSCI_SYSTEM_OFF, 0, 0, 0);
}

static const struct {
        const char *name;
        void (*end)(void);
} ends[] = {
        {"in the middle of a load", wild_write},
        {"by a wild write", wild_write},
        {"by a panic", broken_assumption},
        {"without vectors", no_vectors},
        {"by power off", power_off},
        {"by a reset", hvc_reset},
        {"in a loop", hang},
};

#define ENDS (sizeof(ends) / sizeof(ends[0]))

static uint32_t lives_before(void)
{
        struct hv_vm_info info;

        if (hv_calls_vm_info(SG_VM_SELF, &info) != SG_HC_OK || info.restarts >= ENDS) {
                panic("FAILED: restarts");
        }
        return info.restarts;
}

static bool is_rt_running(void)
{
        struct hv_vm_info info;

        return hv_calls_vm_info(RT, &info) == SG_HC_OK && info.state == SG_VM_RUNNING;
}

void service_run(const struct platform *platform, const struct sector_device *disk)
{
        const uint32_t life = lives_before();
        struct hv_event event;

        printf("life %u\n", (unsigned)life);
        only_loads_start(platform, disk);
        while (life == 0 ? !only_loads_busy() : !is_rt_running()) {
                only_loads_turn(&event);
        }
        if (life != 0) {
                only_loads_pause(PAUSE_MS);
        }
        printf("ends %s\n", ends[life].name);
        ends[life].end();
        panic("FAILED: still here");
}
