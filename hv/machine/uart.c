/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 (Arm DDI 0183). Baud rate and format stay as whoever started the machine left them. */
#include "hv/machine/uart.h"

#define UART_DR    0x000u
#define UART_FR    0x018u
#define UART_LCRH  0x02cu
#define UART_CR    0x030u
#define UART_IFLS  0x034u
#define UART_IMSC  0x038u
#define UART_ICR   0x044u

#define FR_RXFE    (1u << 4)
#define FR_TXFF    (1u << 5)
#define LCRH_FEN   (1u << 4)
#define LCRH_8BIT  (3u << 5)
#define CR_SEND    0x101u /* UART, transmitter */
#define CR_ENABLE  0x301u /* UART, transmitter, receiver */
#define INT_RX     (1u << 4)
#define INT_RT     (1u << 6)
#define INT_ALL    0x7ffu

#define POLL_LIMIT 200000u /* reads: longer than a byte takes at 9600 baud */

static uintptr_t uart;

static uint32_t get(unsigned reg)
{
        uint32_t v;
        __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(uart + reg) : "memory");
        return v;
}

static void put(unsigned reg, uint32_t v)
{
        __asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(uart + reg) : "memory");
}

void uart_set_base(uintptr_t base)
{
        uart = base;
        /* Firmware leaves it running, QEMU's own loader does not. */
        uint32_t control = get(UART_CR);

        if ((control & CR_SEND) != CR_SEND)
                put(UART_CR, control | CR_SEND);
}

void uart_init(void)
{
        put(UART_IMSC, 0);
        put(UART_LCRH, LCRH_8BIT | LCRH_FEN);
        put(UART_IFLS, 0);
        put(UART_CR, CR_ENABLE);
        put(UART_ICR, INT_ALL);
        /* What came before is in nobody's name. From here on the receive interrupts come and go
         * with what the FIFO holds; clearing them by hand would lose that of a byte that comes
         * just then, and with it all the bytes behind. */
        for (unsigned i = 0; i < POLL_LIMIT && uart_read() >= 0; i++)
                ;
        put(UART_IMSC, INT_RX | INT_RT);
}

size_t uart_write(const uint8_t *bytes, size_t size)
{
        size_t n = 0;

        while (n < size && !(get(UART_FR) & FR_TXFF))
                put(UART_DR, bytes[n++]);
        return n;
}

void uart_write_wait(const char *text, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                for (unsigned polls = 0; polls < POLL_LIMIT && (get(UART_FR) & FR_TXFF); polls++)
                        ;
                put(UART_DR, (uint8_t)text[i]);
        }
}

int uart_read(void)
{
        return get(UART_FR) & FR_RXFE ? -1 : (uint8_t)get(UART_DR);
}
