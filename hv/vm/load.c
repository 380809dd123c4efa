// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/load.h"

#include <string.h>

#include "hv/arch/cpu.h"
#include "hv/core/ipi.h"
#include "hv/core/log.h"
#include "hv/core/panic.h"
#include "hv/core/percpu.h"
#include "hv/machine/pci.h"
#include "hv/mm/window.h"
#include "hv/vm/dma.h"
#include "hv/vm/events.h"
#include "hv/vm/run.h"
#include "hv/vm/slots.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

#define LOAD_END_GAP (BOOTFW_DTB_SIZE + BOOTFW_REGION_SIZE) /* between load region and top */

/* update's stage 2, which is changed on the cores of those that lend and on its own. */
static struct spinlock lend_lock;

static uint64_t load_offset(const struct vm *vm)
{
        return vm->ram_size - LOAD_END_GAP - vm->load_size;
}

static struct ipaddr load_window(const struct vm *vm)
{
        return ipa_make(LOAD_WINDOW_BASE + vm->index * LOAD_WINDOW_SIZE);
}

/* Between pieces of long work for a VM on its own core: false when it was asked to stop. */
static bool may_go_on(void *ctx)
{
        const struct vm *vm = ctx;

        core_poll();
        return !(__atomic_load_n(&vm->requests, __ATOMIC_ACQUIRE) & VM_REQUEST_STOP);
}

static void scrub_piece(void *ctx, uint8_t *p, uint64_t offset, uint64_t size)
{
        (void)ctx;
        (void)offset;
        zero_pages(p, size);
        cache_clean_invalidate(p, size);
}

/* Nothing of the last run is left, in memory or in translations. */
static bool scrub(struct vm *vm)
{
        tlb_flush_guest_all(stage2_vttbr(&vm->stage2));
        return window_each(vm->ram, vm->ram_size, scrub_piece, may_go_on, vm);
}

static bool lend(struct vm *vm)
{
        sg_err e;

        spin_lock(&lend_lock);
        e = stage2_map(&vm_update()->stage2, load_window(vm), pa_add(vm->ram, load_offset(vm)),
                       vm->load_size, STAGE2_DATA);
        vm->lent = !e;
        spin_unlock(&lend_lock);
        if (e)
                hv_log("VM %s: cannot lend its load region: error %d: %s", vm->desc->name, e,
                       sg_strerror(e));
        return !e;
}

bool load_withdraw(struct vm *vm)
{
        struct stage2 *s2 = &vm_update()->stage2;
        struct pgtable_change change;
        bool lent;
        sg_err e;

        spin_lock(&lend_lock);
        lent = vm->lent;
        if (lent) {
                e = stage2_prepare_unmap(s2, &change, load_window(vm), vm->load_size);
                if (e)
                        panic("withdrawing a load region: error %d", e);
                stage2_commit(s2, &change);
                vm->lent = false;
        }
        spin_unlock(&lend_lock);
        return lent;
}

static void tell_lent(const struct vm *vm)
{
        event_send(SG_EV_LOADABLE, vm->index, load_window(vm).ipa, vm->load_size);
}

/* vm->lock held. false: another load was first. The limit that is left is for the wait before; this
 * load gets its own. */
static bool begin(struct vm *vm)
{
        if (vm->life.state != SG_VM_STOPPED)
                return false;
        vm_move(vm, SG_VM_LOADING, SG_CAUSE_NONE);
        vm->deadline = 0;
        vm->loads++;
        return true;
}

/* vm->lock held, nothing else asked of the VM. */
static int64_t begin_or_tell(struct vm *vm)
{
        if (vm->lent) {
                /* The event that told so was lost with others: SG_EV_OVERFLOW. */
                tell_lent(vm);
                return SG_HC_OK;
        }
        if (vm->slot == SG_SLOT_NONE || !begin(vm))
                return SG_HC_BAD_STATE;
        vm->requests |= VM_REQUEST_SCRUB;
        ipi_kick(vm_boot_core(vm));
        return SG_HC_OK;
}

