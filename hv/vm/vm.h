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
#include "hv/machine/board.h"
#include "hv/mm/addr.h"
#include "hv/mm/memory.h"
#include "hv/mm/stage2.h"
#include "hv/vdev/agent.h"
#include "hv/vdev/console.h"
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

/* hv's own copy of the slot's bytes that a resident VM was last started from. */
struct resident {
        struct paddr bytes; /* load_size of them; RAM that no VM has */
        uint64_t size;      /* 0: no copy yet */
};

struct vm {
        const struct vm_description *desc;
        unsigned index; /* the hypercalls' vm; VMID is index + 1 */

        struct spinlock lock; /* life, requests, vcpu power, load */
        struct life life;
        uint32_t requests; /* enum vm_request */
        enum sg_cause stop_cause;
        unsigned parked;  /* vCPUs that have parked since the stop was asked for */
        uint32_t crashes; /* since the last calm, confirmed or asked-for run */

        struct ipaddr ram_ipa;
        struct paddr ram;
        uint64_t ram_size;
        struct stage2 stage2;

        struct vcpu *vcpu; /* vcpu_count of them */
        unsigned vcpu_count;
        uint64_t started_at; /* physical counter: what the guest's virtual counter counts from */

        struct vgic vgic;
        struct mmio_map mmio;
        struct console_source output;
        struct vpl011 console;
        struct agent agent; /* only with the device "agent" */

        uint8_t slot;         /* waited for, loaded or running; SG_SLOT_NONE */
        uint64_t load_size;   /* of the load region, a multiple of 2 MiB */
        uint64_t loaded;      /* bytes of it that LOAD_END said */
        uint32_t loads;       /* that have begun: tells one from the next */
        bool lent;            /* the load region is in update's stage 2 */
        uint64_t load_faults; /* update's accesses to it when it was not */
        /* Physical counter: when it must have begun to load, been loaded, come to its entry, its
         * confirm, or (update) its next beat; 0: it may take its time. Its boot core's EL2 timer
         * keeps it. */
        uint64_t deadline;
        struct resident resident;

        struct vm *start_next; /* asked for its first start when this one has had it */
        uint64_t ecam;         /* of the PCIe host that it was given; 0: none */
        uint64_t dma_faults;   /* SG_CNT_DMA_FAULTS */

        /* The guest's devicetree, made once from the description, in hv's memory. */
        void *fdt;
        uint32_t fdt_size;
};

/* Boot core, once: makes all VMs, none started. Refuses what the machine has no room for. */
void vms_create(const struct system_description *system, const struct board *board,
                struct memory *memory);

/* Boot core, once, after slots_init(): asks for the first start of update; the others follow one by
 * one in start order. */
void vms_start(void);

/* All VMs, by index; NULL for a number that is not described. */
struct vm *vm_by_index(unsigned index);
struct vm *vm_update(void);
const struct system_description *vm_system(void);

/* Any core. Asks for a stop of a VM that runs in any way; when all its vCPUs are parked, its boot
 * core settles the outcome with the boot state and, where due, starts it again. The first cause of
 * a stop counts. */
void vm_stop(struct vm *vm, enum sg_cause cause);

/* The same while its load region is lent, and no other time: a load of hv's own is not update's to
 * stop. false: it is not. */
bool vm_stop_lent(struct vm *vm, enum sg_cause cause);

/* Any core: SG_HC_RESTART of a guest, after the caller's right was checked. Returns SG_HC_*. */
int64_t vm_restart(struct vm *vm);

/* The VM's boot core, from SG_HC_BOOT_REPORT, after the boot state is durable: VERIFYING ->
 * RUNNING, or TRIAL with its deadline set. */
void vm_started(struct vm *vm, bool trial);

/* Any core: a confirm is durable: TRIAL -> RUNNING and the deadline is off, unless the trial has
 * ended meanwhile. */
void vm_confirmed(struct vm *vm);

/* Any core: the trial of this VM is running and neither its deadline nor another stop came first.
 */
bool vm_on_trial(struct vm *vm);

/* vm->lock held. Moves the life and tells update (SG_EV_VM_STATE), or logs the refusal with both
 * names. */
void vm_move(struct vm *vm, enum sg_vm_state to, enum sg_cause cause);

/* Any core, vm->lock not held: sets requests and kicks the boot core. */
void vm_ask(struct vm *vm, uint32_t requests);

/* The VM's boot core, at each of its wake-ups: does one thing that was asked for. false: there was
 * none. */
bool vm_work(struct vm *vm);

/* The VM's boot core: it waits for a load, loads, or enters bootfw: so long each may take. */
void vm_limit_start(struct vm *vm);

/* update's core, SG_HC_BEAT: its next one is due within the milliseconds that are returned. */
uint32_t vm_beat(struct vm *vm);

/* The VM's boot core: asks for its stop when its time is up. Returns when to look again;
 * UINT64_MAX: never. */
uint64_t vm_deadline(struct vm *vm);

/* Sum over the VM's vCPUs, and its devices' drops. */
uint64_t vm_counter(const struct vm *vm, enum sg_counter counter);

/* The VM's state for the log: vCPUs, where it was, its stage 2. Bounded. */
void vm_dump(const struct vcpu *vcpu);

static inline unsigned vm_boot_core(const struct vm *vm)
{
        return vm->vcpu[0].cpu;
}

#endif
