/* SPDX-License-Identifier: Apache-2.0 */
/* The NOR bank (CFI, Intel command set), EL2's alone. (Proposal by the hv lead; shape it to
 * bootflow's journal ops.) */
#ifndef HV_MACHINE_NOR_H
#define HV_MACHINE_NOR_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>

sg_err nor_init(uint64_t base, uint64_t size);
uint32_t nor_block_size(void);
sg_err nor_read(uint64_t offset, void *buf, uint32_t size);
/* The words must be blank; polls with a bound. */
sg_err nor_program(uint64_t offset, const void *buf, uint32_t size);
/* Starts; nor_erase_step() suspends and resumes around programs. */
sg_err nor_erase_start(uint64_t offset);
sg_err nor_erase_step(bool *done);

#endif
