/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for whoever measures: starts, exits by cause, beats (docs/events.md, 80 and on). */
#ifndef UPDATER_EL1_STATISTICS_H
#define UPDATER_EL1_STATISTICS_H

#include <stdint.h>

#include "updater/el1/boots.h"

/* The start that ended with a hello at `now` (ticks). */
void statistics_boot(const char *guest, uint32_t vm, const struct boot *boot, uint64_t now);

/* hv's counters for a VM: its exits by cause; its beats. One line each. */
void statistics_exits(const char *guest, uint32_t vm, uint64_t now);
void statistics_beats(const char *guest, uint32_t vm, uint64_t now);

#endif
