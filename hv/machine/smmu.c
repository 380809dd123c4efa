// SPDX-License-Identifier: Apache-2.0
#include "hv/machine/smmu.h"

#include <stddef.h>

#include "hv/arch/cpu.h"
#include "hv/core/panic.h"
#include "hv/machine/smmu_regs.h"
#include "hv/mm/addr.h"
#include "hv/mm/heap.h"
#include "hv/mm/tables.h"

#define COMMANDS_LOG2       6
#define EVENTS_LOG2         7
#define STREAMS_MAX         0x10000u
#define POLL_LIMIT          10000000u /* reads: far more than any SMMU needs */

#define STRTAB_LINEAR(log2) (log2) /* 6.3.24 */

static struct {
        uintptr_t base;
        unsigned oa_bits;
        struct smmu_ste *stream;
        uint32_t streams;
        struct smmu_command *command;
        uint32_t produced; /* CMDQ_PROD */
        struct smmu_event *event;
        uint32_t consumed; /* EVENTQ_CONS */
} smmu;

static uint32_t get32(unsigned reg)
{
        uint32_t v;
        __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(smmu.base + reg) : "memory");
        return v;
}

static void put32(unsigned reg, uint32_t v)
{
        __asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(smmu.base + reg) : "memory");
}

static void put64(unsigned reg, uint64_t v)
{
        __asm__ volatile("str %0, [%1]" : : "r"(v), "r"(smmu.base + reg) : "memory");
}

/* What the SMMU reads next, or what was read of it, stands in memory before what follows. */
static void barrier(void)
{
        dsb_sy();
}

/* true: the register has this value under the mask within any reasonable time. */
static bool becomes(unsigned reg, uint32_t mask, uint32_t value)
{
        for (unsigned i = 0; i < POLL_LIMIT; i++) {
                if ((get32(reg) & mask) == value)
                        return true;
        }
        return false;
}

static bool set_acknowledged(unsigned reg, unsigned ack, uint32_t value)
{
        put32(reg, value);
        return becomes(ack, UINT32_MAX, value);
}

static void put_command(struct smmu_command c)
{
        smmu.command[smmu_queue_position(smmu.produced, COMMANDS_LOG2)] = c;
        smmu.produced = smmu_queue_next(smmu.produced, COMMANDS_LOG2);
}

/* Everything put before takes effect; the queue is empty again, so that it never fills up. */
static sg_err carry_out(void)
{
        put_command(smmu_sync());
        barrier();
        put32(SMMU_CMDQ_PROD, smmu.produced);
        if (!becomes(SMMU_CMDQ_CONS, (2u << COMMANDS_LOG2) - 1, smmu.produced))
                return SG_E_SMMU_STUCK;
        return SG_OK;
}

static const struct {
        const char *what;
        uint32_t mask;
} needed[] = {
        {"stage 1", SMMU_IDR0_S1P},
        {"AArch64 tables", SMMU_IDR0_TTF_AARCH64},
        {"coherent table walks", SMMU_IDR0_COHACC},
};

static const char *lacking(uint32_t idr0, uint32_t idr1, uint32_t idr5, unsigned log2)
{
        for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
                if (!(idr0 & needed[i].mask))
                        return needed[i].what;
        }
        if (SMMU_IDR0_STALL_MODEL(idr0) == SMMU_IDR0_STALL_FORCED)
                return "faults that abort";
        if (SMMU_IDR0_TTENDIAN(idr0) == SMMU_IDR0_TTENDIAN_BIG)
                return "little-endian tables";
        if (!(idr5 & SMMU_IDR5_GRAN4K))
                return "a 4 KiB granule";
        if (idr1 & SMMU_IDR1_PRESET || SMMU_IDR1_CMDQS(idr1) < COMMANDS_LOG2 ||
            SMMU_IDR1_EVENTQS(idr1) < EVENTS_LOG2)
                return "queues of this size";
        if (SMMU_IDR1_SIDSIZE(idr1) < log2)
                return "so many streams";
        return NULL;
}

