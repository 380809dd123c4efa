/* SPDX-License-Identifier: Apache-2.0 */
/* The console: a PL011 at the address that every guest map has it at (docs: the guest's map). */
#ifndef UPDATER_EL1_CONSOLE_H
#define UPDATER_EL1_CONSOLE_H

#include <stdint.h>

#define CONSOLE_BASE 0x09000000u

/* Works from the first C instruction on, mapped or not; picolibc's stdout goes the same way. */
void console_init(void);
void console_putc(char c);
void console_puts(const char *text);
/* 16 digits with 0x before them. */
void console_put_hex(uint64_t value);

#endif
