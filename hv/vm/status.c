// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/status.h"

#include "hv/core/log.h"
#include "hv/mm/heap.h"
#include "hv/vm/vm.h"

static char slot_letter(uint8_t slot)
{
        return slot == SG_SLOT_NONE ? '-' : (char)('a' + slot);
}

static void log_vm(struct vm *vm)
{
        struct life life;
        enum sg_cause stopped_by;
        uint8_t slot;

        spin_lock(&vm->lock);
        life = vm->life;
        stopped_by = vm->stop_cause;
        slot = vm->slot;
        spin_unlock(&vm->lock);
        hv_log("VM %s: %s, slot %c, restarts %u, last stop %s, exits %lu, beats %lu, lost %lu, "
               "worst %lu us",
               vm->desc->name, life_state_name(life.state), slot_letter(slot), life.restarts,
               life_cause_name(stopped_by), vm_counter(vm, SG_CNT_EXITS),
               vm_counter(vm, SG_CNT_TIMER), vm_counter(vm, SG_CNT_LATE_LOST),
               vm_counter(vm, SG_CNT_LATE_WORST_US));
}

void status_log(void)
{
        struct heap_use heap = heap_use();

        for (unsigned i = 0; i < VM_MAX; i++) {
                struct vm *vm = vm_by_index(i);

                if (vm)
                        log_vm(vm);
        }
        hv_log("memory: %zu of %zu bytes taken, %zu pages in use", heap.used, heap.size,
               heap.pages);
}