/* Nothing passes from here on, whatever state the SMMU was left in. */
static bool shut(void)
{
        if (!becomes(SMMU_GBPA, SMMU_GBPA_UPDATE, 0))
                return false;
        put32(SMMU_GBPA, get32(SMMU_GBPA) | SMMU_GBPA_ABORT | SMMU_GBPA_UPDATE);
        return becomes(SMMU_GBPA, SMMU_GBPA_UPDATE, 0) &&
               set_acknowledged(SMMU_CR0, SMMU_CR0ACK, 0) &&
               set_acknowledged(SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, 0);
}

/* Aligned to its own size, as the SMMU wants all of its tables and queues (6.3.23, 6.3.25). */
static void *take_memory(unsigned log2, size_t entry)
{
        size_t size = entry << log2;

        return heap_alloc(size, size);
}

static void place_table(unsigned log2)
{
        smmu.streams = 1u << log2;
        smmu.stream = take_memory(log2, sizeof(*smmu.stream));
        for (uint32_t i = 0; i < smmu.streams; i++)
                smmu.stream[i] = smmu_ste_abort();
        put64(SMMU_STRTAB_BASE, SMMU_BASE_ALLOCATE | ptr_to_pa(smmu.stream).pa);
        put32(SMMU_STRTAB_BASE_CFG, STRTAB_LINEAR(log2));
}

static void place_queues(void)
{
        smmu.command = take_memory(COMMANDS_LOG2, sizeof(*smmu.command));
        put64(SMMU_CMDQ_BASE, SMMU_BASE_ALLOCATE | ptr_to_pa(smmu.command).pa | COMMANDS_LOG2);
        put32(SMMU_CMDQ_PROD, 0);
        put32(SMMU_CMDQ_CONS, 0);
        smmu.event = take_memory(EVENTS_LOG2, sizeof(*smmu.event));
        put64(SMMU_EVENTQ_BASE, SMMU_BASE_ALLOCATE | ptr_to_pa(smmu.event).pa | EVENTS_LOG2);
        put32(SMMU_EVENTQ_PROD, 0);
        put32(SMMU_EVENTQ_CONS, 0);
}

/* Wired interrupts: no address for messages. */
static bool open_interrupts(uint32_t idr0)
{
        if (idr0 & SMMU_IDR0_MSI) {
                put64(SMMU_GERROR_IRQ_CFG0, 0);
                put64(SMMU_EVENTQ_IRQ_CFG0, 0);
        }
        smmu_take_errors();
        return set_acknowledged(SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, SMMU_IRQ_GERROR | SMMU_IRQ_EVENTQ);
}

/* 6.3.9: the queues first, what was cached forgotten, then the rest. */
static sg_err start(uint32_t idr0)
{
        uint32_t queues = SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN;
        sg_err e;

        barrier();
        if (!set_acknowledged(SMMU_CR0, SMMU_CR0ACK, SMMU_CR0_CMDQEN))
                return SG_E_SMMU_STUCK;
        put_command(smmu_forget_all_stes());
        put_command(smmu_forget_translations());
        e = carry_out();
        if (e)
                return e;
        if (!set_acknowledged(SMMU_CR0, SMMU_CR0ACK, queues) || !open_interrupts(idr0) ||
            !set_acknowledged(SMMU_CR0, SMMU_CR0ACK, queues | SMMU_CR0_SMMUEN))
                return SG_E_SMMU_STUCK;
        return SG_OK;
}

sg_err smmu_init(uintptr_t base, uint32_t streams, const char **what)
{
        unsigned log2 = smmu_table_log2(streams);
        uint32_t idr0, idr5;

        smmu.base = base;
        idr0 = get32(SMMU_IDR0);
        idr5 = get32(SMMU_IDR5);
        *what = streams > STREAMS_MAX ? "so many streams"
                                      : lacking(idr0, get32(SMMU_IDR1), idr5, log2);
        if (*what)
                return SG_E_SMMU_UNUSABLE;
        *what = "the SMMU";
        smmu.oa_bits = smmu_oa_bits(idr5);
        if (!shut())
                return SG_E_SMMU_STUCK;
        put32(SMMU_CR1, SMMU_CR1_WB_INNER);
        put32(SMMU_CR2, SMMU_CR2_RECINVSID | SMMU_CR2_PTM);
        place_table(log2);
        place_queues();
        return start(idr0);
}

