// SPDX-License-Identifier: Apache-2.0
#include "images/rt/gic.h"
#include "images/rt/cpu.h"
#include "images/rt/layout.h"

#define GICD_CTLR       0x0000
#define GICD_ISENABLER  0x0100
#define GICD_IPRIORITYR 0x0400
#define GICR_WAKER      0x0014
#define GICR_SGI        0x10000 /* the frame of SGIs and PPIs */
#define IGROUPR         0x0080

#define PRIORITY        0xa0

static volatile uint32_t *word(uintptr_t address)
{
        return (volatile uint32_t *)address;
}

void gic_start(void)
{
        *word(RT_GICD + GICD_CTLR) = (1u << 4) | (1u << 1) | (1u << 0); /* ARE, groups 1 and 0 */
        *word(RT_GICR + GICR_WAKER) &= ~(1u << 1);
        while (*word(RT_GICR + GICR_WAKER) & (1u << 2)) {
        }
        write_sysreg(S3_0_C12_C12_5, 1);  /* ICC_SRE_EL1 */
        write_sysreg(S3_0_C4_C6_0, 0xff); /* ICC_PMR_EL1 */
        write_sysreg(S3_0_C12_C12_7, 1);  /* ICC_IGRPEN1_EL1 */
}

void gic_enable(unsigned intid)
{
        uintptr_t frame = intid < 32 ? RT_GICR + GICR_SGI : RT_GICD;
        uintptr_t bank = frame + 4 * (uintptr_t)(intid / 32);

        *word(bank + IGROUPR) |= 1u << (intid % 32);
        *(volatile uint8_t *)(frame + GICD_IPRIORITYR + intid) = PRIORITY;
        *word(bank + GICD_ISENABLER) = 1u << (intid % 32);
}
