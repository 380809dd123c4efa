/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/boots.h"

#include <string.h>

static void note_state(struct boot *boot, enum sg_vm_state state, uint64_t ticks)
{
        if (state == SG_VM_STOPPED) {
                /* A start that did not come as far as hello only makes the absence longer. */
                *boot = (struct boot){.since = boot->since != 0 ? boot->since : ticks};
        } else if (state == SG_VM_VERIFYING) {
                boot->loaded = ticks;
        }
}

void boots_event(struct boots *boots, const struct hv_event *event)
{
        struct boot *boot = &boots->boot;

        switch (event->kind) {
        case SG_EV_VM_STATE:
                note_state(boot, (enum sg_vm_state)event->a, event->ticks);
                break;
        case SG_EV_LOAD_WANTED:
                if (boot->since == 0) {
                        boot->since = event->ticks;
                }
                break;
        case SG_EV_LOADABLE:
                boot->lent = event->ticks;
                break;
        case SG_EV_STARTED:
                boot->entered = event->ticks;
                boot->slot = (uint32_t)event->a;
                boot->trial = event->b != 0;
                memset(&boots->rx, 0, sizeof(boots->rx));
                break;
        default:
                break;
        }
}

bool boots_agent_bytes(struct boots *boots, const char *bytes, size_t count, struct boot *done)
{
        bool hello = false;

        for (size_t i = 0; i < count; i++) {
                struct agent_message message;

                if (agent_feed(&boots->rx, bytes[i], &message) == AGENT_HELLO) {
                        hello = true;
                }
        }
        /* Without `since` this program was started later than the guest: there is nothing to say.
         */
        if (!hello || boots->boot.entered == 0 || boots->boot.since == 0) {
                return false;
        }
        *done = boots->boot;
        memset(&boots->boot, 0, sizeof(boots->boot));
        return true;
}