static void publish(void *ctx)
{
        (void)ctx;
        barrier();
}

static void flush(void *ctx, uint64_t ia, uint64_t size)
{
        const struct smmu_space *space = ctx;

        (void)ia;
        (void)size;
        put_command(smmu_forget_asid(space->asid));
        if (carry_out())
                panic("the SMMU does not forget translations");
}

static const struct pgtable_ops space_ops = {TABLES_ON_HEAP, .publish = publish, .flush = flush};

sg_err smmu_space_init(struct smmu_space *space, uint16_t asid)
{
        uint64_t *root = page_alloc();

        if (!root)
                return SG_E_NO_MEMORY;
        pgtable_init(&space->pt, root, SMMU_START_LEVEL, SMMU_IA_BITS, smmu.oa_bits, &space_ops,
                     space);
        space->asid = asid;
        space->cd = heap_alloc(sizeof(*space->cd), sizeof(*space->cd));
        *space->cd = smmu_cd_make(ptr_to_pa(root).pa, smmu.oa_bits, asid);
        return SG_OK;
}

sg_err smmu_space_map(struct smmu_space *space, struct range range)
{
        struct pgtable_change change;
        sg_err e = pgtable_prepare_map(&space->pt, &change, range.base, range.base, range.size,
                                       smmu_leaf_memory());

        if (!e)
                pgtable_commit(&space->pt, &change);
        return e;
}

/* 3.21.3: the word with V and Config is written whole and last, so that the entry is good at each
 * moment: what else there is means nothing to one that aborts. */
static void write_ste(uint32_t stream, struct smmu_ste ste)
{
        volatile uint64_t *word = smmu.stream[stream].word;

        for (unsigned i = 1; i < 8; i++)
                word[i] = ste.word[i];
        barrier();
        word[0] = ste.word[0];
}

sg_err smmu_attach(uint32_t stream, const struct smmu_space *space)
{
        if (stream >= smmu.streams)
                return SG_E_BAD_ARGUMENT;
        write_ste(stream, smmu_ste_stage1(ptr_to_pa(space->cd).pa));
        put_command(smmu_forget_ste(stream));
        return carry_out();
}

sg_err smmu_detach(uint32_t stream, const struct smmu_space *space)
{
        if (stream >= smmu.streams)
                return SG_E_BAD_ARGUMENT;
        *(volatile uint64_t *)&smmu.stream[stream].word[0] = smmu_ste_abort().word[0];
        put_command(smmu_forget_ste(stream));
        put_command(smmu_forget_asid(space->asid));
        return carry_out();
}

/* 7.4: that events were lost is acknowledged with the position. */
static void consume(uint32_t prod)
{
        smmu.consumed = smmu_queue_next(smmu.consumed, EVENTS_LOG2);
        put32(SMMU_EVENTQ_CONS, smmu.consumed | (prod & SMMU_EVENTQ_OVERFLOW));
}

bool smmu_next_fault(struct smmu_fault *fault)
{
        uint32_t prod = get32(SMMU_EVENTQ_PROD);

        if (smmu_queue_empty(prod, smmu.consumed, EVENTS_LOG2))
                return false;
        barrier();
        *fault = smmu_fault_read(&smmu.event[smmu_queue_position(smmu.consumed, EVENTS_LOG2)]);
        barrier();
        consume(prod);
        return true;
}

uint32_t smmu_take_errors(void)
{
        uint32_t now = get32(SMMU_GERROR);
        uint32_t errors = now ^ get32(SMMU_GERRORN);

        if (errors)
                put32(SMMU_GERRORN, now);
        return errors;
}
