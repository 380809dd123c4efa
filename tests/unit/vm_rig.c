// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/vm_rig.h"

#include <segue/bytes.h>

#include "bootflow/journal.h"
#include "hv/vm/smccc.h"

#define TOLD_MAX  256
#define LOG_SIZE  16384
#define PA_BITS   40
#define SLOT_SIZE (SIZE_2M - SIZE_4K)

struct vm *update, *rt, *personal;
struct nor nor;

static struct event told[TOLD_MAX];
static unsigned told_count;
static char log_text[LOG_SIZE];
static size_t log_size;

/* ---- What update hears, and what is logged ---- */

static void keep_line(const char *line)
{
        size_t n = strlen(line);

        if (n + 2 > sizeof(log_text) - log_size)
                log_size = 0;
        memcpy(log_text + log_size, line, n);
        log_size += n;
        memcpy(log_text + log_size++, "\n", 2);
}

bool rig_logged(const char *text)
{
        return strstr(log_text, text) != NULL;
}

static void hear(void)
{
        while (told_count < TOLD_MAX && event_next(&told[told_count]))
                told_count++;
        assert_true(told_count < TOLD_MAX);
}

void rig_listen(void)
{
        hear();
        told_count = 0;
        log_size = 0;
        log_text[0] = '\0';
}

static unsigned count_told(enum sg_event kind, const struct vm *vm, const uint64_t *arg)
{
        unsigned n = 0;

        hear();
        for (unsigned i = 0; i < told_count; i++)
                n += told[i].kind == kind && told[i].vm == vm->index &&
                     (!arg || memcmp(told[i].arg, arg, sizeof(told[i].arg)) == 0);
        return n;
}

unsigned rig_told(enum sg_event kind, const struct vm *vm)
{
        return count_told(kind, vm, NULL);
}

unsigned rig_told_that(enum sg_event kind, const struct vm *vm, uint64_t arg0, uint64_t arg1)
{
        return count_told(kind, vm, (const uint64_t[]){arg0, arg1});
}

/* ---- The machine and its description ---- */

static uint8_t bootfw[5000], program[6000], tree[3000], hashes[2][32], key[91];
static _Alignas(SIZE_4K) uint8_t copy[SIZE_2M];

static void describe(void)
{
        memset(bootfw, 0xbf, sizeof(bootfw));
        memset(program, 0xca, sizeof(program));
        memset(tree, 0xfd, sizeof(tree));
        memset(hashes, 0x44, sizeof(hashes));
        memset(key, 0x55, sizeof(key));
        fake_system = (struct system_description){
                .bootfw = {.data = bootfw, .size = sizeof(bootfw)},
                .update = {.data = program, .size = sizeof(program)},
                .key = {{.hash = hashes[0], .key = {.data = key, .size = sizeof(key)}},
                        {.hash = hashes[1]}},
                .key_count = 2,
        };
        for (unsigned i = 0; i < FAKE_VMS; i++) {
                fake.desc[i].restart_limit = RESTARTS;
                fake.desc[i].start_limit_ms = START_LIMIT;
                fake.desc[i].trial_deadline_ms = TRIAL_LIMIT;
                fake.desc[i].slot_size = SLOT_SIZE;
        }
        fake.desc[FAKE_UPDATE].beat_limit_ms = BEAT_LIMIT;
        fake.desc[FAKE_RT].resident = true;
        fake.desc[FAKE_PERSONAL].slot_size = SIZE_2M + SLOT_SIZE;
}

static void give_ram(struct vm *vm, struct paddr *next, uint64_t size)
{
        vm->ram = *next;
        vm->ram_size = size;
        vm->ram_ipa = ipa_make(vm == update ? vm->ram.pa : VM_RAM_BASE);
        *next = pa_add(*next, size);
        assert_int_equal(
                stage2_init(&vm->stage2, (uint16_t)(vm->index + 1), PA_BITS, &fake_mmu_ops), SG_OK);
        assert_int_equal(stage2_map(&vm->stage2, vm->ram_ipa, vm->ram, size, STAGE2_RAM), SG_OK);
        fake_ram_write(vm->ram, GUESTS_RAM, size);
        vm->load_size = vm == update ? 0 : align_up(vm->desc->slot_size, SIZE_2M);
        vm->fdt = tree;
        vm->fdt_size = sizeof(tree);
}

static void create(void)
{
        struct paddr next = pa_make(FAKE_RAM_BASE);

        fake_system_reset();
        fake.on_log = keep_line;
        fake_core_reset();
        fake_mmu_reset(64);
        describe();
        update = &fake.vm[FAKE_UPDATE];
        rt = &fake.vm[FAKE_RT];
        personal = &fake.vm[FAKE_PERSONAL];
        for (unsigned i = 0; i < FAKE_VMS; i++) {
                fake.vm[i].life.state = SG_VM_CREATED;
                fake.vm[i].vcpu[0].power = VCPU_OFF;
                give_ram(&fake.vm[i], &next, (i == FAKE_PERSONAL ? 5 : 3 + i) * SIZE_2M);
        }
        update->ecam = 0x4010000000;
        memset(copy, 0, sizeof(copy));
        rt->resident.bytes = ptr_to_pa(copy);
}

static struct bf_image_id image(uint8_t byte, uint32_t counter)
{
        struct bf_image_id id = {.counter = counter};

        memset(id.digest, byte, sizeof(id.digest));
        return id;
}

