/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/loader.h"

#include <string.h>

#include <segue/hypercall.h>

#include "bootflow/image.h"

void loader_init(struct loader *loader, const struct loader_ops *ops, uint32_t vm,
                 const struct storage slots[2], uint8_t *buffer)
{
        *loader = (struct loader){.ops = ops, .slots = slots, .vm = vm, .slot = SG_SLOT_NONE};
        loader->buffer = buffer;
}

int64_t loader_wanted(struct loader *loader)
{
        int64_t result;

        if (loader->state == LOADER_COPYING) {
                return SG_HC_OK;
        }
        result = loader->ops->begin(loader->ops->ctx, loader->vm, &loader->slot);
        if (result == SG_HC_OK) {
                loader->state = LOADER_ASKED;
        }
        /* Asked before, a refusal means that the event with the region's address is still to come.
         */
        return loader->state == LOADER_ASKED ? SG_HC_OK : result;
}

void loader_again(struct loader *loader, uint32_t slot)
{
        if (loader->state == LOADER_COPYING) {
                return;
        }
        loader->state = LOADER_ASKED;
        loader->slot = slot;
        /* A refusal means that the event with the region's address is still to come. */
        loader->ops->begin(loader->ops->ctx, loader->vm, &loader->slot);
}

void loader_lent(struct loader *loader, uint64_t base, uint64_t size)
{
        if (loader->state != LOADER_ASKED) {
                return;
        }
        loader->state = LOADER_COPYING;
        loader->base = base;
        loader->room = size;
        loader->size = 0;
        loader->done = 0;
        loader->ops->map(loader->ops->ctx, base, size);
}

static void leave(struct loader *loader)
{
        if (loader->state == LOADER_COPYING) {
                loader->ops->unmap(loader->ops->ctx, loader->base, loader->room);
        }
        loader->state = LOADER_IDLE;
}

void loader_withdrawn(struct loader *loader)
{
        leave(loader);
}

bool loader_busy(const struct loader *loader)
{
        return loader->state == LOADER_COPYING;
}

static sg_err read_slot(void *ctx, uint64_t offset, void *to, uint32_t length)
{
        return storage_read(ctx, offset, to, length);
}

/* How much of the slot is worth reading: header to last TLV. Its meaning is bootfw's to judge. */
static sg_err find_size(struct loader *loader, const struct storage *slot)
{
        const struct bf_image_source source = {
                .ctx = (void *)(uintptr_t)slot, .size = slot->size, .read = read_slot};
        struct bf_image_layout layout;
        const sg_err err = bf_image_read_layout(&source, &layout);

        if (err != SG_OK) {
                return err;
        }
        if (layout.size > loader->room) {
                return SG_E_TOO_LARGE;
        }
        loader->size = layout.size;
        return SG_OK;
}

static sg_err copy_piece(struct loader *loader, const struct storage *slot)
{
        const uint64_t left = loader->size - loader->done;
        const size_t piece = left < LOADER_STEP ? (size_t)left : LOADER_STEP;
        const sg_err err = storage_read(slot, loader->done, loader->buffer, piece);

        if (err == SG_OK) {
                memcpy((void *)(uintptr_t)(loader->base + loader->done), loader->buffer, piece);
                loader->done += piece;
        }
        return err;
}

static sg_err work(struct loader *loader)
{
        const struct storage *slot = &loader->slots[loader->slot & 1];

        if (loader->slot > 1 || slot->size == 0) {
                return SG_E_PARTITION;
        }
        return loader->size == 0 ? find_size(loader, slot) : copy_piece(loader, slot);
}

sg_err loader_step(struct loader *loader, bool *finished)
{
        const sg_err err = work(loader);

        *finished = err != SG_OK || (loader->size != 0 && loader->done == loader->size);
        if (!*finished) {
                return SG_OK;
        }
        leave(loader);
        if (err != SG_OK) {
                loader->ops->abort(loader->ops->ctx, loader->vm, err);
                return err;
        }
        return loader->ops->end(loader->ops->ctx, loader->vm, loader->size) == SG_HC_OK
                       ? SG_OK
                       : SG_E_HV_REFUSED;
}
