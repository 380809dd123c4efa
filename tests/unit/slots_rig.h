/* SPDX-License-Identifier: Apache-2.0 */
/* Boot states to begin with, for the tests of the slots. */
#ifndef TESTS_UNIT_SLOTS_RIG_H
#define TESTS_UNIT_SLOTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootflow/slots.h"

enum { FLOOR = 5, TOKEN = 7 };
extern const struct bf_limits limits; /* 3 tries, 10 interrupted */

struct bf_image_id image(uint8_t name, uint32_t counter);
/* A guest that runs image 'a' (counter FLOOR) from slot 0; slot 1 is empty. */
struct bf_guest provisioned(void);
/* The same, with 'b' staged in slot 1. */
struct bf_guest staged(uint32_t counter);
/* Of that 'b', with TOKEN. */
void start_trial(struct bf_guest *g, uint32_t counter);
void expect_boot(const struct bf_guest *g, bf_refused refused, uint8_t slot, bool trial);

#endif
