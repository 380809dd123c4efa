// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/dma.h"

#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/machine/gic.h"
#include "hv/machine/pci_masters.h"
#include "hv/machine/smmu.h"
#include "hv/machine/smmu_regs.h"
#include "hv/mm/stage1.h"
#include "hv/vm/events.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

#define ASID          1
#define BUS_STREAMS   256
#define FAULTS_AT_ONE 128 /* of an interrupt; then the core does other things first */
#define LOG_PAUSE_MS  200

static struct {
        struct vm *vm; /* that has the devices; NULL: nothing is confined */
        struct smmu_space space;
        struct pci_masters masters;
        uint32_t first_stream;
        uint32_t event_intid, error_intid;
        uint64_t untold;      /* faults since the last line */
        uint64_t quiet_until; /* physical counter */
} dma;

static void must(sg_err e, const char *what)
{
        if (e)
                refuse(e, "%s", what);
}

static void find_masters(const struct board *board)
{
        sg_err e = pci_find_masters((uintptr_t)board->pcie_ecam.base, &dma.masters);

        if (e)
                refuse(e, "PCIe function %u.%u", dma.masters.culprit / 8u,
                       dma.masters.culprit % 8u);
}

static void open_interrupt(uint32_t intid)
{
        gic_set_edge(CPU_HOUSEKEEPING, intid, true);
        gic_route(CPU_HOUSEKEEPING, intid);
        gic_enable(CPU_HOUSEKEEPING, intid, true);
}

void dma_confine(const struct board *board, struct vm *vm, bool trusted)
{
        struct range ram = {.base = vm->ram.pa, .size = vm->ram_size};
        const char *what;
        sg_err e;

        if (!board->smmu.size) {
                if (!trusted)
                        refuse(SG_E_SMMU_ABSENT, "VM %s", vm->desc->name);
                hv_log("VM %s: its devices reach all memory (dma-trusted)", vm->desc->name);
                return;
        }
        find_masters(board);
        must(stage1_map_identity((struct range){.base = board->smmu.base, .size = SMMU_SIZE},
                                 STAGE1_DEVICE),
             "the SMMU");
        e = smmu_init((uintptr_t)board->smmu.base, board->smmu_stream + BUS_STREAMS, &what);
        must(e, what);
        must(smmu_space_init(&dma.space, ASID), "the devices' tables");
        must(smmu_space_map(&dma.space, ram), "the devices' tables");
        dma.vm = vm;
        dma.first_stream = board->smmu_stream;
        dma.event_intid = board->smmu_event_intid;
        dma.error_intid = board->smmu_error_intid;
        open_interrupt(dma.event_intid);
        open_interrupt(dma.error_intid);
        hv_log("VM %s: PCIe functions confined to its RAM: %u", vm->desc->name, dma.masters.count);
}

static void each_master(sg_err (*change)(uint32_t stream, const struct smmu_space *space))
{
        for (unsigned i = 0; i < dma.masters.count; i++) {
                uint32_t stream = dma.first_stream + dma.masters.requester[i];
                sg_err e = change(stream, &dma.space);

                /* Guests' memory is at stake: a machine that goes on could not be trusted. */
                if (e)
                        panic("SMMU, stream %x: error %d: %s", stream, e, sg_strerror(e));
        }
}

void dma_shut(void)
{
        each_master(smmu_detach);
}

void dma_open(void)
{
        each_master(smmu_attach);
}

/* A device can fault faster than anybody reads: the log gets a line at a time. */
static void report(const struct smmu_fault *f, uint64_t count)
{
        uint64_t now = timer_now();

        __atomic_fetch_add(&dma.vm->dma_faults, count, __ATOMIC_RELAXED);
        dma.untold += count;
        event_send(SG_EV_DMA_FAULT, dma.vm->index, f->address, f->stream - dma.first_stream);
        if (now < dma.quiet_until)
                return;
        hv_log("SMMU: stream %x: %s, %s at %lx; %lu stopped", f->stream, smmu_fault_name(f->kind),
               f->write ? "write" : "read", f->address, dma.untold);
        dma.untold = 0;
        dma.quiet_until = now + timer_from_ms(LOG_PAUSE_MS);
}

static void take_faults(void)
{
        struct smmu_fault first, next;
        uint64_t count = 1;

        if (!smmu_next_fault(&first))
                return;
        while (count < FAULTS_AT_ONE && smmu_next_fault(&next))
                count++;
        report(&first, count);
        /* There may be more, of which no interrupt would tell any more. */
        if (count == FAULTS_AT_ONE)
                gic_set_pending(CPU_HOUSEKEEPING, dma.event_intid, true);
}

bool dma_interrupt(uint32_t intid)
{
        uint32_t errors;

        if (!dma.vm || (intid != dma.event_intid && intid != dma.error_intid))
                return false;
        errors = smmu_take_errors();
        if (errors)
                hv_log("SMMU: global errors %x", errors);
        take_faults();
        return true;
}
