/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/beat.h"

#include "updater/el1/clock.h"
#include "updater/el1/hv_calls.h"

uint64_t beat(void)
{
        static uint64_t due;
        const uint64_t now = clock_ms();

        if (now >= due) {
                due = now + hv_calls_beat() / 2;
        }
        return due;
}
