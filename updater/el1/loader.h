/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader: brings a slot's image from the disk into the RAM of a VM that is about to start.
 *
 *      IDLE --wanted--> ASKED --lent--> COPYING --last byte--> IDLE (LOAD_END)
 *                         \____________________\--trouble----> IDLE (LOAD_ABORT)
 *
 * One loader per VM; loader_step() does a bounded piece of work, so that a caller with several
 * takes turns with whatever else there is to do. The disk cannot reach lent memory: a step reads
 * into a buffer of the caller's and copies from there. Pure but for its operations.
 */
#ifndef UPDATER_EL1_LOADER_H
#define UPDATER_EL1_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

#include "updater/storage.h"

#define LOADER_STEP (1u << 20) /* bytes of one step, and of the buffer */

struct loader_ops {
        void *ctx;
        /* SG_HC_LOAD_BEGIN, _END, _ABORT; each returns SG_HC_*. *slot: set with SG_HC_OK. */
        int64_t (*begin)(void *ctx, uint32_t vm, uint32_t *slot);
        int64_t (*end)(void *ctx, uint32_t vm, uint64_t size);
        int64_t (*abort)(void *ctx, uint32_t vm, sg_err why);
        /* Makes the lent region addressable at its address, and takes that away again. */
        void (*map)(void *ctx, uint64_t base, uint64_t size);
        void (*unmap)(void *ctx, uint64_t base, uint64_t size);
};

enum loader_state { LOADER_IDLE, LOADER_ASKED, LOADER_COPYING };

struct loader {
        const struct loader_ops *ops;
        const struct storage *slots; /* the VM's two; size 0: not there */
        uint8_t *buffer;             /* LOADER_STEP bytes */
        uint32_t vm;
        enum loader_state state;
        uint32_t slot;
        uint64_t base; /* of the lent region */
        uint64_t room;
        uint64_t size; /* of the image; 0: not known yet */
        uint64_t done;
};

/* slots and buffer outlive the loader; a buffer may be shared by all loaders. */
void loader_init(struct loader *loader, const struct loader_ops *ops, uint32_t vm,
                 const struct storage slots[2], uint8_t *buffer);

/* SG_EV_LOAD_WANTED, or a VM found waiting; hv says for which slot. Does nothing while it copies;
 * what was only asked for may have been stopped since, and is asked for again. Returns hv's answer
 * to LOAD_BEGIN. */
int64_t loader_wanted(struct loader *loader);

/* A VM was found LOADING that slot, though nothing of it is known here: the region is asked for
 * again. */
void loader_again(struct loader *loader, uint32_t slot);

/* SG_EV_LOADABLE. */
void loader_lent(struct loader *loader, uint64_t base, uint64_t size);

/* hv took the region back, or the VM left LOADING: nothing may be touched any more. */
void loader_withdrawn(struct loader *loader);

bool loader_busy(const struct loader *loader); /* a step is due */

/*
 * One piece of work. Returns SG_OK; *finished is true when the load ended with this step. An error
 * is what was told hv by LOAD_ABORT, or SG_E_HV_REFUSED when hv did not take the load.
 */
sg_err loader_step(struct loader *loader, bool *finished);

#endif
