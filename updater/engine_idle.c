/* SPDX-License-Identifier: Apache-2.0 */
/* IDLE: lets guests start; looks for a package; without one, refills stale slots; otherwise waits.
 */
#include "updater/engine_internal.h"

#include <string.h>

/* Is there a package that was not looked at yet? What stands there is remembered by the digest of
 * its targets.json; by zeros when it is too damaged to have one. */
static bool found_new(struct engine *e)
{
        uint8_t digest[32] = {0};
        sg_err err = SG_E_NO_PACKAGE;

        if (e->cfg->inbox->size > 0) {
                err = package_peek(e->cfg->inbox, digest);
        }
        if (err == SG_E_NO_PACKAGE) {
                e->peeked = false;
                return false;
        }
        if (err != SG_OK) {
                memset(digest, 0, sizeof(digest));
        }
        if (e->peeked && memcmp(digest, e->peek, sizeof(digest)) == 0) {
                return false;
        }
        e->peeked = true;
        memcpy(e->peek, digest, sizeof(digest));
        if (err != SG_OK) {
                engine_tell_refused(e, err);
        }
        return err == SG_OK;
}

/* Guests that are being started come first: they need the disk, and until they run hv may still
 * turn to the other slot. A guest that does not come up holds an update, perhaps its remedy, back
 * for START_MS only. */
static bool guests_starting(const struct engine *e)
{
        if (engine_now(e) >= e->start_until_ms) {
                return false;
        }
        for (uint32_t i = 0; i < e->cfg->guest_count; i++) {
                struct vm_info vm = {SG_VM_FAILED, SG_SLOT_NONE};
                e->ports->hv.vm_info(e->ports->ctx, e->cfg->guests[i].vm, &vm);
                if (vm.state != SG_VM_RUNNING && vm.state != SG_VM_TRIAL &&
                    vm.state != SG_VM_FAILED) {
                        return true;
                }
        }
        return false;
}

enum engine_result engine_idle_step(struct engine *e)
{
        if (guests_starting(e)) {
                engine_wake_at(e, e->start_until_ms);
                return ENGINE_WAITING;
        }
        if (e->look) {
                e->look = false;
                if (found_new(e)) {
                        engine_refill_drop(e);
                        engine_go(e, ENGINE_DOWNLOADING);
                        return ENGINE_BUSY;
                }
        }
        return engine_refill_step(e) ? ENGINE_BUSY : ENGINE_WAITING;
}
