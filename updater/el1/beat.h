/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv's watch over this partition: it is started again when a beat is overdue. Whoever has a loop of
 * work beats once in each turn and sleeps no longer than to the next; nothing below it beats, so
 * that what hangs there is noticed.
 */
#ifndef UPDATER_EL1_BEAT_H
#define UPDATER_EL1_BEAT_H

#include <stdint.h>

/* Beats when half of the time that hv allows is over. Returns when to call it again, in clock_ms().
 */
uint64_t beat(void);

#endif
