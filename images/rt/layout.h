/* SPDX-License-Identifier: Apache-2.0 */
/* Where the RT guest runs and what it drives: Segue's guest map ("virt-lite", docs/porting.md). */
#ifndef RT_LAYOUT_H
#define RT_LAYOUT_H

#define RT_LINK_BASE   0x40080000 /* RAM base + 0x80000: where bootfw enters raw programs */
#define RT_CONSOLE     0x09000000
#define RT_AGENT       0x09040000
#define RT_AGENT_INTID (32 + 8)
#define RT_TIMER_INTID 27 /* EL1 virtual timer */
#define RT_GICD        0x08000000
#define RT_GICR        0x080a0000

#endif
