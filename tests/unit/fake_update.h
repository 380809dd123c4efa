/* SPDX-License-Identifier: Apache-2.0 */
/* update's program, as far as it loads: loads.c and loader.c, with the turns that service.c gives
 * them. It has headers of its own, which do not go together with hv's. */
#ifndef TESTS_FAKE_UPDATE_H
#define TESTS_FAKE_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "updater/storage.h"

#define FAKE_UPDATE_STEP (1u << 20) /* bytes that it loads in a turn */

struct fake_update {
        unsigned first_vm, vms;        /* the guests' numbers */
        const struct storage *slot[2]; /* each guest's */
        /* A hypercall: results are x1.. */
        int64_t (*call)(uint64_t function, const uint64_t args[7], uint64_t results[7]);
        /* A guest's lent region, in the host's memory, about to be written; NULL: update has no
         * such region. */
        void *(*region)(unsigned vm);
};

/* It is entered. */
void fake_update_begin(const struct fake_update *with);

/* An event, or a piece of a load. false: it touched what it does not have, and ends. */
bool fake_update_turn(void);

#endif
