/* SPDX-License-Identifier: Apache-2.0 */
/* Running a guest on this core: hv/arch/entry.S and what goes with it. */
#ifndef HV_ARCH_GUEST_H
#define HV_ARCH_GUEST_H

struct vcpu;

/* Runs this core's vCPU until its next exit. Returns EXIT_* (hv/arch/offsets.h). */
int guest_enter(struct vcpu *vcpu);

/* V0..V31, FPCR and FPSR. */
void guest_clear_fp(void);

/* The trap controls that only later cores have: all off, which hides what they would allow. */
void guest_clear_extended_traps(void);

#endif
