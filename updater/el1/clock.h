/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the physical counter, which hv's events carry too and which runs on from power-on while
 * this partition is restarted; and the virtual timer as the one alarm that ends a sleep.
 */
#ifndef UPDATER_EL1_CLOCK_H
#define UPDATER_EL1_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX

/* Needs gic_init(). Panics when the counter has no frequency. */
void clock_init(void);

uint64_t clock_ticks(void);
uint64_t clock_ms(void);
uint64_t clock_ticks_of_ms(uint64_t ms);
uint64_t clock_ms_of_ticks(uint64_t ticks);

/* Sleeps until there is an interrupt or it is `deadline` (in ticks; CLOCK_NEVER), and has the
 * handlers run for what is pending. */
void clock_wait_until(uint64_t deadline);

#endif
