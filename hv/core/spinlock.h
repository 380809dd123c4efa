/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks: first come, first served, so that no core can starve another. EL2 runs with all
 * interrupts masked, so holding one needs no more than the lock itself. Locks are held for bounded,
 * short work only, never across the entry to a guest or a device's delay. Order, outermost first:
 * vm->lock, device, vgic, event queue, console ring.
 *
 * Portable: the pure parts use the same locks in the host tests.
 */
#ifndef HV_CORE_SPINLOCK_H
#define HV_CORE_SPINLOCK_H

#include <stdint.h>

struct spinlock {
        uint32_t next;
        uint32_t owner;
};

static inline void spin_lock(struct spinlock *l)
{
        uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
        /* Acquire: nothing that the lock guards is read before it is ours. */
        while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket) {
#ifdef __aarch64__
                __asm__ volatile("yield");
#endif
        }
}

static inline void spin_unlock(struct spinlock *l)
{
        /* Release: what was written under the lock is seen before the lock is seen free. */
        __atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

#endif
