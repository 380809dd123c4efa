/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 (Arm IHI 0069): group 1 interrupts of the one vCPU. */
#ifndef RT_GIC_H
#define RT_GIC_H

#include <stdint.h>

#define GIC_SPURIOUS 1023

void gic_start(void);
void gic_enable(unsigned intid);

#endif
