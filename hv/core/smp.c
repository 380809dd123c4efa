// SPDX-License-Identifier: Apache-2.0
#include "hv/core/smp.h"

#include "hv/arch/boot.h"
#include "hv/arch/cpu.h"
#include "hv/core/panic.h"
#include "hv/core/percpu.h"
#include "hv/machine/gic.h"
#include "hv/machine/psci.h"
#include "hv/vm/run.h"
#include "hv/vm/timer.h"

#define START_TIMEOUT_MS 2000

static bool released;

void smp_start(void)
{
        /* Read by the new cores with their caches off. */
        cache_clean(&boot_mmu, sizeof(boot_mmu));
        cache_clean(hv_cpus, sizeof(hv_cpus));
        for (unsigned i = 1; i < cpu_count(); i++) {
                struct percpu *cpu = cpu_by_index(i);
                uint64_t deadline = timer_now() + timer_from_ms(START_TIMEOUT_MS);
                int64_t result = machine_cpu_on(cpu->mpidr, ptr_to_pa(secondary_entry).pa,
                                                ptr_to_pa(cpu).pa);

                if (result != 0)
                        refuse(SG_E_CORE_START, "core %u (mpidr %lx), PSCI error %ld", i,
                               cpu->mpidr, result);
                while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE))
                        if (timer_now() > deadline)
                                refuse(SG_E_CORE_START, "core %u (mpidr %lx) does not come", i,
                                       cpu->mpidr);
        }
}

_Noreturn void secondary_main(struct percpu *cpu)
{
        sg_err e = gic_cpu_init(cpu->index);

        if (e)
                panic("core %u: error %d: %s", cpu->index, e, sg_strerror(e));
        __atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
        while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE))
                __asm__ volatile("wfe");
        core_run();
}

void smp_release(void)
{
        __atomic_store_n(&released, true, __ATOMIC_RELEASE);
        dsb_sy();
        __asm__ volatile("sev");
}
