/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segue's hypercalls: SMCCC 1.2 fast calls in the vendor-specific hypervisor range (owner 6), by
 * HVC or SMC. x0 is the function, x1.. the arguments; x0 returns one of SG_HC_*, x1.. the results.
 * All other registers are preserved. A refused call changes nothing. Who may call stands with each:
 * "any", "update" (the VM whose role is "update"), "bootfw" (the boot vCPU of a VM that is
 * VERIFYING). Anybody else gets SG_HC_DENIED; unknown functions get SG_HC_NOT_SUPPORTED.
 *
 * Included from C and from assembly.
 */
#ifndef SEGUE_HYPERCALL_H
#define SEGUE_HYPERCALL_H

/* SMCCC "Call UID" of the vendor range (32-bit): x0..x3 hold SG_UID_0..3. */
#define SG_HC_CALL_UID 0x8600ff01
#define SG_UID_0       0x73656775
#define SG_UID_1       0x65687635
#define SG_UID_2       0xa2f10b4e
#define SG_UID_3       0x0d6c9e71

#define SG_HC(n)       (0xc6000000 + (n))

/* any: -> x1 = interface version (major << 16 | minor). */
#define SG_HC_VERSION SG_HC(0x00)
/* any, about itself; update, about any VM: x1 = vm (SG_VM_SELF) -> x1 = enum sg_vm_state,
 * x2 = slot that it runs or waits to load (0, 1; SG_SLOT_NONE), x3 = restarts so far,
 * x4 = counter value of the last state change, x5 = last cause (enum sg_cause),
 * x6 = address space faults of update while loading it (see SG_EV_LOAD_FAULT). */
#define SG_HC_VM_INFO SG_HC(0x01)
/* any, about itself; update, about any VM: x1 = vm, x2 = slot -> x1 = flags (SG_SLOT_F_*),
 * x2 = tries left | interrupted left << 8 | priority << 16 | why it was given up (enum sg_cause)
 * << 24, x3 = security counter of that slot, x4..x7 = digest (SHA-256, bytes in memory order,
 * little-endian words). */
#define SG_HC_SLOT_INFO SG_HC(0x02)
/* any, about itself; update, about any VM: x1 = vm, x2 = enum sg_counter -> x1 = value.
 * BAD_ARGUMENT past the last. */
#define SG_HC_COUNTER SG_HC(0x03)

/* update: -> x1 = enum sg_event, x2 = vm, x3 = argument, x4 = argument, x5 = counter value when it
 * happened. EMPTY when there is none. The interrupt SG_UPDATE_SPI is level: high while there is
 * one. */
#define SG_HC_EVENT_NEXT SG_HC(0x10)
/* update: x1 = vm -> x1 = slot to load: since SG_EV_LOAD_WANTED another one may have become due.
 * The VM must be STOPPED. It becomes LOADING; its RAM is scrubbed on its own core and then its load
 * region is lent, read-write, never executable: the event SG_EV_LOADABLE brings address and size.
 * For a VM that is LOADING and lent already, the event comes again (it may have been lost). */
#define SG_HC_LOAD_BEGIN SG_HC(0x11)
/* update: x1 = vm, x2 = bytes loaded. Withdraws the region (unmap, TLBI, cache maintenance) before
 * it returns; the VM goes on to VERIFYING and runs bootfw. */
#define SG_HC_LOAD_END SG_HC(0x12)
/* update: x1 = vm, x2 = SG_E_* of what went wrong. The slot could not be read: LOADING -> STOPPED.
 * Never changes a successful slot; a staged image that cannot be read is given up. */
#define SG_HC_LOAD_ABORT SG_HC(0x13)
/* update: x1 = vm, x2 = slot, x3 = security counter, x4..x7 = digest. Puts a new image in the
 * inactive slot on trial at the VM's next start. Refused: the active slot (BUSY), a counter
 * below the floor (DOWNGRADE), a digest that failed its trial already (FAILED_BEFORE), a trial
 * under way (BUSY). Durable when it returns. */
