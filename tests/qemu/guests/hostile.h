/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile update partition's two halves: what it asks for, and what it loads (hostile.c). */
#ifndef TESTS_QEMU_HOSTILE_H
#define TESTS_QEMU_HOSTILE_H

#include <stdbool.h>
#include <stdint.h>

#define UPDATE    0
#define RT        1 /* the guest that is attacked */
#define BYSTANDER 2

/* Says `ok <what>` or `FAILED <what>`. */
void hostile_expect(const char *what, bool good);

/* Every hypercall with every kind of bad argument, while all guests run: each gets its error, and
 * none changes a slot or a VM. */
void hostile_calls(void);

#endif
