/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's agent channel: a PL011 whose other end is update, by SG_HC_AGENT_READ and _WRITE. What
 * the guest writes waits in a ring; when it is full further bytes are dropped and counted.
 */
#ifndef HV_VDEV_AGENT_H
#define HV_VDEV_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "hv/vdev/ring.h"
#include "hv/vdev/vpl011.h"

#define AGENT_RING_SIZE 1024u

struct agent_ops {
        /* The guest ended a line or filled half the ring: update should read until it is empty. At
         * most once between two reads. On the vCPU's core, with the device's lock held. */
        void (*wrote)(void *ctx);
        void (*set_irq)(void *ctx, bool level);
};

struct agent {
        struct vpl011 uart;
        struct ring from_guest; /* producer: the guest, under uart.lock; consumer: update's core */
        uint8_t bytes[AGENT_RING_SIZE];
        uint64_t dropped; /* bytes that found the ring full */
        uint8_t told;     /* atomic: wrote() was called, and nothing read since */
        const struct agent_ops *ops;
        void *ctx;
};

void agent_init(struct agent *agent, const struct agent_ops *ops, void *ctx);

/* Any core, while the VM is stopped. What the old run wrote can still be read, and ends with LF. */
void agent_reset(struct agent *agent);

/* On update's core. Return the bytes moved, 0 when there are none or there is no room. */
size_t agent_read(struct agent *agent, uint8_t *bytes, size_t size);
size_t agent_write(struct agent *agent, const uint8_t *bytes, size_t size);

#endif
