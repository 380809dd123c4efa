/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's PL011. EL2 only. (Proposal by the hv lead.) */
#ifndef HV_MACHINE_UART_H
#define HV_MACHINE_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_VIRT_BASE 0x09000000 /* QEMU virt's, until the devicetree was read */

void uart_init(uint64_t base);
/* Writes now, waiting for the wire with a bound: panic and early boot only. */
void uart_put_wait(char c);
/* false: the FIFO is full. */
bool uart_put(char c);
/* -1: nothing there. */
int uart_get(void);
/* Receive (and, while `transmit`, transmit) interrupts. */
void uart_interrupts(bool receive, bool transmit);
void uart_clear_interrupts(void);

#endif
