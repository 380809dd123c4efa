// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fake_arch/fake_vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/random.h"
#include "hv/vm/timer.h"

struct fake_system fake;
unsigned fake_errands;

static const uint8_t vendor[16] = "vendor";
static const uint8_t class_rt[16] = "class of rt";
static const uint8_t class_personal[16] = "class of pers.";

void fake_system_reset(void)
{
        memset(&fake, 0, sizeof(fake));
        fake.now = 1000;
        fake.random = 0x1111;
        fake.desc[FAKE_UPDATE] = (struct vm_description){.index = 0,
                                                         .name = "update",
                                                         .role = VM_ROLE_UPDATE,
                                                         .cpus = 1,
                                                         .beat_limit_ms = 7000};
        fake.desc[FAKE_RT] = (struct vm_description){.index = 1,
                                                     .name = "rt",
                                                     .role = VM_ROLE_RTOS,
                                                     .cpus = 1,
                                                     .vendor_id = vendor,
                                                     .class_id = class_rt,
                                                     .tries = 3,
                                                     .interrupted = 10};
        fake.desc[FAKE_PERSONAL] = fake.desc[FAKE_RT];
        fake.desc[FAKE_PERSONAL].index = 2;
        fake.desc[FAKE_PERSONAL].name = "personal";
        fake.desc[FAKE_PERSONAL].role = VM_ROLE_LINUX;
        fake.desc[FAKE_PERSONAL].class_id = class_personal;
        fake.desc[FAKE_PERSONAL].cpus = 2;
        fake.desc[FAKE_PERSONAL].agent = true;
        for (unsigned i = 0; i < FAKE_VMS; i++) {
                struct vm *vm = &fake.vm[i];

                vm->desc = &fake.desc[i];
                vm->index = i;
                vm->ram_ipa = ipa_make(VM_RAM_BASE);
                vm->ram_size = 16 * SIZE_2M;
                vm->slot = SG_SLOT_NONE;
                vm->vcpu = fake.vcpu[i];
                vm->vcpu_count = vm->desc->cpus;
                vm->life.state = SG_VM_RUNNING;
                for (unsigned n = 0; n < vm->vcpu_count; n++) {
                        vm->vcpu[n].vm = vm;
                        vm->vcpu[n].index = n;
                        vm->vcpu[n].cpu = 2 * i + n;
                }
                vm->vcpu[0].power = VCPU_ON;
        }
}

struct vm *vm_by_index(unsigned index)
{
        return index < FAKE_VMS ? &fake.vm[index] : NULL;
}

struct vm *vm_update(void)
{
        return &fake.vm[FAKE_UPDATE];
}

uint64_t vm_counter(const struct vm *vm, enum sg_counter counter)
{
        return vm->vcpu[0].counters[counter];
}

size_t agent_write(struct agent *agent, const uint8_t *bytes, size_t size)
{
        (void)agent;
        memcpy(fake.agent_bytes, bytes, size);
        fake.agent_count = size;
        fake.calls++;
        return size;
}

size_t agent_read(struct agent *agent, uint8_t *bytes, size_t size)
{
        size_t n = fake.agent_said ? strlen(fake.agent_said) : 0;

        (void)agent;
        fake.calls++;
        if (n > size)
                n = size;
        if (n > 0)
                memcpy(bytes, fake.agent_said, n);
        return n;
}

void vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
        vcpu->power = VCPU_ON_PENDING;
        vcpu->entry = entry;
        vcpu->context = context;
}

void vcpu_power_off(struct vcpu *vcpu)
{
        vcpu->power = VCPU_OFF;
}

void ipi_kick(unsigned cpu)
{
        __atomic_fetch_add(&fake.kicks[cpu], 1, __ATOMIC_RELAXED);
}

/* Any thread may be the housekeeping core, one at a time. */
void housekeeping_call(void (*fn)(void *arg), void *arg)
{
        static struct spinlock one_core;

        spin_lock(&one_core);
        fake_errands++;
        fn(arg);
        spin_unlock(&one_core);
}

void hv_log(const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        vsnprintf(fake.log, sizeof(fake.log), fmt, args);
        va_end(args);
        if (fake.on_log)
                fake.on_log(fake.log);
}

uint64_t random_u64(void)
{
        return fake.random++;
}

uint64_t timer_now(void)
{
        return fake.now;
}

uint64_t timer_from_ms(uint64_t ms)
{
        return ms;
}

void vgic_set_level(struct vgic *vgic, unsigned intid, bool level)
{
        (void)vgic;
        if (intid == 32 + SG_UPDATE_SPI)
                fake.level = level;
}