int64_t load_begin(struct vm *vm, uint8_t *slot)
{
        int64_t result;

        spin_lock(&vm->lock);
        result = vm->requests ? SG_HC_BAD_STATE : begin_or_tell(vm);
        *slot = vm->slot;
        spin_unlock(&vm->lock);
        return result;
}

void load_scrub_and_lend(struct vm *vm)
{
        vm_limit_start(vm);
        if (!scrub(vm))
                return;
        if (!lend(vm)) {
                vm_stop(vm, SG_CAUSE_LOAD_FAILED);
                return;
        }
        tell_lent(vm);
}

static void clean_piece(void *ctx, uint8_t *p, uint64_t offset, uint64_t size)
{
        (void)ctx;
        (void)offset;
        cache_clean_invalidate(p, size);
}

static bool poll_between(void *ctx)
{
        (void)ctx;
        core_poll();
        return true;
}

/* Until this move a deadline is held against the load; from then on, with a limit of its own,
 * against the image. */
static bool to_verifying(struct vm *vm, uint32_t load, uint64_t loaded)
{
        bool ok;

        spin_lock(&vm->lock);
        ok = vm->life.state == SG_VM_LOADING && vm->loads == load && !vm->requests;
        if (ok) {
                vm_move(vm, SG_VM_VERIFYING, SG_CAUSE_NONE);
                vm->loaded = loaded;
                vm->deadline = 0;
                vm->requests |= VM_REQUEST_VERIFY;
        }
        spin_unlock(&vm->lock);
        return ok;
}

int64_t load_end(struct vm *vm, uint64_t loaded)
{
        uint32_t load;
        bool may;

        if (loaded == 0 || loaded > vm->desc->slot_size)
                return SG_HC_BAD_ARGUMENT;
        spin_lock(&vm->lock);
        may = vm->lent && !vm->requests;
        load = vm->loads;
        spin_unlock(&vm->lock);
        if (!may)
                return SG_HC_BAD_STATE;

        load_withdraw(vm);
        /* What update wrote stands in memory, where bootfw reads it with its caches off. */
        window_each(pa_add(vm->ram, load_offset(vm)), vm->load_size, clean_piece, poll_between,
                    NULL);
        /* Meanwhile its time may have been up, and another load may have begun. */
        if (!to_verifying(vm, load, loaded))
                return SG_HC_BAD_STATE;
        ipi_kick(vm_boot_core(vm));
        return SG_HC_OK;
}

int64_t load_abort(struct vm *vm, uint64_t error)
{
        uint8_t slot = vm->slot;

        if (!vm_stop_lent(vm, SG_CAUSE_LOAD_FAILED))
                return SG_HC_BAD_STATE;
        hv_log("VM %s: slot %u could not be read: error %lu", vm->desc->name, slot, error);
        load_withdraw(vm);
        return SG_HC_OK;
}

void load_withdraw_all(void)
{
        for (unsigned i = 0; i < VM_MAX; i++) {
                struct vm *vm = vm_by_index(i);

                if (vm && load_withdraw(vm))
                        vm_stop(vm, SG_CAUSE_RESTART);
        }
}

void load_fault(struct ipaddr ipa)
{
        /* What lies below the windows wraps to a number that no VM has. */
        uint64_t index = (ipa.ipa - LOAD_WINDOW_BASE) / LOAD_WINDOW_SIZE;
        struct vm *vm = vm_by_index((unsigned)index);

        if (!vm || vm == vm_update())
                return;
        spin_lock(&vm->lock);
        vm->load_faults++;
        spin_unlock(&vm->lock);
        event_send(SG_EV_LOAD_FAULT, vm->index, ipa.ipa, 0);
}

