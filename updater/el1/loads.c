/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/loads.h"

#include <stdio.h>

#include "updater/el1/hv_calls.h"

void loads_want(struct guest *guest)
{
        const int64_t result = loader_wanted(&guest->loader);

        if (result != SG_HC_OK) {
                printf("%s: hv refused to have it loaded (%d)\n", guest->vm->name, (int)result);
        }
}

static void ask_about(struct guest *guest)
{
        struct hv_vm_info info;

        if (hv_calls_vm_info(guest->vm->index, &info) != SG_HC_OK) {
                return;
        }
        if (info.state == SG_VM_LOADING) {
                loader_again(&guest->loader, info.slot);
        } else if (info.state == SG_VM_STOPPED && info.slot != SG_SLOT_NONE) {
                loader_withdrawn(&guest->loader);
                loads_want(guest);
        }
}

void loads_ask(struct guests *guests)
{
        for (unsigned i = 0; i < guests->count; i++) {
                ask_about(&guests->guest[i]);
        }
}

static void report(const struct guest *guest, sg_err err)
{
        const char slot = "ab"[guest->loader.slot & 1];

        if (err == SG_OK) {
                printf("%s: slot %c is loaded, %u KiB\n", guest->vm->name, slot,
                       (unsigned)(guest->loader.size >> 10));
        } else {
                printf("%s: slot %c was not loaded: error %d: %s\n", guest->vm->name, slot,
                       (int)err, sg_strerror(err));
        }
}

bool loads_step(struct guests *guests)
{
        for (unsigned i = 0; i < guests->count; i++) {
                struct guest *guest = &guests->guest[i];

                if (loader_busy(&guest->loader)) {
                        bool finished;
                        const sg_err err = loader_step(&guest->loader, &finished);

                        if (finished) {
                                report(guest, err);
                        }
                        return true;
                }
        }
        return false;
}
