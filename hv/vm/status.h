/* SPDX-License-Identifier: Apache-2.0 */
/* How hv and the VMs are, for the person at the console (docs/console.md). */
#ifndef HV_VM_STATUS_H
#define HV_VM_STATUS_H

/* Any core: a line of hv's log for each VM, and one for hv's own memory. */
void status_log(void);

#endif