#define SG_HC_STAGE SG_HC(0x14)
/* update: x1 = vm, x2 = slot. Takes back SG_HC_STAGE before the trial began. Durable. */
#define SG_HC_UNSTAGE SG_HC(0x15)
/* update: x1 = vm, x2 = slot, x3 = security counter, x4..x7 = digest. Before a byte of the inactive
 * slot is written: the slot is no longer bootable until STAGE or REFILL. Durable. */
#define SG_HC_SLOT_OPEN SG_HC(0x16)
/* update: x1 = vm. Stops a RUNNING VM so that it starts again into what the boot state says. A VM
 * that is STOPPED because it turned itself off, or FAILED, starts, too. */
#define SG_HC_RESTART SG_HC(0x17)
/* update: x1 = vm, x2 = slot. A stale or bad slot now holds the active slot's bytes again. */
#define SG_HC_REFILL SG_HC(0x18)
/* update: x1 = vm. The outcome of the last update was reported (server, console). Durable. */
#define SG_HC_REPORTED SG_HC(0x19)
/* update: -> x1 = milliseconds until the next one is due at the latest. It goes on with its work.
 * One that is overdue counts as a crash: hv starts update again (SG_CAUSE_DEADLINE). */
#define SG_HC_BEAT SG_HC(0x1a)

/* update: x1 = vm, x2 = bytes (1..40), x3..x7 = the bytes, little-endian: towards the guest's agent
 * channel -> x1 = bytes taken (fewer when its FIFO is full). */
#define SG_HC_AGENT_WRITE SG_HC(0x20)
/* update: x1 = vm -> x1 = bytes (0..40), x2..x6 = the bytes that the guest wrote. */
#define SG_HC_AGENT_READ SG_HC(0x21)

/* any, for itself: x1 = token. Confirms the trial that it runs. Durable when it returns OK. */
#define SG_HC_CONFIRM SG_HC(0x30)
/* update: x1 = vm, x2 = token, as the guest said it. */
#define SG_HC_CONFIRM_FOR SG_HC(0x31)

/* bootfw: x1 = sg_err of the check (0: good), x2 = security counter, x3 = entry point,
 * x4..x7 = digest. hv compares the digest with the boot state, writes START, and -> x1 = token,
 * x2 = rng seed, x3 = kaslr seed, x4 = further seed; or it parks the VM and never returns. Taken
 * once. */
#define SG_HC_BOOT_REPORT SG_HC(0x40)

#define SG_ABI_VERSION    0x00020001
#define SG_VM_SELF        0xffff
#define SG_SLOT_NONE      0xff
#define SG_UPDATE_SPI     32 /* SPI number of update's event interrupt; INTID is 32 more */

/* Results. Negative numbers as in SMCCC and PSCI. */
#define SG_HC_OK            0
#define SG_HC_NOT_SUPPORTED (-1)
#define SG_HC_BAD_ARGUMENT  (-2)
#define SG_HC_DENIED        (-3)
#define SG_HC_BAD_STATE     (-4) /* the VM is not in the state that the call needs */
#define SG_HC_EMPTY         (-5)
#define SG_HC_BUSY          (-6)
#define SG_HC_DOWNGRADE     (-7)
#define SG_HC_FAILED_BEFORE (-8)
#define SG_HC_BAD_TOKEN     (-9)
#define SG_HC_STORAGE       (-10) /* the boot state could not be made durable */

/* Flags of SG_HC_SLOT_INFO. */
#define SG_SLOT_F_PRESENT    (1u << 0) /* holds an image by its digest */
#define SG_SLOT_F_SUCCESSFUL (1u << 1)
#define SG_SLOT_F_STALE      (1u << 2) /* its counter is below the confirmed one: refill it */
#define SG_SLOT_F_ACTIVE     (1u << 3) /* runs, or would be started now */
#define SG_SLOT_F_TRIAL      (1u << 4) /* staged, or on trial */
#define SG_SLOT_F_FAILED     (1u << 5) /* used up its tries, or could not be verified */

#ifndef __ASSEMBLER__

