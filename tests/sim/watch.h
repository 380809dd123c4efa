/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands between the parts at link time (--wrap): what the journals acknowledged must still be
 * there after a cut, and single flushes and journal writes can be taken away, to see
 * that the simulation notices.
 */
#ifndef TESTS_SIM_WATCH_H
#define TESTS_SIM_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bootflow/slots.h"

/* Nothing was acknowledged yet, nothing is taken away. */
void watch_reset(void);
/* The boot state as last acknowledged, or as mounted since. */
const struct bf_guest *watch_boot(uint32_t vm);

/* Take away the n-th (from 1) since watch_reset(): it says SG_OK and does nothing. 0: none. */
void watch_drop_boot_write(uint64_t n);
void watch_drop_save(uint64_t n);
/* Take away the flush with which the engine's journal is loaded. */
void watch_drop_load_flush(bool on);
uint64_t watch_boot_writes(void);
uint64_t watch_saves(void);
/* What was taken away was not made up for by a later write yet. */
bool watch_lies(void);

#endif
