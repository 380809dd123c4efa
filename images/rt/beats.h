/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A beat is one timer interrupt taken. A late beat is caught up (the deadlines do not move); a beat
 * that comes 250 ms late or later is lost. Counts only rise.
 */
#ifndef RT_BEATS_H
#define RT_BEATS_H

#include <stdint.h>

enum { BEATS_LT1MS, BEATS_LT10MS, BEATS_LT50MS, BEATS_LT250MS, BEATS_BINS };

struct beats {
        uint64_t count;
        uint64_t lost;
        uint64_t worst_us; /* lateness */
        uint64_t late[BEATS_BINS];
};

/* One beat that was due `late_us` microseconds ago. */
void beats_take(struct beats *b, uint64_t late_us);

/* "beats <count> <lost> <worst_us> <lt1ms> <lt10ms> <lt50ms> <lt250ms>\n" into a buffer of
 * BEATS_LINE bytes; returns the length without the NUL (docs/agent-protocol.md). */
#define BEATS_LINE 160
int beats_line(const struct beats *b, char *line);

#endif