static void fill_info(const struct vm *vm, struct bootfw_info *info)
{
        const struct system_description *system = vm_system();
        uint64_t top = vm->ram_ipa.ipa + vm->ram_size;

        *info = (struct bootfw_info){
                .magic = BOOTFW_INFO_MAGIC,
                .key_count = system->key_count,
                .ram_base = vm->ram_ipa.ipa,
                .ram_size = vm->ram_size,
                .image = vm->ram_ipa.ipa + load_offset(vm),
                .image_size = vm->loaded,
                .dtb = top - LOAD_END_GAP,
                .dtb_size = BOOTFW_DTB_SIZE,
                .dtb_at_base = vm->desc->role == VM_ROLE_FIRMWARE,
        };
        memcpy(info->vendor_id, vm->desc->vendor_id, sizeof(info->vendor_id));
        memcpy(info->class_id, vm->desc->class_id, sizeof(info->class_id));
        for (unsigned i = 0; i < system->key_count; i++) {
                const struct image_key *key = &system->key[i];

                memcpy(info->key_hash[i], key->hash, sizeof(info->key_hash[i]));
                if (key->key.size) {
                        memcpy(info->key[i], key->key.data, key->key.size);
                        info->key_size[i] = (uint32_t)key->key.size;
                }
        }
}

static void power_on_boot_vcpu(struct vm *vm, uint64_t entry, uint64_t x0)
{
        vm->started_at = timer_now();
        spin_lock(&vm->lock);
        vcpu_power_on(&vm->vcpu[0], entry, x0);
        spin_unlock(&vm->lock);
}

void load_place_bootfw(struct vm *vm)
{
        const struct blob *bootfw = &vm_system()->bootfw;
        uint64_t region = vm->ram_size - BOOTFW_REGION_SIZE;
        struct bootfw_info info;

        vm_limit_start(vm);
        fill_info(vm, &info);
        window_write(pa_add(vm->ram, vm->ram_size - LOAD_END_GAP), vm->fdt, vm->fdt_size);
        window_write(pa_add(vm->ram, region), bootfw->data, bootfw->size);
        window_write(pa_add(vm->ram, region + BOOTFW_INFO_OFFSET), &info, sizeof(info));
        tlb_flush_guest_all(stage2_vttbr(&vm->stage2));
        icache_invalidate_all();
        power_on_boot_vcpu(vm, vm->ram_ipa.ipa + region,
                           vm->ram_ipa.ipa + region + BOOTFW_INFO_OFFSET);
}

static void keep_piece(void *ctx, uint8_t *p, uint64_t offset, uint64_t size)
{
        const struct vm *vm = ctx;

        memcpy((uint8_t *)pa_to_ptr(vm->resident.bytes) + offset, p, size);
}

bool load_has_resident(const struct vm *vm)
{
        return vm->resident.size && slots_is_resident(vm);
}

void load_keep_resident(struct vm *vm)
{
        if (!vm->desc->resident)
                return;
        window_each(pa_add(vm->ram, load_offset(vm)), vm->loaded, keep_piece, poll_between, vm);
        vm->resident.size = vm->loaded;
}

void load_resident(struct vm *vm)
{
        bool ok;

        spin_lock(&vm->lock);
        ok = begin(vm);
        spin_unlock(&vm->lock);
        vm_limit_start(vm);
        if (!ok || !scrub(vm))
                return;
        window_write(pa_add(vm->ram, load_offset(vm)), pa_to_ptr(vm->resident.bytes),
                     vm->resident.size);
        spin_lock(&vm->lock);
        vm->loaded = vm->resident.size;
        vm_move(vm, SG_VM_VERIFYING, SG_CAUSE_NONE);
        spin_unlock(&vm->lock);
        load_place_bootfw(vm);
}

static uint64_t now_us(void)
{
        return timer_now() / (timer_frequency() / 1000000);
}

void load_update(struct vm *vm)
{
        const struct blob *update = &vm_system()->update;
        uint64_t dtb = vm->ram_size - BOOTFW_DTB_SIZE;

        /* Its devices must not write into the RAM that is about to be filled. */
        dma_shut();
        if (vm->ecam)
                pci_reset_bus((uintptr_t)vm->ecam, now_us, core_poll);
        scrub(vm); /* it is STOPPED, so nobody asks for a stop */
        window_write(vm->ram, update->data, update->size);
        window_write(pa_add(vm->ram, dtb), vm->fdt, vm->fdt_size);
        icache_invalidate_all();
        dma_open();
        power_on_boot_vcpu(vm, vm->ram_ipa.ipa, vm->ram_ipa.ipa + dtb);
}
