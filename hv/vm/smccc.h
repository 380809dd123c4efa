/* SPDX-License-Identifier: Apache-2.0 */
/* HVC #0 and SMC #0: SMCCC's function ranges to PSCI, Segue's hypercalls, or NOT_SUPPORTED. */
#ifndef HV_VM_SMCCC_H
#define HV_VM_SMCCC_H

struct vcpu;

/* The vCPU's own core; results are in its registers, pc is the caller's business. */
void smccc_call(struct vcpu *vcpu);
void psci_call(struct vcpu *vcpu);
void hypercall(struct vcpu *vcpu);

#endif
