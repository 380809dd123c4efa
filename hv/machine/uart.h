/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's PL011. Before uart_init() only the address is needed; nothing here waits for the
 * wire but uart_write_wait().
 */
#ifndef HV_MACHINE_UART_H
#define HV_MACHINE_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The device must be mapped there: it is made ready to send, if it is not. */
void uart_set_base(uintptr_t base);

/* FIFOs on; interrupts for received bytes on. */
void uart_init(void);

/* As many bytes as the FIFO takes now. */
size_t uart_write(const uint8_t *bytes, size_t size);

/* Early messages, and the crash path: polls, a bounded time for each byte. */
void uart_write_wait(const char *text, size_t size);

/* The next received byte, or -1. The receive interrupts go when there is none. */
int uart_read(void);

#endif
