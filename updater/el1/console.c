/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/console.h"

#include <stdio.h>

#include "updater/el1/mmio.h"

/* PL011 TRM (DDI 0183), chapter 3. */
#define UARTDR    0x000
#define UARTFR    0x018
#define UARTLCRH  0x02c
#define UARTCR    0x030
#define UARTIMSC  0x038

#define FR_TXFF   (1u << 5)
#define LCRH_FEN  (1u << 4)
#define LCRH_8BIT (3u << 5)
#define CR_UARTEN (1u << 0)
#define CR_TXE    (1u << 8)

void console_init(void)
{
        mmio_write32(CONSOLE_BASE + UARTCR, 0);
        mmio_write32(CONSOLE_BASE + UARTIMSC, 0);
        mmio_write32(CONSOLE_BASE + UARTLCRH, LCRH_8BIT | LCRH_FEN);
        mmio_write32(CONSOLE_BASE + UARTCR, CR_UARTEN | CR_TXE);
}

void console_putc(char c)
{
        /* hv's PL011 always has room (it drops and counts instead); a real one drains by itself. */
        while ((mmio_read32(CONSOLE_BASE + UARTFR) & FR_TXFF) != 0) {
        }
        mmio_write32(CONSOLE_BASE + UARTDR, (uint8_t)c);
}

void console_puts(const char *text)
{
        for (; *text != '\0'; text++) {
                if (*text == '\n') {
                        console_putc('\r');
                }
                console_putc(*text);
        }
}

void console_put_hex(uint64_t value)
{
        console_puts("0x");
        for (int shift = 60; shift >= 0; shift -= 4) {
                console_putc("0123456789abcdef"[value >> shift & 0xf]);
        }
}

static int stdout_put(char c, FILE *file)
{
        (void)file;
        if (c == '\n') {
                console_putc('\r');
        }
        console_putc(c);
        return (unsigned char)c;
}

static FILE console_file = FDEV_SETUP_STREAM(stdout_put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &console_file;
