/* SPDX-License-Identifier: Apache-2.0 */
/* One end of an arithmetic code: so that a walk over what is coded is the same in both directions.
 */
#ifndef SEGUE_DELTA_CODER_H
#define SEGUE_DELTA_CODER_H

#include <stdbool.h>
#include <stdint.h>

struct coder {
        /* A bit that is 1 with a likelihood of one / 65536: to be written, or returned. */
        bool (*bit)(struct coder *c, uint32_t one, bool bit);
};

#endif
