// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/vm.h"

static bool is_maximum(enum sg_counter counter)
{
        return counter == SG_CNT_LATE_WORST_US;
}

uint64_t vm_counter(const struct vm *vm, enum sg_counter counter)
{
        uint64_t sum = 0;

        if (counter == SG_CNT_CONSOLE_DROPPED)
                return __atomic_load_n(&vm->output.dropped, __ATOMIC_RELAXED);
        if (counter == SG_CNT_DMA_FAULTS)
                return __atomic_load_n(&vm->dma_faults, __ATOMIC_RELAXED);
        for (unsigned i = 0; i < vm->vcpu_count; i++) {
                uint64_t n = __atomic_load_n(&vm->vcpu[i].counters[counter], __ATOMIC_RELAXED);

                if (!is_maximum(counter))
                        sum += n;
                else if (n > sum)
                        sum = n;
        }
        return sum;
}
