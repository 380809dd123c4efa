// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/boot_state.h"

#include <string.h>

#include "bootflow/journal.h"
#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/spinlock.h"
#include "hv/vm/vm.h"

static_assert(VM_MAX <= BF_GUESTS_MAX, "the journal has room for every VM");

/* Housekeeping core only. */
static struct bf_journal journal;
static bool background_wanted; /* until the spare block is erased, after each write anew */

/* The durable state as all cores see it. */
static struct {
        struct spinlock lock;
        sg_err error; /* of the mount; then nobody has a state */
        struct {
                bool known;
                bf_refused refused;
                struct bf_guest guest;
        } vm[VM_MAX];
} shared;

sg_err boot_state_init(const struct bf_flash *flash)
{
        sg_err e = flash ? bf_journal_mount(&journal, flash) : SG_E_NOR_ABSENT;

        memset(&shared, 0, sizeof(shared));
        shared.error = e;
        background_wanted = e == SG_OK;
        for (uint32_t i = 0; e == SG_OK && i < VM_MAX; i++) {
                const struct bf_guest *g = bf_journal_get(&journal, i);

                shared.vm[i].known = g != NULL;
                if (g)
                        shared.vm[i].guest = *g;
        }
        return e;
}

sg_err boot_state_read(const struct vm *vm, struct bf_guest *g, bf_refused *refused)
{
        sg_err e;

        spin_lock(&shared.lock);
        e = shared.error;
        if (e == SG_OK && !shared.vm[vm->index].known)
                e = SG_E_STATE_NO_GUEST;
        if (e == SG_OK) {
                *g = shared.vm[vm->index].guest;
                *refused = shared.vm[vm->index].refused;
        }
        spin_unlock(&shared.lock);
        return e;
}

static void publish(const struct vm *vm, const struct bf_guest *g, bf_refused refused)
{
        spin_lock(&shared.lock);
        shared.vm[vm->index].guest = *g;
        shared.vm[vm->index].refused = refused;
        spin_unlock(&shared.lock);
}

static void change_here(void *arg)
{
        struct boot_change *c = arg;
        bf_refused refused;

        c->storage = SG_OK;
        c->refusal = boot_state_read(c->vm, &c->before, &refused);
        if (c->refusal != SG_OK)
                return;
        c->after = c->before;
        c->refusal = c->apply(&c->after, c);
        if (c->refusal != SG_OK)
                return;
        c->storage = bf_journal_put(&journal, c->vm->index, &c->after);
        background_wanted = true;
        if (c->storage != SG_OK) {
                hv_log("boot state: cannot write: error %d: %s", c->storage,
                       sg_strerror(c->storage));
                publish(c->vm, c->happened ? &c->after : &c->before, refused | c->refuse);
                return;
        }
        refused &= (bf_refused)~c->forgive;
        publish(c->vm, &c->after, refused | c->refuse);
}

bool boot_state_change(struct boot_change *c)
{
        housekeeping_call(change_here, c);
        return c->refusal == SG_OK && c->storage == SG_OK;
}

bool boot_state_background_wanted(void)
{
        return background_wanted;
}

bool boot_state_background(void)
{
        sg_err e;

        if (!background_wanted)
                return false;
        e = bf_journal_housekeep(&journal, &background_wanted);
        if (e != SG_OK) {
                /* Tried again after the next write, which erases by itself if it has to. */
                background_wanted = false;
                hv_log("boot state: cannot erase ahead: error %d: %s", e, sg_strerror(e));
        }
        return background_wanted;
}
