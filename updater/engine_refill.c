/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stale or failed slot cannot boot: when there is nothing else to do it gets the active slot's
 * bytes, so that the guest has two good slots again. The copy's digest is compared with hv's before
 * hv is told; a power cut leaves the slot unbootable as it was.
 */
#include "updater/engine_internal.h"

#include "bootflow/image.h"
#include <string.h>

static void tell(struct engine *e, enum event_number number, uint64_t value)
{
        const struct refill *r = &e->refill;
        struct event_line l;

        event_begin(&l, number, r->guest->name);
        event_u64(&l, "slot", r->slot);
        if (number == EVENT_REFILL_BEGIN) {
                event_u64(&l, "bytes", value);
        } else if (number == EVENT_REFILL_FAILED) {
                event_u64(&l, "error", value);
        }
        engine_event(e, &l);
}

void engine_refill_drop(struct engine *e)
{
        memset(&e->refill, 0, sizeof(e->refill));
}

static void end(struct engine *e, sg_err error)
{
        tell(e, error == SG_OK ? EVENT_REFILLED : EVENT_REFILL_FAILED, (uint64_t)error);
        engine_guest_state(e, e->refill.guest)->refill_checked = true;
        engine_refill_drop(e);
}

/* A slot that needs it, with an active one to copy from. */
static bool needs_refill(const struct engine *e, const struct engine_guest *guest, uint32_t *slot,
                         uint8_t digest[32])
{
        struct slot_info active, other;
        uint32_t from = engine_active_slot(e, guest->vm, &active);

        bool at_work = e->checkpoint.job.present && e->checkpoint.job.vm == guest->vm;

        if (at_work || from == SG_SLOT_NONE || (active.flags & SG_SLOT_F_SUCCESSFUL) == 0) {
                return false;
        }
        *slot = from ^ 1;
        memcpy(digest, active.digest, 32);
        return engine_slot_info(e, guest->vm, *slot, &other) == SG_HC_OK &&
               (other.flags & (SG_SLOT_F_STALE | SG_SLOT_F_FAILED)) != 0 &&
               (other.flags & SG_SLOT_F_TRIAL) == 0;
}

static void begin(struct engine *e)
{
        struct refill *r = &e->refill;
        const struct storage *from = &r->guest->slot[r->slot ^ 1];
        const struct bf_image_source source = {(void *)from, from->size, engine_read_image};
        struct bf_image_layout layout;
        sg_err err = bf_image_read_layout(&source, &layout);

        if (err == SG_OK && layout.size > r->guest->slot[r->slot].size) {
                err = SG_E_SLOT_TOO_SMALL;
        }
        if (err != SG_OK) {
                end(e, err);
                return;
        }
        r->total = layout.size;
        mbedtls_sha256_init(&r->sha);
        mbedtls_sha256_starts(&r->sha, 0);
        progress_begin(&e->progress);
        tell(e, EVENT_REFILL_BEGIN, r->total);
}

static bool find(struct engine *e)
{
        struct refill *r = &e->refill;

        for (uint32_t i = 0; i < e->cfg->guest_count; i++) {
                const struct engine_guest *guest = &e->cfg->guests[i];
                if (e->guest[i].refill_checked) {
                        continue;
                }
                if (needs_refill(e, guest, &r->slot, r->digest)) {
                        r->guest = guest;
                        begin(e);
                        return true;
                }
                e->guest[i].refill_checked = true;
        }
        return false;
}

static sg_err finish(struct engine *e)
{
        struct refill *r = &e->refill;
        uint8_t digest[32];

        mbedtls_sha256_finish(&r->sha, digest);
        if (memcmp(digest, r->digest, sizeof(digest)) != 0) {
                return SG_E_BASE_CHANGED;
        }
        sg_err err = storage_flush(&r->guest->slot[r->slot]);
        if (err != SG_OK) {
                return err;
        }
        return engine_hv_error(e->ports->hv.refill(e->ports->ctx, r->guest->vm, r->slot));
}

static void copy(struct engine *e)
{
        struct refill *r = &e->refill;
        uint64_t left = r->total - r->done;
        size_t n = left < IO_SIZE ? (size_t)left : IO_SIZE;

        sg_err err = storage_read(&r->guest->slot[r->slot ^ 1], r->done, e->io, n);
        if (err == SG_OK) {
                err = storage_write(&r->guest->slot[r->slot], r->done, e->io, n);
        }
        if (err != SG_OK) {
                end(e, err);
                return;
        }
        mbedtls_sha256_update(&r->sha, e->io, n);
        r->done += n;
        progress_tell(e, &e->progress, EVENT_REFILL_PROGRESS, r->guest->name, r->done, r->total);
        if (r->done == r->total) {
                end(e, finish(e));
        }
}

bool engine_refill_step(struct engine *e)
{
        if (e->refill.guest == NULL) {
                return find(e);
        }
        copy(e);
        return true;
}
