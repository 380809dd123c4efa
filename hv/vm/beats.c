/* SPDX-License-Identifier: Apache-2.0 */
/* The histogram of late beats. */
#include <segue/hypercall.h>

#include "hv/vm/timer.h"

void timer_count_beat(uint64_t *counters, uint64_t late_us)
{
        static const struct {
                uint64_t below_us;
                enum sg_counter counter;
        } bins[] = {
                {1000, SG_CNT_LATE_LT1MS},
                {10000, SG_CNT_LATE_LT10MS},
                {50000, SG_CNT_LATE_LT50MS},
                {250000, SG_CNT_LATE_LT250MS},
        };
        enum sg_counter counter = SG_CNT_LATE_LOST;

        for (unsigned i = sizeof(bins) / sizeof(bins[0]); i-- > 0;) {
                if (late_us < bins[i].below_us)
                        counter = bins[i].counter;
        }
        counters[SG_CNT_TIMER]++;
        counters[counter]++;
        if (late_us > counters[SG_CNT_LATE_WORST_US])
                counters[SG_CNT_LATE_WORST_US] = late_us;
}
