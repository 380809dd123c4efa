// SPDX-License-Identifier: Apache-2.0
#include "images/rt/uart.h"

#include <stddef.h>

#define DR      0x00
#define FR      0x18
#define LCRH    0x2c
#define CR      0x30
#define IMSC    0x38
#define ICR     0x44

#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define INT_RX  (1u << 4)
#define INT_RT  (1u << 6)

static volatile uint32_t *reg(const struct uart *u, unsigned offset)
{
        return (volatile uint32_t *)(u->base + offset);
}

void uart_start(struct uart *u, uintptr_t base)
{
        u->base = base;
        u->used = 0;
        *reg(u, LCRH) = (3u << 5) | (1u << 4); /* 8 bits, FIFOs */
        *reg(u, CR) = (1u << 0) | (1u << 8) | (1u << 9);
        *reg(u, IMSC) = INT_RX | INT_RT;
}

void uart_puts(struct uart *u, const char *s)
{
        for (; *s != '\0'; s++) {
                while (*reg(u, FR) & FR_TXFF) {
                }
                *reg(u, DR) = (uint8_t)*s;
        }
}

static void take(struct uart *u, char c, void (*line)(char *text))
{
        if (c == '\n') {
                if (u->used < UART_LINE) {
                        u->line[u->used] = '\0';
                        line(u->line);
                }
                u->used = 0;
        } else if (c != '\r' && u->used < UART_LINE) {
                u->line[u->used] = c;
                u->used = u->used == UART_LINE - 1 ? UART_LINE : u->used + 1;
        }
}

void uart_interrupt(struct uart *u, void (*line)(char *text))
{
        *reg(u, ICR) = INT_RX | INT_RT;
        while (!(*reg(u, FR) & FR_RXFE)) {
                take(u, (char)*reg(u, DR), line);
        }
}