static void provision(void)
{
        static struct bf_journal journal;
        struct bf_initial initial[2] = {{.vm = FAKE_RT}, {.vm = FAKE_PERSONAL}};

        for (unsigned i = 0; i < 2; i++) {
                struct bf_image_id a = image((uint8_t)(0x10 + i), 5);
                struct bf_image_id b = image((uint8_t)(0x20 + i), 5);

                assert_int_equal(bf_provision(&initial[i].guest, &a, &b), SG_OK);
        }
        nor_init(&nor, 4096, 4, 4);
        assert_int_equal(bf_journal_format(&journal, &nor.flash, initial, 2), SG_OK);
}

int rig_setup(void **state)
{
        (void)state;
        create();
        provision();
        slots_init(&nor.flash);
        vm_ask(update, VM_REQUEST_START);
        rig_work(update);
        rig_listen();
        return 0;
}

/* ---- Cores ---- */

static void park(struct vm *vm)
{
        vm->parked = vm->vcpu_count;
        for (unsigned i = 0; i < vm->vcpu_count; i++) {
                vm->vcpu[i].power = VCPU_OFF;
                vm->vcpu[i].parked = true;
        }
}

void rig_work(struct vm *vm)
{
        do {
                if (vm->requests & VM_REQUEST_STOP)
                        park(vm);
        } while (vm_work(vm));
        if (vm->vcpu[0].power == VCPU_ON_PENDING)
                vm->vcpu[0].power = VCPU_ON;
}

void rig_stop(struct vm *vm, enum sg_cause cause)
{
        vm_stop(vm, cause);
        assert_true(vm->requests & VM_REQUEST_STOP);
        rig_work(vm);
}

int64_t rig_call(struct vm *vm, uint64_t function, const uint64_t args[7])
{
        uint64_t *x = vm->vcpu[0].regs.x;

        x[0] = function;
        memcpy(&x[1], args, 7 * sizeof(x[0]));
        hypercall(&vm->vcpu[0]);
        return (int64_t)x[0];
}

/* ---- A start ---- */

struct bf_guest rig_state(const struct vm *vm)
{
        struct bf_guest g;
        bf_refused refused;

        assert_int_equal(boot_state_read(vm, &g, &refused), SG_OK);
        return g;
}

void rig_digest(const struct vm *vm, uint8_t slot, uint64_t words[4])
{
        struct bf_guest g = rig_state(vm);

        assert_true(slot < BF_SLOTS);
        for (size_t i = 0; i < 4; i++)
                words[i] = get_le64(g.slot[slot].digest + 8 * i);
}

int64_t rig_report(struct vm *vm)
{
        uint64_t d[4];

        rig_digest(vm, vm->slot, d);
        return CALL(vm, SG_HC_BOOT_REPORT, SG_OK, rig_state(vm).slot[vm->slot].counter, VM_RAM_BASE,
                    d[0], d[1], d[2], d[3]);
}

struct paddr rig_region(const struct vm *vm)
{
        return pa_add(vm->ram, vm->ram_size - 2 * SIZE_2M - vm->load_size);
}

bool rig_update_reaches(const struct vm *vm, uint64_t offset)
{
        uint64_t ipa = LOAD_WINDOW_BASE + vm->index * LOAD_WINDOW_SIZE + offset;
        uint64_t pa, attr;

        if (!fake_mmu_access(&update->stage2.pt, ipa, &pa, &attr))
                return false;
        assert_int_equal(pa, rig_region(vm).pa + offset);
        return true;
}

static void write_slot(const struct vm *vm)
{
        for (uint64_t offset = 0; offset < vm->load_size; offset += SIZE_2M)
                assert_true(rig_update_reaches(vm, offset));
        assert_true(rig_update_reaches(vm, vm->load_size - 1));
        fake_ram_write(rig_region(vm), SLOTS_BYTE(vm->slot), LOADED);
}

void rig_step(struct vm *vm, enum stage stage)
{
        switch (stage) {
        case WANTED:
                vm_ask(vm, VM_REQUEST_START);
                rig_work(vm);
                break;
        case BEGUN:
                assert_int_equal(CALL(update, SG_HC_LOAD_BEGIN, vm->index), SG_HC_OK);
                assert_int_equal(update->vcpu[0].regs.x[1], vm->slot);
                break;
        case LENT:
                rig_work(vm);
                assert_true(vm->lent);
                break;
        case WRITTEN:
                write_slot(vm);
                break;
        case ENDED:
                assert_int_equal(CALL(update, SG_HC_LOAD_END, vm->index, LOADED), SG_HC_OK);
                break;
        case ENTERED:
                rig_work(vm);
                assert_int_equal(vm->vcpu[0].power, VCPU_ON);
                break;
        case STARTED:
                assert_int_equal(rig_report(vm), SG_HC_OK);
                break;
        case NO_STAGE:
                break;
        }
}

void rig_start(struct vm *vm, enum stage last)
{
        for (unsigned s = WANTED; s <= last; s++)
                rig_step(vm, (enum stage)s);
}

void rig_stage_image(struct vm *vm)
{
        const uint64_t word = 0x0101010101010101 * (0x70u + vm->index);
        const uint64_t args[7] = {vm->index, 1, NEW_COUNTER, word, word, word, word};

        assert_int_equal(rig_call(update, SG_HC_SLOT_OPEN, args), SG_HC_OK);
        assert_int_equal(rig_call(update, SG_HC_STAGE, args), SG_HC_OK);
}
