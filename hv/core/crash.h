/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HV_CORE_CRASH_H
#define HV_CORE_CRASH_H

#include <stddef.h>
#include <stdint.h>

/* Built by hv/arch/vectors.S on the core's crash stack. */
struct crash_frame {
        uint64_t x[31];
        uint64_t sp;
        uint64_t reserved[2];
};

/* An exception in hv itself: kind is the vector's number, 0..7. */
_Noreturn void crash_main(struct crash_frame *frame, uint64_t kind);

/* A sink for hv_log() that waits for the wire (a bounded time): before the consoles are up and
 * after a panic. */
void log_to_wire(const char *line, size_t size);

#endif
