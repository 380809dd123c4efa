/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of a virtio split virtqueue (VIRTIO 1.2, 2.7). Pure: it works on memory that
 * the caller gives and shares with the device, and never waits. What the device writes (the used
 * ring) is checked before it is believed.
 */
#ifndef UPDATER_EL1_VIRTQUEUE_H
#define UPDATER_EL1_VIRTQUEUE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

#define VIRTQUEUE_SIZE 16 /* descriptors; a power of two */

/* 2.7.5 */
struct vq_descriptor {
        uint64_t address;
        uint32_t length;
        uint16_t flags;
        uint16_t next;
};
static_assert(sizeof(struct vq_descriptor) == 16, "VIRTIO 1.2, 2.7.5");

/* 2.7.6 */
struct vq_available {
        uint16_t flags;
        uint16_t index;
        uint16_t ring[VIRTQUEUE_SIZE];
        uint16_t used_event;
};
static_assert(offsetof(struct vq_available, ring) == 4, "VIRTIO 1.2, 2.7.6");

/* 2.7.8 */
struct vq_used_element {
        uint32_t id;
        uint32_t length;
};
struct vq_used {
        uint16_t flags;
        uint16_t index;
        struct vq_used_element ring[VIRTQUEUE_SIZE];
        uint16_t available_event;
};
static_assert(sizeof(struct vq_used_element) == 8, "VIRTIO 1.2, 2.7.8");
static_assert(offsetof(struct vq_used, ring) == 4, "VIRTIO 1.2, 2.7.8");

/* What the device sees; each part aligned as 2.7 asks. */
struct vq_memory {
        struct vq_descriptor descriptors[VIRTQUEUE_SIZE] __attribute__((aligned(16)));
        struct vq_available available __attribute__((aligned(2)));
        struct vq_used used __attribute__((aligned(4)));
};

struct virtqueue {
        struct vq_memory *memory;
        uint16_t free_head;
        uint16_t free_count;
        uint16_t available_index;
        uint16_t used_index;                  /* of the next element to take */
        uint16_t chain[VIRTQUEUE_SIZE];       /* the driver's own copy of the links */
        uint8_t chain_length[VIRTQUEUE_SIZE]; /* by head; 0: not with the device */
};

struct vq_buffer {
        uint64_t address;
        uint32_t length;
        bool device_writes;
};

/* Empties the queue and its memory. */
void virtqueue_init(struct virtqueue *queue, struct vq_memory *memory);

/*
 * Hands a chain of buffers to the device, those that it reads first; *head then names the chain.
 * The caller notifies the device. SG_E_NO_MEMORY: not that many descriptors are free.
 */
sg_err virtqueue_add(struct virtqueue *queue, const struct vq_buffer *buffers, unsigned count,
                     uint16_t *head);

/*
 * Takes back the next chain that the device is done with. *done is false when there is none.
 * SG_E_DISK_PROTOCOL: the device named a chain that it did not have, or gave back more than it got;
 * it must be reset.
 */
sg_err virtqueue_take(struct virtqueue *queue, bool *done, uint16_t *head);

#endif
