/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual machine: who owns which RAM, cores and devices, and where it stands in its life.
 *
 * Everything that happens to a VM after its creation happens on its own cores: other cores set a
 * request and kick. The boot vCPU's core does the VM's own work (scrub, placing bootfw, starting)
 * while no vCPU of the VM runs.
 */
#ifndef HV_VM_VM_H
#define HV_VM_VM_H

#include <stdbool.h>
#include <stdint.h>

#include <segue/error.h>
#include <segue/hypercall.h>

#include "hv/core/spinlock.h"
#include "hv/mm/addr.h"
#include "hv/mm/stage2.h"
#include "hv/vdev/vpl011.h"
#include "hv/vgic/vgic.h"
#include "hv/vm/description.h"
#include "hv/vm/life.h"
#include "hv/vm/mmio.h"
#include "hv/vm/vcpu.h"

#define VM_RAM_BASE 0x40000000ull /* IPA; update's RAM is at its physical address instead */

/* Where update sees a VM's load region: far above any RAM, 4 GiB for each VM. */
#define LOAD_WINDOW_BASE 0x6000000000ull
#define LOAD_WINDOW_SIZE 0x100000000ull

/* What the VM's boot core is to do next; set under vm->lock, then the core is kicked. */
enum vm_request {
        VM_REQUEST_START = 1u << 0,  /* STOPPED: load or start what the boot state says */
        VM_REQUEST_STOP = 1u << 1,   /* park every vCPU, then settle with stop_cause */
        VM_REQUEST_SCRUB = 1u << 2,  /* LOADING: scrub, lend the load region, SG_EV_LOADABLE */
        VM_REQUEST_VERIFY = 1u << 3, /* the region is withdrawn: place bootfw and enter it */
};

struct vm {
        const struct vm_description *desc;
        unsigned index; /* the hypercalls' vm; VMID is index + 1 */

        struct spinlock lock; /* life, requests, vcpu power, load */
        struct life life;
        uint32_t requests; /* enum vm_request */
        enum sg_cause stop_cause;
        unsigned parked; /* vCPUs that have parked since the stop was asked for */

        struct ipaddr ram_ipa;
        struct paddr ram;
        uint64_t ram_size;
        struct stage2 stage2;

        struct vcpu *vcpu; /* vcpu_count of them */
        unsigned vcpu_count;

        struct vgic vgic;
        struct mmio_map mmio;
        struct vpl011 console; /* SPI 1 */
        struct vpl011 agent;   /* SPI 8; only with the device "agent" */

        /* The slot's bytes while LOADING and VERIFYING. */
        uint8_t slot;            /* due or running; SG_SLOT_NONE */
        uint64_t load_size;      /* of the region, a multiple of 2 MiB */
        uint64_t loaded;         /* bytes, said by LOAD_END */
        bool lent;               /* the load region is in update's stage 2 */
        uint64_t load_faults;    /* update's accesses to it after that */
        uint64_t trial_deadline; /* physical counter; 0: none */

        /* The guest's devicetree, made once from the description, in hv's memory. */
        const void *fdt;
        uint32_t fdt_size;
};

/* All VMs, by index; NULL past the last or for a number that is not described. */
struct vm *vm_by_index(unsigned index);
unsigned vm_count(void);
struct vm *vm_update(void);

/* Any core. Asks for a stop of a VM that runs in any way; when all its vCPUs are parked, its boot
 * core settles the outcome with the boot state and, where due, starts again. The first cause of a
 * stop counts. */
void vm_stop(struct vm *vm, enum sg_cause cause);

/* Any core. Parks the VM for good: nothing bootable, or restarts used up. */
void vm_fail(struct vm *vm, enum sg_cause cause);

/* Any core: SG_HC_RESTART, LOAD_BEGIN, LOAD_END, LOAD_ABORT after the caller's right was checked.
 * Return SG_HC_*. LOAD_END runs on update's core and returns with the region withdrawn. */
int64_t vm_restart(struct vm *vm);
int64_t vm_load_begin(struct vm *vm);
int64_t vm_load_end(struct vm *vm, uint64_t loaded);
int64_t vm_load_abort(struct vm *vm, uint64_t error);

/* The VM's boot core, from SG_HC_BOOT_REPORT: VERIFYING -> RUNNING, or TRIAL with its deadline set.
 */
void vm_started(struct vm *vm, bool trial);

/* Any core: a confirm is durable: TRIAL -> RUNNING and the deadline is off. false: too late, the
 * deadline or another stop came first. */
bool vm_confirmed(struct vm *vm);

/* vm->lock held. Moves the life and tells update (SG_EV_VM_STATE), or logs the refusal with both
 * names. */
bool vm_move(struct vm *vm, enum sg_vm_state to, enum sg_cause cause);

/* Sum over the VM's vCPUs, and its devices' drops. */
uint64_t vm_counter(const struct vm *vm, enum sg_counter counter);

/* Any core: the level of a device's SPI towards the guest; kicks the core that has to take it. */
void vm_set_spi(struct vm *vm, unsigned spi, bool level);

#endif
