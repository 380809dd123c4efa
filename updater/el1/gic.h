/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of a GICv3, taken when the program asks for them: PSTATE.I stays set, and irq_wait()
 * sleeps in WFI (which wakes for a masked interrupt) and then acknowledges what is pending. So a
 * handler never interrupts anything, and an interrupt that comes between a look and the sleep is
 * not lost.
 */
#ifndef UPDATER_EL1_GIC_H
#define UPDATER_EL1_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "updater/el1/platform.h"

#define GIC_SPI(number) ((number) + 32)
#define GIC_PPI(number) ((number) + 16)

/* Brings device and source together: it must make a level interrupt go away. */
typedef void (*irq_handler)(void *ctx);

/* The distributor, this core's redistributor and its CPU interface. Panics without a redistributor
 * for this core. */
void gic_init(const struct platform *platform);

/* Enables a level-sensitive interrupt, a PPI or an SPI, and routes it here. */
void irq_attach(uint32_t intid, irq_handler handler, void *ctx);

/* Handles what is pending, but no more than a bounded number. True when there was anything. */
bool irq_poll(void);

/* Sleeps until there is an interrupt, and handles what is pending, as irq_poll() does. */
void irq_wait(void);

#endif
