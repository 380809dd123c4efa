// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/run.h"

#include "hv/arch/cpu.h"
#include "hv/arch/guest.h"
#include "hv/arch/offsets.h"
#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/percpu.h"
#include "hv/machine/gic.h"
#include "hv/vm/consoles.h"
#include "hv/vm/dma.h"
#include "hv/vm/slots.h"
#include "hv/vm/timer.h"
#include "hv/vm/trap.h"
#include "hv/vm/vm.h"

#define BACKGROUND_STEP_MS 2

static uint32_t uart_intid;

void run_set_uart(uint32_t intid)
{
        uart_intid = intid;
}

static bool is_housekeeping(void)
{
        return this_cpu()->index == CPU_HOUSEKEEPING;
}

/* When EL2's timer of the housekeeping core fires. */
static uint64_t armed = UINT64_MAX;

static void arm(uint64_t when)
{
        if (when != armed)
                timer_hyp_set(when);
        armed = when;
}

/* EL2's timer of the housekeeping core wakes it for the consoles, the boot state's spare block and
 * update's beat; on all others it is their VM's deadline's. */
static void housekeeping_serve(void)
{
        static uint64_t background_due;
        uint64_t now = timer_now();
        uint64_t beat_due = vm_deadline(vm_update());
        uint64_t next;

        housekeeping_serve_calls();
        next = consoles_serve(now);
        if (slots_background_wanted() && now >= background_due) {
                slots_background();
                background_due = now + timer_from_ms(BACKGROUND_STEP_MS);
        }
        if (slots_background_wanted() && background_due < next)
                next = background_due;
        arm(beat_due < next ? beat_due : next);
}

static void take_hyp_timer(struct vcpu *vcpu)
{
        if (is_housekeeping()) {
                arm(UINT64_MAX);
                return;
        }
        timer_hyp_set(vcpu ? vm_deadline(vcpu->vm) : UINT64_MAX);
}

static void take_spi(uint32_t intid)
{
        if (intid == uart_intid) {
                consoles_interrupt();
                gic_end(intid);
                return;
        }
        if (dma_interrupt(intid)) {
                gic_end(intid);
                return;
        }
        gic_drop(intid);
        if (vgic_take_spi(&vm_update()->vgic, intid))
                return;
        gic_enable(0, intid, false);
        gic_set_active(0, intid, false);
        hv_log("interrupt %u belongs to nobody: disabled", intid);
}

/* The interrupts of the core's own guest. */
static bool take_guests(struct vcpu *vcpu, uint32_t intid)
{
        switch (intid) {
        case IPI_GUEST_SGI:
                gic_end(intid);
                return true;
        case GIC_PPI_MAINTENANCE:
                vcpu_count(vcpu, SG_CNT_VGIC_MAINT);
                vgic_maintenance(&vcpu->vm->vgic, vcpu->index);
                gic_end(intid);
                return true;
        case GIC_PPI_VIRT_TIMER:
                timer_beat(vcpu->counters);
                break;
        case GIC_PPI_PHYS_TIMER:
                break;
        default:
                return false;
        }
        gic_drop(intid);
        vgic_take_ppi(&vcpu->vm->vgic, vcpu->index, intid);
        return true;
}

/* Those of hv itself, and devices'. */
static void take_others(struct vcpu *vcpu, uint32_t intid)
{
        if (vcpu)
                vcpu_count(vcpu, SG_CNT_FOREIGN);
        switch (intid) {
        case GIC_PPI_HYP_TIMER:
                take_hyp_timer(vcpu);
                gic_end(intid);
                break;
        case IPI_SGI:
                gic_end(intid);
                break;
        default:
                take_spi(intid);
        }
}

/* Takes one interrupt; if there are more, they come at the next entry or end the next WFI. */
static void take_interrupt(struct vcpu *vcpu)
{
        uint32_t intid = gic_acknowledge();

        if (intid < GIC_SPURIOUS && !(vcpu && take_guests(vcpu, intid)))
                take_others(vcpu, intid);
}

void core_poll(void)
{
        take_interrupt(this_cpu()->vcpu);
        /* After it: what it took, the timer or a kick, is for this to serve and to arm again. */
        if (is_housekeeping())
                housekeeping_serve();
}

static bool stop_asked(const struct vm *vm)
{
        return __atomic_load_n(&vm->requests, __ATOMIC_ACQUIRE) & VM_REQUEST_STOP;
}

static bool may_run(const struct vcpu *vcpu)
{
        return vcpu->power == VCPU_ON && !stop_asked(vcpu->vm);
}

/* Takes a stop or a power-on that others asked for. */
static void attend(struct vcpu *vcpu)
{
        struct vm *vm = vcpu->vm;
        bool park, begin, last = false;

        if (!stop_asked(vm) && __atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) != VCPU_ON_PENDING)
                return;
        spin_lock(&vm->lock);
        park = (vm->requests & VM_REQUEST_STOP) && !vcpu->parked;
        begin = !(vm->requests & VM_REQUEST_STOP) && vcpu->power == VCPU_ON_PENDING;
        if (begin)
                vcpu->power = VCPU_ON;
        spin_unlock(&vm->lock);

        if (begin)
                vcpu_begin(vcpu);
        if (!park)
                return;
        vcpu_halt(vcpu);
        spin_lock(&vm->lock);
        vcpu->power = VCPU_OFF;
        vcpu->parked = true;
        last = ++vm->parked == vm->vcpu_count;
        spin_unlock(&vm->lock);
        if (last)
                ipi_kick(vm_boot_core(vm));
}

void vcpu_wait(struct vcpu *vcpu)
{
        while (!vgic_pending(&vcpu->vm->vgic, vcpu->index) && !stop_asked(vcpu->vm)) {
                wfi();
                core_poll();
        }
}

static void run_guest(struct vcpu *vcpu)
{
        int reason;

        vgic_enter(&vcpu->vm->vgic, vcpu->index);
        reason = guest_enter(vcpu);
        vcpu_count(vcpu, SG_CNT_EXITS);
        switch (reason) {
        case EXIT_IRQ:
                vcpu_count(vcpu, SG_CNT_IRQ);
                take_interrupt(vcpu);
                break;
        case EXIT_SYNC:
                trap_sync(vcpu);
                break;
        default:
                trap_serror(vcpu);
        }
}

static void idle(struct vcpu *vcpu)
{
        wfi();
        take_interrupt(vcpu);
}

_Noreturn void core_run(void)
{
        struct vcpu *vcpu = this_cpu()->vcpu;

        if (vcpu)
                vcpu_core_setup(vcpu);
        for (;;) {
                if (is_housekeeping())
                        housekeeping_serve();
                if (vcpu) {
                        attend(vcpu);
                        /* What was done may have given this core more to attend to. */
                        if (vcpu->index == 0 && vm_work(vcpu->vm))
                                continue;
                }
                if (vcpu && may_run(vcpu))
                        run_guest(vcpu);
                else
                        idle(vcpu);
        }
}
