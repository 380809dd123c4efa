// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/life.h"

#define TO(state) (1u << SG_VM_##state)

/* From each state, the states that may follow. */
static const uint8_t legal[] = {
        [SG_VM_CREATED] = TO(STOPPED),
        /* RUNNING: update alone, which hv places from its pristine copy. */
        [SG_VM_STOPPED] = TO(LOADING) | TO(RUNNING) | TO(FAILED),
        [SG_VM_LOADING] = TO(VERIFYING) | TO(STOPPED),
        [SG_VM_VERIFYING] = TO(RUNNING) | TO(TRIAL) | TO(STOPPED),
        [SG_VM_RUNNING] = TO(STOPPED),
        [SG_VM_TRIAL] = TO(RUNNING) | TO(STOPPED),
        /* Either slot was given an image again. */
        [SG_VM_FAILED] = TO(STOPPED),
};

#define STATES (sizeof(legal) / sizeof(legal[0]))

bool life_may(enum sg_vm_state from, enum sg_vm_state to)
{
        return from < STATES && to < STATES && (legal[from] >> to & 1);
}

bool life_move(struct life *life, enum sg_vm_state to, enum sg_cause cause, uint64_t now)
{
        if (!life_may(life->state, to))
                return false;
        if (to == SG_VM_STOPPED && (life->state == SG_VM_RUNNING || life->state == SG_VM_TRIAL))
                life->restarts++;
        life->state = to;
        life->cause = cause;
        life->changed_at = now;
        return true;
}

bool life_was_calm(const struct life *life, uint64_t now, uint64_t ticks)
{
        return life->state == SG_VM_RUNNING && now - life->changed_at >= ticks;
}

const char *life_state_name(enum sg_vm_state state)
{
        static const char *const names[] = {
                [SG_VM_CREATED] = "created", [SG_VM_STOPPED] = "stopped",
                [SG_VM_LOADING] = "loading", [SG_VM_VERIFYING] = "verifying",
                [SG_VM_RUNNING] = "running", [SG_VM_TRIAL] = "trial",
                [SG_VM_FAILED] = "failed",
        };

        return state < STATES ? names[state] : "?";
}

const char *life_cause_name(enum sg_cause cause)
{
        static const char *const names[] = {
                [SG_CAUSE_NONE] = "none",
                [SG_CAUSE_RESET] = "reset",
                [SG_CAUSE_OFF] = "off",
                [SG_CAUSE_FAULT] = "fault",
                [SG_CAUSE_DEADLINE] = "deadline",
                [SG_CAUSE_RESTART] = "restart",
                [SG_CAUSE_LOAD_FAILED] = "load failed",
                [SG_CAUSE_VERIFY_FAILED] = "verify failed",
                [SG_CAUSE_INTERRUPTED] = "interrupted",
        };

        return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "?";
}