/* The life of a VM. hv/vm/life.c holds the one transition function. */
enum sg_vm_state {
        SG_VM_CREATED = 0,   /* described; never started */
        SG_VM_STOPPED = 1,   /* no vCPU runs; RAM belongs to nobody */
        SG_VM_LOADING = 2,   /* scrubbed; the load region is lent to update */
        SG_VM_VERIFYING = 3, /* bootfw runs in it, alone */
        SG_VM_RUNNING = 4,   /* a confirmed image runs */
        SG_VM_TRIAL = 5,     /* an unconfirmed image runs, its deadline too */
        SG_VM_FAILED = 6,    /* parked: nothing bootable, or restarts used up */
};

/* Why a VM last left its state. */
enum sg_cause {
        SG_CAUSE_NONE = 0,
        SG_CAUSE_RESET = 1,         /* PSCI SYSTEM_RESET */
        SG_CAUSE_OFF = 2,           /* PSCI SYSTEM_OFF */
        SG_CAUSE_FAULT = 3,         /* an access or trap that parks a VM */
        SG_CAUSE_DEADLINE = 4,      /* the time for its start, its trial or its beat was up */
        SG_CAUSE_RESTART = 5,       /* SG_HC_RESTART */
        SG_CAUSE_LOAD_FAILED = 6,   /* update could not read the slot */
        SG_CAUSE_VERIFY_FAILED = 7, /* bootfw or the digest said no */
        SG_CAUSE_INTERRUPTED = 8    /* power was lost during too many starts on trial */
};

enum sg_event {
        SG_EV_VM_STATE = 1,    /* x3 = enum sg_vm_state, x4 = enum sg_cause */
        SG_EV_LOAD_WANTED = 2, /* x3 = slot: SG_HC_LOAD_BEGIN is due */
        SG_EV_LOADABLE = 3,    /* x3 = address in update's space, x4 = size */
        SG_EV_AGENT = 4,       /* the guest wrote to its agent channel (edge: read until empty) */
        SG_EV_STARTED = 5,     /* x3 = slot, x4 = 1 on trial: the guest's image was entered */
        SG_EV_CONFIRMED = 6,   /* x3 = slot; durable */
        SG_EV_TRY_SPENT = 7,   /* x3 = tries left, x4 = enum sg_cause; durable */
        SG_EV_ROLLED_BACK = 8, /* x3 = slot given up, x4 = enum sg_cause; durable. Comes again at
                                * each start of update, until SG_HC_REPORTED. */
        SG_EV_REFUSED = 9,     /* x3 = slot, x4 = sg_err: bootfw or hv refused the image */
        SG_EV_OVERFLOW = 10,   /* events were lost: ask SG_HC_VM_INFO for every VM */
        SG_EV_LOAD_FAULT = 11, /* x3 = address: update touched a region no longer lent to it */
        SG_EV_DMA_FAULT = 12,  /* x3 = address, x4 = PCIe requester id: update's device was kept
                                * from memory that is not update's. Many at a time are told once. */
};

/* Exit counters, per VM, summed over its vCPUs. */
enum sg_counter {
        SG_CNT_EXITS = 0, /* all exits to EL2 */
        SG_CNT_IRQ = 1,   /* physical interrupts taken while it ran */
        /* 2 is reserved: WFI and WFE are not trapped. */
        SG_CNT_HVC = 3,
        SG_CNT_SMC = 4,
        SG_CNT_SYSREG = 5,
        SG_CNT_MMIO = 6,  /* emulated device accesses */
        SG_CNT_ABORT = 7, /* stage-2 aborts that were not MMIO */
        SG_CNT_VGIC_MAINT = 8,
        SG_CNT_FOREIGN = 9,     /* exits on its cores on behalf of another VM or hv */
        SG_CNT_TIMER = 10,      /* beats: virtual timer interrupts taken */
        SG_CNT_LATE_LT1MS = 11, /* how late they were */
        SG_CNT_LATE_LT10MS = 12,
        SG_CNT_LATE_LT50MS = 13,
        SG_CNT_LATE_LT250MS = 14,
        SG_CNT_LATE_LOST = 15, /* 250 ms or later */
        SG_CNT_LATE_WORST_US = 16,
        SG_CNT_CONSOLE_DROPPED = 17, /* console bytes dropped on overflow */
        SG_CNT_DMA_FAULTS = 18,      /* accesses of its devices that were stopped */
        SG_CNT_COUNT
};

#endif /* !__ASSEMBLER__ */
#endif
