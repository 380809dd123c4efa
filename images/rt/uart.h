/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 (Arm DDI 0183): polled output, interrupt-driven input of lines. */
#ifndef RT_UART_H
#define RT_UART_H

#include <stdint.h>

#define UART_LINE 128

struct uart {
        uintptr_t base;
        char line[UART_LINE];
        unsigned used; /* bytes of the line so far; UART_LINE: too long, dropped up to its LF */
};

void uart_start(struct uart *u, uintptr_t base);
void uart_puts(struct uart *u, const char *s);

/* Takes what has arrived, clears the interrupt and calls `line` for each whole line, without its
 * LF; the text is the callee's until it returns. */
void uart_interrupt(struct uart *u, void (*line)(char *text));

#endif
