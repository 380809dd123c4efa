// SPDX-License-Identifier: Apache-2.0
#include "images/rt/beats.h"

#include <stdio.h>

static const uint64_t bin_limit_us[BEATS_BINS] = {1000, 10000, 50000, 250000};

void beats_take(struct beats *b, uint64_t late_us)
{
        b->count++;
        if (late_us > b->worst_us) {
                b->worst_us = late_us;
        }
        for (int i = 0; i < BEATS_BINS; i++) {
                if (late_us < bin_limit_us[i]) {
                        b->late[i]++;
                        return;
                }
        }
        b->lost++;
}

int beats_line(const struct beats *b, char *line)
{
        return snprintf(line, BEATS_LINE, "beats %llu %llu %llu %llu %llu %llu %llu\n",
                        (unsigned long long)b->count, (unsigned long long)b->lost,
                        (unsigned long long)b->worst_us, (unsigned long long)b->late[0],
                        (unsigned long long)b->late[1], (unsigned long long)b->late[2],
                        (unsigned long long)b->late[3]);
}
