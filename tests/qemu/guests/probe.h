/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses of the update partition that may fail (probe.S). */
#ifndef TESTS_QEMU_PROBE_H
#define TESTS_QEMU_PROBE_H

#include <stdint.h>

/* Return ESR_EL1 of the exception that the access took; 0: it went through. */
uint64_t probe_read(uint64_t address);
uint64_t probe_write(uint64_t address);

/* For VBAR_EL1. */
extern char probe_vectors[];

/* A data abort of this exception level that came from outside (Arm ARM, ESR_EL1: EC 0x25, DFSC
 * 0x10). */
#define PROBE_EXTERNAL_ABORT(esr) (((esr) >> 26) == 0x25 && ((esr)&0x3f) == 0x10)

#endif
